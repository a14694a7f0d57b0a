'use strict'

// What a client is told when the handler throws, rejects, or returns something that is no integer.

const MESSAGE_LENGTH_MAX = 1024
const FAILED = { status: 500, message: 'The handler failed.', isFault: true }

// The http-errors convention: `statusCode` (or `status`) from 400 to 599 is the answer's status, and the message is
// for the client's eyes below 500 or where `expose` is true. Such an error below 500 is an answer, not a fault. Where it
// has no message to show, the engine answers with what its status is called.
function errorAnswer(error) {
  try {
    if (error === null || typeof error !== 'object') return FAILED
    const status = error.statusCode ?? error.status
    if (!Number.isInteger(status) || status < 400 || status > 599) return FAILED
    const isFault = status >= 500
    const expose = typeof error.expose === 'boolean' ? error.expose : !isFault
    const message = expose ? textOf(error.message) : ''
    return { status, message: message === '' && isFault ? FAILED.message : message, isFault }
  } catch {
    // A getter that throws.
    return FAILED
  }
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

// What came, and for the usual mistakes what to do about it.
function received(value) {
  switch (typeof value) {
    case 'undefined': return 'undefined. Is a `return` missing?'
    case 'string': return 'a string. If it holds digits, convert it with Number() or BigInt().'
    case 'number': return `${value}.${adviceOn(value)}`
    case 'object':
      if (value === null) return 'null.'
      return Array.isArray(value) ? 'an array. Each call answers with a single integer.' : 'an object.'
    default: return `a ${typeof value}.`
  }
}

function adviceOn(number) {
  if (Number.isNaN(number)) return ' Something in the calculation was undefined, or a promise without `await`.'
  if (Number.isInteger(number)) return ' Beyond Number.MAX_SAFE_INTEGER only a bigint is exact: return one.'
  return Number.isFinite(number) ? ' Round it, with Math.round() for example.' : ''
}

module.exports = { errorAnswer, notAnInteger }
