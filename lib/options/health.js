'use strict'

// The option `health`: the path at which clients ask for the server's health.

const { invalidType, invalidValue } = require('../errors.js')

// Characters that need no encoding, so that there is one spelling of each path.
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
