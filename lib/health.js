'use strict'

// The option `health`: the path at which clients ask how the server is, and what else may be there.

const { documentPathsOf } = require('./documents.js')
const { invalidType, invalidValue } = require('./errors.js')

// Of what need not be encoded, so that it is written in one way.
const PATH = /^\/[\w.~/-]{0,254}$/
const INTEGER = /^\/-?\d+$/
// No function's name has a dash.
const CURE = "Choose another path, such as '/health-check'."

function checkHealth(value) {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw invalidType('options.health', "a path such as '/livez'", value)
  if (PATH.test(value)) return value
  throw invalidValue(
    'options.health', "a path such as '/livez': a slash, and up to 254 letters, digits, slashes and -, ., _ or ~", value
  )
}

// What else requests for that path are for, in a sentence; nothing where they are for nothing else. `table` is plain
// data, as `transferableTable` makes it.
function conflictOf(table, options) {
  const { health } = options
  if (health === undefined) return undefined
  const at = `The option 'health' is ${JSON.stringify(health)},`
  if (documentPathsOf(table, options).includes(health)) {
    return `${at} where the description of the functions is. ${CURE}`
  }
  if (table.isPlain) return INTEGER.test(health) ? `${at} and the path of a call is an integer. ${CURE}` : undefined
  const [, first] = health.split('/')
  const isOfFunction = !table.isRoot && table.functions.some(({ name }) => name === first)
  return isOfFunction ? `${at} and there is a function of the name ${first}. ${CURE}` : undefined
}

module.exports = { checkHealth, conflictOf }
