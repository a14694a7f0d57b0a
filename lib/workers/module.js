'use strict'

// Loads a module and finds its functions. Workers and `ringcall serve` load modules in this way.

const { readFileSync } = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { isClass } = require('../functions.js')
const { fromWasm } = require('../wasm/index.js')
const { loadError } = require('./load-errors.js')

const MODULE_HELP =
  'A module is a JavaScript file that exports a function, such as `module.exports = (n) => n + 1`, or functions by ' +
  'their names, such as `exports.sum = (a, b) => a + b`, where a default export goes before named ones; or a file of ' +
  'WebAssembly, whose name ends in .wasm.'

// Why an import never completes although nothing is left to run.
const NEVER_SETTLES =
  'its top-level await never settles, or one of its exports is named `then`, by which `import()` takes the module ' +
  'for a promise: give it another name.'

const TYPESCRIPT = /^Unknown file extension "\.[cm]?tsx?" for (.+)$/

// The file that `require` would load, also for a folder; undefined if there is none.
function resolveModule(file) {
  try {
    return require.resolve(path.resolve(file))
  } catch {
    return undefined
  }
}

// The exports of the module: an ES module's namespace, or a CommonJS module's `exports`. For a file of WebAssembly, the
// default export is an object of its functions, or of those that `only` names. Throws what the module throws.
// `neverSettles` is called when the event loop has nothing left to do but the import is not complete. The result is
// wrapped in an object, because an export named `then` would make a promise call it.
async function importModule(file, { only, neverSettles }) {
  if (file.endsWith('.wasm')) return { exports: { default: loadWasm(file, only) } }
  if (only !== undefined) {
    throw loadError(`${file} is JavaScript, and exports what is to be served: \`only\` is for files of WebAssembly.`)
  }
  process.once('beforeExit', neverSettles)
  try {
    const namespace = await import(pathToFileURL(file))
    const cached = require.cache[file]
    const isCommonJS = cached !== undefined && cached.exports === namespace.default
    return { exports: isCommonJS ? cached.exports : namespace }
  } catch (error) {
    throw refusedTypeScript(error) ?? error
  } finally {
    process.removeListener('beforeExit', neverSettles)
  }
}

function loadWasm(file, only) {
  const bytes = readFileSync(file)
  try {
    return fromWasm(bytes, {}, { only })
  } catch ({ message }) {
    throw loadError(`${file} cannot be served: ${message}`)
  }
}

// Of the module itself, or of a file that it imports.
function refusedTypeScript(error) {
  const [, file] = (error?.code === 'ERR_UNKNOWN_FILE_EXTENSION' && TYPESCRIPT.exec(error.message)) || []
  if (file === undefined) return undefined
  return loadError(
    `${file} cannot be loaded: Node.js ${process.version} does not run TypeScript. Node.js 22.18 or newer does. For this ` +
      "one compile it, or serve a CommonJS module that has tsx do so: require('tsx/cjs'); " +
      `module.exports = require(${JSON.stringify(`./${path.basename(file)}`)}).`
  )
}

// A function or an object of functions; undefined if there is none. `exports` is an ES module's namespace, or a
// CommonJS module's exports; in the latter, TypeScript and Babel put an ES module's default under `default`.
function functionsOf(exports) {
  if (typeof exports === 'function') return exports
  if (exports === null || typeof exports !== 'object') return undefined
  if (Object.hasOwn(exports, 'default')) return defaultOf(exports.default)
  // Perhaps an instance or an array. `tableOf` reports what is wrong with it.
  if (![null, Object.prototype].includes(Object.getPrototypeOf(exports))) return exports
  return namedOf(exports)
}

// The functions among the exports. The other exports are not served, but functions can reach them by `this`.
function namedOf(exports) {
  const functions = {}
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value === 'function' && !isClass(value)) functions[name] = value
    else Object.defineProperty(functions, name, { get: () => exports[name], set: (next) => (exports[name] = next) })
  }
  return Object.keys(functions).length === 0 ? undefined : functions
}

function defaultOf(value) {
  if (typeof value === 'function') return value
  const isSome = value !== null && typeof value === 'object' && Object.keys(value).length > 0
  // In a bundled compiled module, one default is nested in another.
  if (isSome && value.__esModule) return functionsOf(value)
  return isSome ? value : undefined
}

// Turns the message of `tableOf`, which is about an argument, into a sentence about the module.
function aboutModule(name, message) {
  const sentence = message
    .replace(/^The (?:"handler" argument|handler)/, 'what it exports')
    .replace(/^The "(functions\.[\w$]+)" argument/, '$1')
  return `${name} cannot be served: ${sentence}`
}

module.exports = { NEVER_SETTLES, MODULE_HELP, functionsOf, importModule, resolveModule, aboutModule }
