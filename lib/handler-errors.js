'use strict'

// What a client is told when the handler throws, rejects, or returns something that is no integer.

const MESSAGE_LENGTH_MAX = 1024
const FAILED = { status: 500, message: 'The handler failed.', isFault: true }

// The http-errors convention: `statusCode` (or `status`) from 400 to 599 is the answer's status, and the message is
// for the client's eyes below 500 or where `expose` is true. Such an error below 500 is an answer, not a fault.
function errorAnswer(error) {
  try {
    if (error === null || typeof error !== 'object') return FAILED
    const status = error.statusCode ?? error.status
    if (!Number.isInteger(status) || status < 400 || status > 599) return FAILED
    const expose = typeof error.expose === 'boolean' ? error.expose : status < 500
    const message = expose ? String(error.message).slice(0, MESSAGE_LENGTH_MAX) : ''
    return { status, message: message || FAILED.message, isFault: status >= 500 }
  } catch {
    // A getter that throws, a message that is no string.
    return FAILED
  }
}

function notAnInteger(value) {
  const error = new TypeError(
    `The handler must return an integer (a safe number or a bigint) or a promise of one. It returned ${received(value)}.`
  )
  error.code = 'ERR_INVALID_RETURN_VALUE'
  return error
}

// What came, and for the usual mistakes what to do about it.
function received(value) {
  if (value === undefined) return 'undefined: a `return` is missing'
  if (typeof value === 'string') return 'string: Number() or BigInt() makes an integer of digits'
  if (Array.isArray(value)) return 'array: there is one integer an answer'
  if (typeof value !== 'number') return value === null ? 'null' : typeof value
  if (Number.isInteger(value)) return `${value}: beyond Number.MAX_SAFE_INTEGER only a bigint is exact`
  if (Number.isNaN(value)) return 'NaN: something in it is undefined, or a promise without `await`'
  return Number.isFinite(value) ? `${value}: Math.round() makes an integer of it` : String(value)
}

module.exports = { errorAnswer, notAnInteger }
