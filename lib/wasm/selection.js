'use strict'

// Selects the exported functions to serve: the ones that are named, or all except the compiler's own. If one of them
// cannot be served, says why and what to do.

const { invalidArgument, invalidType } = require('../errors.js')
const { didYouMean } = require('../unknown-options.js')
const { whyUnfit } = require('./declarations.js')

// The most names in a message, and the most characters of a name.
const NAMES_MAX = 10
const NAME_LENGTH_MAX = 64

// The entry of a WASI command, and the name that AssemblyScript can give to a module's top level.
const PROGRAM = '_start'

// Compilers export these for code that links the module or passes it structures. They allocate memory, free memory in
// use, or move the stack, so clients must not call them.
const COMPILERS_OWN = /^(?:__|_?emscripten_|dynCall_|asyncify_|cabi_)/
const COMPILERS_OWN_NAMES = new Set([
  'malloc', 'calloc', 'realloc', 'free', 'memalign', 'aligned_alloc', 'posix_memalign',
  'stackSave', 'stackRestore', 'stackAlloc', 'setThrew', 'setTempRet0', 'getTempRet0'
])

const HOW_TO_EXPORT =
  'In C one is exported by -Wl,--export=sum, or by __attribute__((export_name("sum"))); in Rust by #[unsafe(no_mangle)] ' +
  'pub extern "C" fn, in a cdylib; in AssemblyScript by `export function`.'
const AS_LIBRARY =
  'Build it as a library, as by -Wl,--no-entry, by -mexec-model=reactor for WASI, or by --exportStart _initialize of ' +
  'AssemblyScript. '

// `only`: names of functions, without duplicates.
function checkNames(names, place) {
  if (!Array.isArray(names)) throw invalidType(place, 'an array of names', names)
  const wrong = names.findIndex((name) => typeof name !== 'string')
  if (wrong !== -1) throw invalidType(`${place}[${wrong}]`, 'of type string', names[wrong])
  if (names.length === 0) throw invalidArgument(`${place} has no name in it. Without it all functions are served.`)
  return [...new Set(names)]
}

// The functions named in `only`; all except the compiler's own if it is undefined. Throws if one of them cannot be
// served.
function selectExports(exported, only) {
  if (exported.length === 0) throw invalidArgument(`The WebAssembly module exports no function. ${HOW_TO_EXPORT}`)
  const chosen = only === undefined ? exported.filter(isOwn) : only.map((name) => find(exported, name))
  if (chosen.length === 0) throw invalidArgument(nothingButTheCompilers(exported))
  const whys = chosen.map(({ name, type }) => ({ name, why: whyNot(name, type) }))
  const unfit = whys.filter(({ why }) => why !== undefined)
  if (unfit.length === 0) return chosen
  const [{ name, why }, ...others] = unfit
  const also = others.length === 0 ? '' : `, and ${others.length} more can't, either`
  const cure = name === PROGRAM ? AS_LIBRARY : ''
  throw invalidArgument(`The export ${quoted(name)} can't be served: ${why}${also}. ${cure}${cureOf(exported)}`)
}

// Whether the function is the module's own and not the compiler's.
function isOwn({ name }) {
  return !COMPILERS_OWN.test(name) && !COMPILERS_OWN_NAMES.has(name)
}

function nothingButTheCompilers(exported) {
  return `The WebAssembly module exports no function except its compiler's: ${listOf(exported.map(({ name }) => name))}. ` +
    `The option \`only\` names functions to serve all the same. ${HOW_TO_EXPORT}`
}

function whyNot(name, type) {
  return name === PROGRAM ? 'it is a program, which runs once and has ended then' : whyUnfit(name, type)
}

function find(exported, name) {
  const found = exported.find((each) => each.name === name)
  if (found !== undefined) return found
  const names = exported.map((each) => each.name)
  const advice = didYouMean(name, names, quoted) ?? `It exports ${listOf(names)}.`
  throw invalidArgument(`The WebAssembly module exports no function ${quoted(name)}. ${advice}`)
}

function cureOf(exported) {
  const fit = exported.filter(({ name, type }) => whyNot(name, type) === undefined)
  if (fit.length === 0) return 'Nor can any other export.'
  const own = fit.filter(isOwn)
  const names = (own.length === 0 ? fit : own).map(({ name }) => name)
  return `The option \`only\` names the functions to serve; these can be served: ${listOf(names)}.`
}

function listOf(names) {
  const listed = names.slice(0, NAMES_MAX).map(cut).join(', ')
  return names.length > NAMES_MAX ? `${listed} and ${names.length - NAMES_MAX} more` : listed
}

function quoted(name) {
  return JSON.stringify(cut(name))
}

function cut(name) {
  return name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name
}

module.exports = { checkNames, selectExports, cut }
