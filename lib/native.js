'use strict'

// Loads the addon built for this platform when it is first needed, or explains what is missing and what to do.

const { existsSync } = require('node:fs')
const { basename, dirname, isAbsolute, join } = require('node:path')

const PLATFORMS = ['linux-x64', 'linux-arm64']

const ROOT = root()

const BUILD = `Build it with \`npx ringcall build\`, or \`npm run build\` in ${ROOT}; that needs Rust (https://rustup.rs).`
const UNBUNDLE = 'Mark ringcall as external, and install it where the bundle runs. esbuild: `--external:ringcall`; ' +
  "webpack: `externals: { ringcall: 'commonjs ringcall' }`; Rollup and Vite: `external: ['ringcall']`."

let loaded

// The folder of the package, or undefined if a bundler has moved this file into another one. The bundle is in another
// place or, as an ES module, has no `__filename`; webpack may keep the file's name without its folder.
function root() {
  if (typeof __filename !== 'string' || !isAbsolute(__filename)) return undefined
  const isItself = basename(__filename) === 'native.js' && basename(dirname(__filename)) === 'lib'
  return isItself ? join(__dirname, '..') : undefined
}

// Throws each time if there is no addon for this platform.
function loadNative() {
  const { native, error } = tryNative()
  if (error !== undefined) throw unavailable(error)
  return native
}

// The path of the addon, or null if the platform has none, and either the addon or the reason why it does not load: a
// word, a message and a cure. Never throws.
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
    return missing(null, 'ringcall is in a bundle, which cannot contain its addon.', { reason: 'other', cure: UNBUNDLE })
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

// Loading it may be forbidden rather than broken.
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

// Named like Rust's targets: Node.js itself has no word for the libc.
function binaryName(process = globalThis.process) {
  return `ringcall.${process.platform}-${process.arch}-${libc(process)}.node`
}

function libc(process) {
  try {
    const { report } = process
    // A report would otherwise resolve the names of both ends of every open connection, one after the other, and block
    // meanwhile.
    const { excludeNetwork } = report
    report.excludeNetwork = true
    try {
      return report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'
    } finally {
      report.excludeNetwork = excludeNetwork
    }
  } catch {
    // Deno without --allow-sys. Deno is built with glibc.
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
