'use strict'

// The option `openapi`: whether the description is served, and its texts besides the functions.

const { describe, invalidArgument, invalidType } = require('../errors.js')
const { refuseUnknown } = require('../unknown-options.js')

const OPENAPI = { whose: 'openapi', argument: 'options.openapi', expected: 'of type boolean or an object of options' }
const SERVER = { whose: 'openapi.servers', expected: 'a URL, or an object of one and its description' }
const SERVERS_MAX = 100

// False if it is not served; otherwise the texts that were passed.
function checkOpenapi(value = true) {
  if (value === false) return false
  if (value === true) return {}
  if (value === null || typeof value !== 'object') {
    const cure = typeof value === 'string' ? 'A title is an option: { title }.' : undefined
    throw invalidType(OPENAPI.argument, OPENAPI.expected, value, cure)
  }
  const { title, version, description, servers } = value
  const checked = {
    title: text(title, 'options.openapi.title'),
    version: text(version, 'options.openapi.version'),
    description: text(description, 'options.openapi.description'),
    servers: checkServers(servers)
  }
  refuseUnknown(value, Object.keys(checked), OPENAPI)
  return checked
}

function text(value, name) {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '') return value
  throw invalidType(name, 'a non-empty string', value, typeof value === 'number' ? 'Put it into quotes.' : undefined)
}

function checkServers(value) {
  if (value === undefined) return undefined
  const name = 'options.openapi.servers'
  if (!Array.isArray(value)) {
    const cure = typeof value === 'string' ? 'Put it into an array.' : undefined
    throw invalidType(name, "an array such as ['https://api.example']", value, cure)
  }
  if (value.length === 0 || value.length > SERVERS_MAX) {
    throw invalidArgument(`${name} must have from 1 to ${SERVERS_MAX} servers. Received ${value.length}.`)
  }
  return value.map((each, i) => checkServer(each, `${name}[${i}]`))
}

function checkServer(value, name) {
  const { url, description } = typeof value === 'string' ? { url: value } : Object(value)
  if (typeof url !== 'string') throw invalidType(name, SERVER.expected, value)
  // Absolute, or relative to the description.
  if (url === '' || /\s/.test(url) || !URL.canParse(url, 'http://localhost/')) {
    throw invalidArgument(`${name} must have a URL, such as 'https://api.example' or '/v1'. Received ${describe(url)}.`)
  }
  if (typeof value === 'string') return { url }
  refuseUnknown(value, ['url', 'description'], { ...SERVER, argument: name })
  return { url, ...(description !== undefined && { description: text(description, `${name}.description`) }) }
}

module.exports = { checkOpenapi }
