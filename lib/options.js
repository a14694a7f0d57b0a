'use strict'

// Checks the arguments of `serverListen` and fills in the defaults, which index.d.ts documents.

const { invalidType, outOfRange } = require('./errors.js')

const PORT_DEFAULT = 8000
const PORT_MAX = 65535
const BACKLOG_DEFAULT = 1024
const BACKLOG_MAX = 2 ** 31 - 1

function checkArguments(portOrOptions, handler) {
  const options = typeof portOrOptions === 'number' ? { port: portOrOptions } : portOrOptions
  if (options === null || typeof options !== 'object') {
    throw invalidType('port | options', 'of type number or an object', portOrOptions)
  }
  if (typeof handler !== 'function') throw invalidType('handler', 'of type function', handler)
  const checked = {
    host: string(options, 'host'),
    port: integer(options, 'port', PORT_DEFAULT, 0, PORT_MAX),
    path: string(options, 'path'),
    backlog: integer(options, 'backlog', BACKLOG_DEFAULT, 1, BACKLOG_MAX),
    reusePort: boolean(options, 'reusePort'),
    ipv6Only: boolean(options, 'ipv6Only'),
    bigint: boolean(options, 'bigint'),
    signal: signal(options),
    onError: callback(options, 'onError')
  }
  return checked
}

function integer(options, name, fallback, min, max) {
  const value = options[name]
  if (value === undefined) return fallback
  if (typeof value !== 'number') throw invalidType(`options.${name}`, 'of type number', value)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(`options.${name}`, `an integer >= ${min} and <= ${max}`, value)
  }
  return value
}

function string(options, name) {
  const value = options[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') {
    throw invalidType(`options.${name}`, 'a string that is not empty', value)
  }
  return value
}

function boolean(options, name) {
  const value = options[name]
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw invalidType(`options.${name}`, 'of type boolean', value)
  return value
}

function signal(options) {
  const value = options.signal
  if (value === undefined) return undefined
  if (value === null || typeof value !== 'object' || !('aborted' in value)) {
    throw invalidType('options.signal', 'an instance of AbortSignal', value)
  }
  return value
}

function callback(options, name) {
  const value = options[name]
  if (value === undefined) return undefined
  if (typeof value !== 'function') throw invalidType(`options.${name}`, 'of type function', value)
  return value
}

module.exports = { checkArguments }
