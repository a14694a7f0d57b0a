'use strict'

// Loads the addon that was built for this platform, or says what is missing and what to do.

const { existsSync } = require('node:fs')
const { join } = require('node:path')

function libc() {
  return process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'
}

function load() {
  if (process.platform !== 'linux') {
    throw unavailable(`io_uring exists on Linux only, and this is ${process.platform}.`, 'platform')
  }
  const name = `ringcall.${process.platform}-${process.arch}-${libc()}.node`
  const path = join(__dirname, '..', name)
  if (!existsSync(path)) {
    throw unavailable(
      `${name} is not there: build it with \`npm run build\` in ${join(__dirname, '..')}, which needs Rust ` +
        '(https://rustup.rs).',
      'platform'
    )
  }
  return require(path)
}

function unavailable(sentence, reason) {
  const error = new Error(`ringcall cannot run here. ${sentence}`)
  error.code = 'ERR_IO_URING_UNAVAILABLE'
  error.reason = reason
  return error
}

module.exports = load()
