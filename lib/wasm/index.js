'use strict'

// `fromWasm`: the exported functions of a WebAssembly module, declared by their types.
//
// V8 validates and compiles the module. sections.js reads the types from the bytes, because V8 does not expose them.
// All functions run in one instance and share its memory and globals, until a call throws.

const { invalidArgument, invalidType } = require('../errors.js')
const { declare } = require('../functions.js')
const { refuseUnknown } = require('../unknown-options.js')
const { checkNames, selectExports } = require('./selection.js')
const { declarationOf } = require('./declarations.js')
const { compile, importsOf, initializersOf, ownBytes } = require('./instance.js')
const { Instances } = require('./instances.js')
const { readLocalNames } = require('./names.js')
const { Unreadable } = require('./reader.js')
const { readExports } = require('./sections.js')

// An array has no members that a module could import, so this is a mistake.
const OPTIONS_ARE_LAST = "The option 'only' comes after the imports: fromWasm(bytes, {}, { only: ['sum'] })."

const OPTIONS = { whose: 'fromWasm', argument: 'options', expected: 'an object of options' }

// Returns a plain object of functions by name, as `typed` makes them.
function fromWasm(bytes, imports = {}, options = {}) {
  const own = ownBytes(bytes)
  if (imports === null || typeof imports !== 'object') {
    throw invalidType('imports', 'an object of modules, each an object of imports by their names', imports)
  }
  if (Array.isArray(imports.only)) throw invalidArgument(OPTIONS_ARE_LAST)
  const only = checkOptions(options)
  const module = compile(own)
  const exported = exportsOf(own)
  const initializers = initializersOf(exported)
  // Before any code of the module runs.
  const served = selectExports(exported.filter(({ name }) => !initializers.includes(name)), only)
  const names = localNamesOf(module, served)
  const instances = new Instances(module, importsOf(module, imports), initializers, served)
  return Object.fromEntries(served.map(({ name, index, type }, place) => (
    [name, declare(instances.functionAt(place), declarationOf(type, names.get(index)), name)]
  )))
}

// Returns `only`, which may be undefined.
function checkOptions(options) {
  if (options === null || typeof options !== 'object') throw invalidType(OPTIONS.argument, OPTIONS.expected, options)
  const { only } = options
  refuseUnknown(options, ['only'], OPTIONS)
  return only === undefined ? undefined : checkNames(only, 'options.only')
}

function exportsOf(bytes) {
  try {
    return readExports(bytes)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw invalidArgument(`The WebAssembly module ${error.message}.`)
  }
}

function localNamesOf(module, served) {
  const [section] = WebAssembly.Module.customSections(module, 'name')
  return section === undefined ? new Map() : readLocalNames(section, new Set(served.map(({ index }) => index)))
}

module.exports = { fromWasm }
