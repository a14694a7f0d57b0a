'use strict'

// The types of arguments: reads a value of each type from a JSON token or from a segment of a path.

const { BIGINT_DIGITS_MAX, FLOAT32_MAX } = require('../../limits.js')
const { addedDigitsOf, bigintOf, int32Of, int64Of, intOf, isDigits } = require('./integers.js')
const { kindAt, scan } = require('./json.js')

// Taken at load time, because tests replace globals.
const { parse } = JSON

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

// The most digits that exponents may add in one array: thousands of `1e4095` fit into a short body.
const ADDED_DIGITS_MAX = 32 * BIGINT_DIGITS_MAX

// Stands for a wrong value; `detail` says what was expected.
class Wrong {
  constructor(detail) {
    this.detail = detail
  }
}

const INT = new Wrong('must be an int, which is an integer from -(2^53 - 1) to 2^53 - 1')
const NOT_NUMBER = new Wrong('must be a finite number')
const INT32 = new Wrong('must be an integer from -2147483648 to 2147483647')
const FLOAT32 = new Wrong('must be a number from -3.4028234663852886e38 to 3.4028234663852886e38')
const INT64 = new Wrong('must be an integer of at most 64 bits, as a number or as a string of digits')
const BIGINT = new Wrong('must be an integer, as a number or as a string of digits')
const BIGINT_TOO_LARGE = new Wrong(`must have at most ${BIGINT_DIGITS_MAX} digits`)
const BIGINT_EXPANDED = new Wrong('must be written out: exponents have added too many digits already')
const BOOLEAN = new Wrong('must be true or false')
const STRING = new Wrong('must be a string')
const BASE64 = new Wrong('must be a string of base64 with padding')
const IN_BODY = new Wrong('must be sent in a body')

const INTEGERS = {
  int: (text) => intOf(text) ?? INT,
  int32: (text) => int32Of(text) ?? INT32,
  int64: (text) => int64Of(text) ?? INT64,
  bigint(text) {
    const integer = bigintOf(text)
    return integer === null ? BIGINT_TOO_LARGE : integer ?? BIGINT
  }
}

// Reads a token of a JSON text that was scanned.
const OF_TOKEN = {
  __proto__: null,
  int: (kind, token) => (kind === 'number' ? INTEGERS.int(token) : INT),
  number: (kind, token) => (kind === 'number' ? numberOf(token) : NOT_NUMBER),
  int32: (kind, token) => (kind === 'number' ? INTEGERS.int32(token) : INT32),
  float32: (kind, token) => (kind === 'number' ? float32Of(token) : NOT_NUMBER),
  int64: (kind, token) => digitsOf(kind, token, INTEGERS.int64, INT64),
  bigint: (kind, token) => digitsOf(kind, token, INTEGERS.bigint, BIGINT),
  boolean: (kind, token) => (kind === 'boolean' ? token === 'true' : BOOLEAN),
  string: (kind, token) => (kind === 'string' ? parse(token) : STRING),
  json: (kind, token) => parse(token),
  bytes: (kind, token) => (kind === 'string' ? bytesOf(parse(token)) : BASE64)
}

// Reads a decoded segment of a path.
const OF_SEGMENT = {
  __proto__: null,
  ...INTEGERS,
  number: (text) => (NUMBER.test(text) ? numberOf(text) : NOT_NUMBER),
  float32: (text) => (NUMBER.test(text) ? float32Of(text) : NOT_NUMBER),
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : BOOLEAN),
  string: (text) => text
}

const ARRAYS = { number: Float64Array, int64: BigInt64Array }

function numberOf(token) {
  const number = Number(token)
  return Number.isFinite(number) ? number : NOT_NUMBER
}

function float32Of(token) {
  const number = numberOf(token)
  if (number === NOT_NUMBER) return number
  return Math.abs(number) <= FLOAT32_MAX ? Math.fround(number) : FLOAT32
}

function digitsOf(kind, token, read, otherwise) {
  if (kind === 'number') return read(token)
  const text = kind === 'string' ? parse(token) : ''
  return isDigits(text) ? read(text) : otherwise
}

// RFC 4648 section 4. The function gets an array of its own: Node makes small Buffers as parts of a shared one.
function bytesOf(text) {
  const bytes = Buffer.from(text, 'base64')
  return bytes.base64Slice(0, bytes.length) === text ? new Uint8Array(bytes) : BASE64
}

// Calls `onWrong(detail, index)` for each wrong value: without an index for the value itself, with one for an element.
function readToken(type, token, onWrong) {
  const kind = kindAt(token, 0)
  if (type.endsWith('[]')) return readArray(type.slice(0, -2), kind, token, onWrong)
  // A type with a schema is JSON at this point.
  const value = (OF_TOKEN[type] ?? OF_TOKEN.json)(kind, token)
  if (value instanceof Wrong) onWrong(value.detail)
  return value
}

function readArray(type, kind, token, onWrong) {
  if (kind !== 'array') return onWrong('must be an array')
  const { spans } = scan(token)
  const values = new (ARRAYS[type] ?? Array)(spans.length / 2)
  let added = 0
  for (let i = 0; i < values.length; i++) {
    const element = token.slice(spans[2 * i], spans[2 * i + 1])
    if (type === 'bigint') added += addedDigitsOf(element)
    const value = added > ADDED_DIGITS_MAX ? BIGINT_EXPANDED : OF_TOKEN[type](kindAt(element, 0), element)
    if (value instanceof Wrong) onWrong(value.detail, i)
    else values[i] = value
  }
  return values
}

function readSegment(type, text, onWrong) {
  const value = OF_SEGMENT[type]?.(text) ?? IN_BODY
  if (value instanceof Wrong) onWrong(value.detail)
  return value
}

// The places of numbers that are read from their digits, and so may exceed a double.
function placesOfDigits(type, token) {
  if (type === 'int64' || type === 'bigint') return [0]
  if ((type !== 'int64[]' && type !== 'bigint[]') || kindAt(token, 0) !== 'array') return []
  return scan(token).spans.filter((_, i) => i % 2 === 0)
}

module.exports = { placesOfDigits, readSegment, readToken }
