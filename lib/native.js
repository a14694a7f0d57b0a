'use strict'

// Loads the addon that was built for this platform, when it is first needed, or says what is missing and what to do.

const { existsSync } = require('node:fs')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')
const PLATFORMS = ['linux-x64', 'linux-arm64']

let loaded

// Throws where there is no addon for this platform, each time.
function loadNative() {
  const { native, error } = tryNative()
  if (error !== undefined) throw unavailable(error)
  return native
}

// Where the addon is or should be, null where there can be none, and either the addon or why it does not load.
function tryNative() {
  loaded ??= load()
  return loaded
}

function load() {
  const platform = `${process.platform}-${process.arch}`
  if (process.platform !== 'linux') {
    const cure = 'Run on Linux, in a container for example.'
    return { path: null, error: { message: `io_uring exists on Linux only, and this is ${process.platform}.`, cure } }
  }
  if (!PLATFORMS.includes(platform)) {
    return { path: null, error: { message: `The addon is for x64 and arm64, and this is ${process.arch}.`, cure: 'Run on one of them.' } }
  }
  const name = binaryName()
  const path = join(ROOT, name)
  const cure = `Build it with \`npx ringcall build\`, or \`npm run build\` in ${ROOT}; that needs Rust (https://rustup.rs).`
  if (!existsSync(path)) return { path, error: { message: `${name} is not there.`, cure } }
  try {
    return { path, native: require(path) }
  } catch (cause) {
    return { path, error: { message: `${name} does not load: ${cause.message}`, cure, cause } }
  }
}

// Named as Rust's targets name the platform: Node.js itself has no word for the libc.
function binaryName({ platform, arch, report } = process) {
  return `ringcall.${platform}-${arch}-${libc(report)}.node`
}

function libc(report) {
  // A report otherwise looks up the names of both ends of every open connection, one after the other, and waits.
  const { excludeNetwork } = report
  report.excludeNetwork = true
  try {
    return report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'
  } finally {
    report.excludeNetwork = excludeNetwork
  }
}

function unavailable({ message, cure, cause }) {
  const error = new Error(`io_uring is not available here. ${message} ${cure}`, { cause })
  error.code = 'ERR_IO_URING_UNAVAILABLE'
  error.reason = 'platform'
  return error
}

module.exports = { binaryName, loadNative, tryNative }
