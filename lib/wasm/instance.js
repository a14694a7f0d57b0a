'use strict'

// Instantiates a WebAssembly module from bytes, or says why that is not possible.

const { types } = require('node:util')
const { invalidArgument, invalidType } = require('../errors.js')
const { IDENTIFIER } = require('../functions/signature.js')
const { cut } = require('./selection.js')

const MAGIC = '\0asm'
const TEXT_FORMAT = /^\s*(?:\(|;;)/
// The layer in a component's version field; in a module's it is 0.
const COMPONENT = 1
const LAYER_AT = 6
const START_LENGTH = 100

// How many imports a message names.
const IMPORTS_MAX = 10

// Functions that must run once before any other. The first that exists is used: the one of a WASI reactor, or the one
// that LLVM links without one. Clients cannot call them.
const INITIALIZERS = ['_initialize', '__wasm_call_ctors']

const NO_WASI =
  'It was built for WASI, which gives programs files and the like: build it without, as by the target ' +
  'wasm32-unknown-unknown of Rust, or by --target=wasm32 -nostdlib -Wl,--no-entry of clang.'

// A copy of the bytes, which the caller may change later.
function ownBytes(bytes) {
  if (types.isUint8Array(bytes)) return new Uint8Array(bytes)
  if (types.isAnyArrayBuffer(bytes)) return new Uint8Array(bytes).slice()
  throw invalidType('bytes', "a WebAssembly module's bytes, in a Uint8Array or an ArrayBuffer", bytes, cureOf(bytes))
}

function cureOf(value) {
  const isPlace = typeof value === 'string' || typeof value?.href === 'string'
  if (isPlace) return "Read the file: fromWasm(readFileSync('sum.wasm'))."
  if (typeof value?.then === 'function') return 'It is a promise: `await` it first.'
  if (Object.prototype.toString.call(value) !== '[object WebAssembly.Module]') return undefined
  return 'A WebAssembly.Module does not tell the types of its functions: pass the bytes that it was made of.'
}

function compile(bytes) {
  if (typeof WebAssembly === 'undefined') {
    throw invalidArgument('There is no WebAssembly here: Node.js was started with --jitless.')
  }
  refuseOtherFormats(bytes)
  try {
    return new WebAssembly.Module(bytes)
  } catch (cause) {
    throw because('The bytes are not a WebAssembly module that Node.js accepts', cause)
  }
}

function refuseOtherFormats(bytes) {
  const start = Buffer.from(bytes.buffer, 0, Math.min(bytes.length, START_LENGTH)).toString('latin1')
  if (start === '') {
    throw invalidArgument('There are no bytes. Is the file empty, or was their memory transferred away?')
  }
  if (TEXT_FORMAT.test(start)) {
    throw invalidArgument("It is WebAssembly's text format. Convert it to a module first, for example with wat2wasm.")
  }
  if (start.startsWith(MAGIC) && bytes[LAYER_AT] === COMPONENT) {
    throw invalidArgument(
      'It is a component, which Node.js does not run. `jco transpile` makes a JavaScript module of it, which can be served.'
    )
  }
}

// The module's imports, read once, so that each instance gets the same ones whatever happens to the object.
function importsOf(module, imports) {
  const own = { __proto__: null }
  const missing = []
  for (const each of WebAssembly.Module.imports(module)) {
    const value = memberOf(memberOf(imports, each.module), each.name)
    if (value === undefined) missing.push(each)
    else (own[each.module] ??= { __proto__: null })[each.name] = value
  }
  if (missing.length > 0) throw missingImports(missing)
  return own
}

// What every object, function or array inherits was not passed on purpose. Otherwise a module could import `Object`
// itself by the name `constructor`.
function memberOf(object, name) {
  if (Object(object) !== object) return undefined
  let holder = object
  while (holder !== null && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder)
  return holder === null || (holder !== object && isBuiltIn(holder)) ? undefined : object[name]
}

// Whether it is the prototype of all objects, functions or arrays of any realm.
function isBuiltIn(prototype) {
  return Object.hasOwn(prototype, 'hasOwnProperty') || typeof prototype === 'function' || Array.isArray(prototype)
}

// The exports of a new instance. Errors of imported functions are thrown unchanged.
function instantiate(module, imports) {
  return start('The WebAssembly module could not be started', () => new WebAssembly.Instance(module, imports)).exports
}

// The exported functions that only initialize the module.
function initializersOf(exported) {
  const isInitializer = ({ name, type: { parameters, results } }) => (
    INITIALIZERS.includes(name) && parameters.length === 0 && results.length === 0
  )
  return exported.filter(isInitializer).map(({ name }) => name)
}

function initialize(functions, initializers) {
  const name = INITIALIZERS.find((each) => initializers.includes(each))
  if (name !== undefined) start(`The WebAssembly module could not be started, as its ${name} failed`, functions[name])
}

function start(what, run) {
  try {
    return run()
  } catch (cause) {
    const { LinkError, RuntimeError } = WebAssembly
    if ([LinkError, RuntimeError, RangeError].some((each) => cause instanceof each)) throw because(what, cause)
    throw cause
  }
}

function because(what, cause) {
  const why = cause.message.replace(/^WebAssembly\.\w+\(\): /, '')
  return Object.assign(invalidArgument(`${what}: ${why}`), { cause })
}

function missingImports(missing) {
  const named = missing.slice(0, IMPORTS_MAX).map(({ module, name, kind }) => (
    `${cut(module)}.${cut(name)}${kind === 'function' ? '' : ` (a ${kind})`}`
  ))
  const others = missing.length > IMPORTS_MAX ? ` and ${missing.length - IMPORTS_MAX} more` : ''
  return invalidArgument(
    `The WebAssembly module has imports that were not passed: ${named.join(', ')}${others}. ${cureOfMissing(missing)}`
  )
}

function cureOfMissing(missing) {
  if (missing.some(({ module }) => module.startsWith('wasi_'))) return NO_WASI
  const [{ module, name }] = missing
  const cure = `JavaScript passes it as in fromWasm(bytes, { ${keyOf(module)}: { ${keyOf(name)}: … } }).`
  const isOfAssemblyScript = missing.length === 1 && module === 'env' && name === 'abort'
  return isOfAssemblyScript ? `${cure} AssemblyScript does without it by \`asc --use abort=\`.` : cure
}

function keyOf(name) {
  return IDENTIFIER.test(name) ? cut(name) : JSON.stringify(cut(name))
}

module.exports = { compile, importsOf, initialize, initializersOf, instantiate, ownBytes }
