'use strict'

// What a client is answered when a function throws, rejects, or returns something other than an integer.

const { inspect } = require('node:util')
const { fieldsOf } = require('./reply.js')

const MESSAGE_LENGTH_MAX = 1024
const BRIEFLY = { depth: 0, maxStringLength: 64 }

// Follows the http-errors convention. `statusCode` (or `status`) from 400 to 599 is the answer's status. The client
// sees the message if the status is below 500; `expose` overrides this. An error below 500 is an answer, not a fault.
// If there is no message to show, the engine answers with the name of the status.
//
// `fn` is the function's entry in the table. The error's `headers` become the answer's `fields` only if there is an
// entry: a plain function answers with a status and a message alone. `fault` is what `onError` gets for a fault: the
// error itself, or what is wrong with its status or its headers.
function errorAnswer(error, fn) {
  const failed = { status: 500, message: 'The function failed.', isFault: true, fields: undefined, fault: error }
  try {
    if (error === null || typeof error !== 'object') return failed
    const status = error.statusCode ?? error.status
    if (fn !== undefined && isNoStatus(status)) return { ...failed, fault: wrongError(fn, wrongStatus(status), error) }
    if (!Number.isInteger(status) || status < 400 || status > 599) return failed
    const isFault = status >= 500
    const expose = typeof error.expose === 'boolean' ? error.expose : !isFault
    const message = expose ? textOf(error.message) : ''
    const shown = message === '' && isFault ? failed.message : message
    const answer = { status, message: shown, isFault, fields: undefined, fault: error }
    return fn === undefined ? answer : withFields(answer, fn, error, failed)
  } catch {
    // A getter of the error threw.
    return failed
  }
}

// Returns `failed` if the headers are not valid in HTTP.
function withFields(answer, fn, error, failed) {
  const { headers } = error
  try {
    return { ...answer, fields: fieldsOf(headers) }
  } catch ({ message }) {
    const why = message.replace('options.headers', 'headers')
    return { ...failed, fault: wrongError(fn, `whose \`headers\` are wrong. ${why}`, error) }
  }
}

function isNoStatus(status) {
  return status !== undefined && status !== null && !Number.isInteger(status)
}

function wrongStatus(status) {
  const digits = typeof status === 'string' && /^[45]\d\d$/.test(status) ? ` Write ${status} without quotes.` : ''
  return `whose status is ${inspect(status, BRIEFLY)}, which is not an integer.${digits}`
}

function wrongError({ name }, what, cause) {
  const error = new TypeError(`${name} threw an error ${what}`, { cause })
  error.code = 'ERR_INVALID_ARG_VALUE'
  return error
}

function textOf(message) {
  return typeof message === 'string' && message.trim() !== '' ? message.slice(0, MESSAGE_LENGTH_MAX) : ''
}

function notAnInteger(value) {
  const error = new TypeError(
    `The handler must return an integer, as a number or a bigint, or a promise of one. It returned ${received(value)}`
  )
  error.code = 'ERR_INVALID_RETURN_VALUE'
  return error
}

// What was returned, with advice on the usual mistakes.
function received(value) {
  switch (typeof value) {
    case 'undefined': return 'undefined. Is a `return` missing?'
    case 'string': return 'a string. If it holds digits, convert it with Number() or BigInt().'
    case 'number': return `${value}.${adviceOnNumber(value)}`
    case 'object':
      if (value === null) return 'null.'
      return Array.isArray(value) ? 'an array. Each call answers with a single integer.' : 'an object.'
    default: return `a ${typeof value}.`
  }
}

function adviceOnNumber(number) {
  if (Number.isNaN(number)) return ' It comes from undefined, from a promise without `await`, or from 0 / 0.'
  if (Number.isInteger(number)) return ' Beyond Number.MAX_SAFE_INTEGER only a bigint is exact: return one.'
  return Number.isFinite(number) ? ' Round it, with Math.round() for example.' : ''
}

module.exports = { adviceOnNumber, errorAnswer, notAnInteger }
