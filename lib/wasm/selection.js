'use strict'

// Which of a WebAssembly module's exported functions are served: all of them but the compiler's own, or those that are
// named; and why they can't be, and what to do about it.

const { invalidArgument, invalidType } = require('../errors.js')
const { didYouMean } = require('../unknown-options.js')
const { whyUnfit } = require('./declarations.js')

// How many names a message has, and how many characters of one.
const NAMES_MAX = 10
const NAME_LENGTH_MAX = 64

// A WASI command, and what AssemblyScript makes of a module's top level by that name.
const PROGRAM = '_start'

// What compilers export of their own, for who links the module or passes it structures: it takes memory, frees what is in
// use, or moves the stack. Clients are not to call it.
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

// What `only` is: names of functions, each once.
function checkNames(names, place) {
  if (!Array.isArray(names)) throw invalidType(place, 'an array of names', names)
  const wrong = names.findIndex((name) => typeof name !== 'string')
  if (wrong !== -1) throw invalidType(`${place}[${wrong}]`, 'of type string', names[wrong])
  if (names.length === 0) throw invalidArgument(`${place} has no name in it. Without it all functions are served.`)
  return [...new Set(names)]
}

// Those that are named by `only`, or where that is undefined all but the compiler's own. Throws where one of them can't be
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

// Whether it is a function of the module's author.
function isOwn({ name }) {
  return !COMPILERS_OWN.test(name) && !COMPILERS_OWN_NAMES.has(name)
}

function nothingButTheCompilers(exported) {
  return `The WebAssembly module exports no function but its compiler's: ${listOf(exported.map(({ name }) => name))}. ` +
    `The option \`only\` names those that are to be served all the same. ${HOW_TO_EXPORT}`
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
  return `The option \`only\` names those that are to be served; these can be: ${listOf(names)}.`
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
