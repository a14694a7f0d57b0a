'use strict'

// Loads the addon that was built for this platform, or says what is missing and what to do.

const { existsSync } = require('node:fs')
const { join } = require('node:path')

function libc() {
  // A report otherwise looks up the names of both ends of every open connection, one after the other, and waits.
  const { report } = process
  const { excludeNetwork } = report
  report.excludeNetwork = true
  try {
    return report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'
  } finally {
    report.excludeNetwork = excludeNetwork
  }
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
