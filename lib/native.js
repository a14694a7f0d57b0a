'use strict'

// Loads the addon that was built for this platform, when it is first needed, or says what is missing and what to do.

const { existsSync } = require('node:fs')
const { basename, dirname, isAbsolute, join } = require('node:path')

const PLATFORMS = ['linux-x64', 'linux-arm64']

const ROOT = root()

const BUILD = `Build it with \`npx ringcall build\`, or \`npm run build\` in ${ROOT}; that needs Rust (https://rustup.rs).`
const UNBUNDLE = 'Mark ringcall as external, and install it where the bundle runs. esbuild: `--external:ringcall`; ' +
  "webpack: `externals: { ringcall: 'commonjs ringcall' }`; Rollup and Vite: `external: ['ringcall']`."

let loaded

// The folder of the package; nothing where a bundler has put this file into another one. That is in another place or, as
// an ES module, has no name for it, and webpack may give the name as it was, without the folder that it was in.
function root() {
  if (typeof __filename !== 'string' || !isAbsolute(__filename)) return undefined
  const isItself = basename(__filename) === 'native.js' && basename(dirname(__filename)) === 'lib'
  return isItself ? join(__dirname, '..') : undefined
}

// Throws where there is no addon for this platform, each time.
function loadNative() {
  const { native, error } = tryNative()
  if (error !== undefined) throw unavailable(error)
  return native
}

// Where the addon is or should be, null where there can be none, and either the addon or why it does not load: the reason
// in a word, a message and the cure. Never throws.
function tryNative() {
  loaded ??= load()
  return loaded
}

function load() {
  const { platform, arch } = process
  if (platform !== 'linux') {
    const cure = 'Run on Linux, in a container for example.'
    return missing(null, `io_uring exists on Linux only, and this is ${platform}.`, { cure })
  }
  if (!PLATFORMS.includes(`${platform}-${arch}`)) {
    return missing(null, `The addon is for x64 and arm64, and this is ${arch}.`, { cure: 'Run on one of them.' })
  }
  if (ROOT === undefined) {
    return missing(null, 'ringcall is in a bundle, and its addon cannot be.', { reason: 'other', cure: UNBUNDLE })
  }
  const name = binaryName()
  const path = join(ROOT, name)
  try {
    if (!existsSync(path)) return missing(path, `${name} is not there.`, { cure: BUILD })
    return { path, native: require(path) }
  } catch (cause) {
    const why = String(cause?.message ?? cause).replace(/\.?$/, '.')
    return missing(path, `${name} does not load: ${why}`, { ...cureOf(cause, path), cause })
  }
}

function missing(path, message, { reason = 'platform', cure, cause }) {
  return { path, error: { reason, message, cure, cause } }
}

// It may be forbidden rather than broken.
function cureOf(cause, path) {
  const { code, name } = cause ?? {}
  const flags = (cure) => ({ reason: 'other', cure })
  if (code === 'ERR_ACCESS_DENIED') return flags(`Start Node.js with --allow-fs-read=${path} and --allow-addons.`)
  if (code === 'ERR_DLOPEN_DISABLED') {
    return flags(`Start Node.js ${process.permission === undefined ? 'without --no-addons' : 'with --allow-addons'}.`)
  }
  if (name === 'NotCapable') return flags('Start Deno with --allow-read and --allow-ffi.')
  return { cure: BUILD }
}

// Named as Rust's targets name the platform: Node.js itself has no word for the libc.
function binaryName(process = globalThis.process) {
  return `ringcall.${process.platform}-${process.arch}-${libc(process)}.node`
}

function libc(process) {
  try {
    const { report } = process
    // A report otherwise looks up the names of both ends of every open connection, one after the other, and waits.
    const { excludeNetwork } = report
    report.excludeNetwork = true
    try {
      return report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'
    } finally {
      report.excludeNetwork = excludeNetwork
    }
  } catch {
    // Deno without --allow-sys, which is built with glibc.
    return 'gnu'
  }
}

function unavailable({ reason, message, cure, cause }) {
  const error = new Error(`io_uring is not available here. ${message} ${cure}`, { cause })
  error.code = 'ERR_IO_URING_UNAVAILABLE'
  error.reason = reason
  return error
}

module.exports = { ROOT, UNBUNDLE, binaryName, loadNative, tryNative }
