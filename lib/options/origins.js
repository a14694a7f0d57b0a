'use strict'

// The option `origins`: other sites whose pages may call the server.

const { invalidType, invalidValue, outOfRange } = require('../errors.js')

const ORIGINS_MAX = 1000
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#@\\\s*]+$/i

// `'*'`, or the origins as browsers write them: in lower case, without the default port, and with host names in ASCII.
function checkOrigins(value) {
  if (value === undefined || value === '*') return value
  if (!Array.isArray(value)) {
    const cure = typeof value === 'string' ? 'Put it into an array.' : undefined
    throw invalidType('options.origins', "an array such as ['https://a.example'], or '*' for all origins", value, cure)
  }
  if (value.length > ORIGINS_MAX) throw outOfRange('options.origins', `at most ${ORIGINS_MAX} origins`, value.length)
  return value.map((each, i) => checkOrigin(each, `options.origins[${i}]`))
}

function checkOrigin(value, name) {
  if (typeof value !== 'string') throw invalidType(name, "of type string, such as 'https://a.example'", value)
  if (!ORIGIN.test(value) || !URL.canParse(value)) {
    throw invalidValue(name, 'scheme://host or scheme://host:port, without a wildcard, a slash or a path', value)
  }
  const { protocol, host } = new URL(value)
  return `${protocol}//${host}`.toLowerCase()
}

module.exports = { checkOrigins }
