'use strict'

// A module's functions: what a module exports that is to be served. Workers and `ringcall serve` load modules so.

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

// Why an import has not come to an end, where nothing is left to do.
const NEVER_SETTLES =
  'its top-level await never settles, or one of its exports is named `then`, by which `import()` takes the module ' +
  'for a promise: give it another name.'

const TYPESCRIPT = /^Unknown file extension "\.[cm]?tsx?" for (.+)$/

// The file that `require` would take, of a folder, too; nothing where there is none.
function resolveModule(file) {
  try {
    return require.resolve(path.resolve(file))
  } catch {
    return undefined
  }
}

// What the module in that file exports: an ES module's namespace, or the `exports` of a CommonJS module. Of a file of
// WebAssembly the default export are its functions, of which `only` names those that are to be served. Throws what the
// module throws. `neverSettles` is called where the event loop has nothing left to do, and the import is not done. They
// come in an object: functions may have the name `then`, which a promise would call.
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

// Of the module itself, or of what it imports.
function refusedTypeScript(error) {
  const [, file] = (error?.code === 'ERR_UNKNOWN_FILE_EXTENSION' && TYPESCRIPT.exec(error.message)) || []
  if (file === undefined) return undefined
  return loadError(
    `${file} cannot be loaded: Node.js ${process.version} does not run TypeScript. Node.js 22.18 or newer does. For this ` +
      "one compile it, or serve a CommonJS module that has tsx do so: require('tsx/cjs'); " +
      `module.exports = require(${JSON.stringify(`./${path.basename(file)}`)}).`
  )
}

// One function or an object of them, and nothing where there is none. `exports` is an ES module's namespace or what a
// CommonJS module exports, where TypeScript and Babel put the default of an ES module inside.
function functionsOf(exports) {
  if (typeof exports === 'function') return exports
  if (exports === null || typeof exports !== 'object') return undefined
  if (Object.hasOwn(exports, 'default')) return defaultOf(exports.default)
  // An instance or an array, say: what is wrong with it is told with the rest.
  if (![null, Object.prototype].includes(Object.getPrototypeOf(exports))) return exports
  return namedOf(exports)
}

// The functions among them. The rest is not served, but is there where a function asks its `this`.
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
  // What a bundler makes of a compiled module has one default in another.
  if (isSome && value.__esModule) return functionsOf(value)
  return isSome ? value : undefined
}

// What `tableOf` says of the functions that it is passed, as a sentence about the module that exports them.
function aboutModule(name, message) {
  const told = message
    .replace(/^The (?:"handler" argument|handler)/, 'what it exports')
    .replace(/^The "(functions\.[\w$]+)" argument/, '$1')
  return `${name} cannot be served: ${told}`
}

module.exports = { NEVER_SETTLES, MODULE_HELP, functionsOf, importModule, resolveModule, aboutModule }
