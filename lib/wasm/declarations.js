'use strict'

// Declares a function of WebAssembly as `typed` would, or says why it cannot be served.

const { DECLARED_ARGUMENTS_MAX } = require('../limits.js')
const { isName } = require('../functions/signature.js')

// For each type, the type as an argument, and the type as a result and in the signature of the description. The ranges
// of `int32` and `float32` are checked when arguments are read; WebAssembly itself would wrap larger values.
const TYPES = {
  __proto__: null,
  i32: { argument: 'int32', result: 'int' },
  i64: { argument: 'int64', result: 'int64' },
  f32: { argument: 'float32', result: 'number' },
  f64: { argument: 'number', result: 'number' }
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

// The reason why it cannot be served, or undefined.
function whyUnfit(name, { parameters, results }) {
  if (!isName(name)) {
    return "a function's name has letters, digits, _ and $, does not begin with a digit, and is not __proto__"
  }
  const count = parameters.length
  if (count > DECLARED_ARGUMENTS_MAX) return `it takes ${count} arguments, and ${DECLARED_ARGUMENTS_MAX} is the most`
  const at = parameters.findIndex((type) => !(type in TYPES))
  if (at !== -1) return `its argument ${at + 1} is a ${parameters[at]}, and only i32, i64, f32 and f64 are supported`
  if (results.length > 1) return `it returns ${results.length} results, and one is the most`
  if (results.length === 1 && !(results[0] in TYPES)) {
    return `it returns a ${results[0]}, and only i32, i64, f32 and f64 are supported`
  }
  return undefined
}

// `locals` are the names of its arguments by position, as far as the module has them.
function declarationOf({ parameters, results }, locals) {
  const names = namesOf(parameters.length, locals)
  const result = results.length === 0 ? 'void' : TYPES[results[0]].result
  const listed = parameters.map((type, i) => `${names[i]}: ${TYPES[type].result}`)
  return {
    arguments: parameters.map((type, i) => ({ name: names[i], type: TYPES[type].argument, isOptional: false })),
    result,
    fewest: parameters.length,
    signature: `(${listed.join(', ')}) => ${result}`,
    deprecated: false
  }
}

// If a name is missing, taken, or not valid in a signature, the argument gets a letter by its position.
function namesOf(count, locals = new Map()) {
  const names = []
  for (let i = 0; i < count; i++) {
    const name = locals.get(i)
    names.push(name !== undefined && isName(name) && !names.includes(name) ? name : undefined)
  }
  return names.map((name, i) => {
    if (name !== undefined) return name
    let letter = LETTERS[i % LETTERS.length]
    while (names.includes(letter)) letter += '_'
    return (names[i] = letter)
  })
}

module.exports = { declarationOf, whyUnfit }
