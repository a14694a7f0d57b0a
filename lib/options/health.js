'use strict'

// The option `health`: the path at which clients ask how the server is, and what else may be there.

const { invalidType, invalidValue } = require('../errors.js')

// Of what need not be encoded, so that it is written in one way.
const PATH = /^\/[\w.~/-]{0,254}$/

function checkHealth(value) {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw invalidType('options.health', "a path such as '/livez'", value)
  if (PATH.test(value)) return value
  throw invalidValue(
    'options.health', "a path such as '/livez': a slash, and up to 254 letters, digits, slashes and -, ., _ or ~", value
  )
}

module.exports = { checkHealth }
