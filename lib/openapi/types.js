'use strict'

// The JSON Schemas of the types in signatures, and of two types of WebAssembly. A value matches the schema exactly when
// the server accepts it, as far as JSON Schema can say that.

const { BIGINT_DIGITS_MAX, FLOAT32_MAX, INT32_MAX } = require('../limits.js')

const INT_MAX = Number.MAX_SAFE_INTEGER
// Exact in the text: see `textOf`.
const INT64_LIMITS = { minimum: -(2 ** 63), exclusiveMaximum: 2 ** 63 }

// Without the format, code generators assume 32 bits.
const INT = { type: 'integer', format: 'int64', minimum: -INT_MAX, maximum: INT_MAX }
const INT32 = { type: 'integer', format: 'int32', minimum: -INT32_MAX - 1, maximum: INT32_MAX }
const FLOAT32 = { type: 'number', format: 'float', minimum: -FLOAT32_MAX, maximum: FLOAT32_MAX }
const NUMBER = { type: 'number', format: 'double' }
const BOOLEAN = { type: 'boolean' }
// There is no pattern against lone surrogates: Rust's regular expressions cannot name them, and reject a document that
// does.
const STRING = { type: 'string' }
// Code generators have supported this format the longest.
const BINARY = { type: 'string', format: 'binary' }

// Digits of at most 64 bits, with or without leading zeros.
const INT64_DIGITS = `^(?:-?(?:0+|0*(?:[1-9][0-9]{0,17}|${belowOf('9223372036854775807')}))|-0*9223372036854775808)$`

// More digits than a bigint may have, without leading zeros. RE2, which some tools use, allows at most 1000
// repetitions.
const TOO_MANY_DIGITS = `[1-9]${'[0-9]{1000}'.repeat(BIGINT_DIGITS_MAX / 1000)}[0-9]{${BIGINT_DIGITS_MAX % 1000}}`

// What no object may contain.
const NAMES = { not: { const: '__proto__' } }

// Schemas that become components, because they are long or refer to themselves.
const COMPONENTS = {
  Int64: {
    description: 'An integer of at most 64 bits: a number, or a string of digits, which every client writes exactly.',
    anyOf: [{ type: 'integer', format: 'int64', ...INT64_LIMITS }, refTo('Int64Digits')]
  },
  Int64Digits: {
    description: 'An integer of at most 64 bits, as a string of digits.',
    type: 'string',
    format: 'int64',
    pattern: INT64_DIGITS
  },
  Bigint: {
    description: `An integer of at most ${BIGINT_DIGITS_MAX} digits: a number, or a string of digits.`,
    anyOf: [{ type: 'integer' }, refTo('BigintDigits')]
  },
  BigintDigits: {
    description: `An integer of at most ${BIGINT_DIGITS_MAX} digits, as a string of them.`,
    type: 'string',
    pattern: '^-?[0-9]+$',
    not: { pattern: TOO_MANY_DIGITS }
  },
  Base64: {
    description: 'Bytes in base64 (RFC 4648 section 4), padded.',
    type: 'string',
    format: 'byte',
    contentEncoding: 'base64',
    pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$'
  },
  // It has no type, so code generators take it for any value. Some of them cannot read a recursive union of six types.
  Json: {
    description: 'Any JSON value.',
    if: { type: ['array', 'object'] },
    then: {
      items: refTo('Json'),
      propertyNames: NAMES,
      additionalProperties: refTo('Json')
    },
    else: { format: 'double' }
  }
}

// Components that contain another component.
const PARTS = { __proto__: null, Int64: 'Int64Digits', Bigint: 'BigintDigits' }

// The types of arguments.
const ARGUMENTS = {
  __proto__: null,
  int: INT,
  int32: INT32,
  number: NUMBER,
  float32: FLOAT32,
  boolean: BOOLEAN,
  string: STRING
}
const ARGUMENT_COMPONENTS = { __proto__: null, int64: 'Int64', bigint: 'Bigint', json: 'Json', bytes: 'Base64' }

// The types in a path: large integers are digits, because not every client has them as numbers, and a string cannot be
// empty.
const SEGMENTS = { __proto__: null, ...ARGUMENTS, string: { ...STRING, minLength: 1 } }
const SEGMENT_COMPONENTS = { __proto__: null, int64: 'Int64Digits', bigint: 'BigintDigits' }

// The types of results. `json` and the result of an undeclared function are any value.
const RESULTS = {
  __proto__: null,
  ...ARGUMENTS,
  int64: { type: 'string', format: 'int64', pattern: '^(?:0|-?[1-9][0-9]{0,18})$' },
  bigint: { type: 'string', pattern: '^(?:0|-?[1-9][0-9]*)$' },
  text: STRING,
  bytes: BINARY,
  json: {}
}

// A regular expression for the numbers with as many digits as `most` that are not greater.
function belowOf(most) {
  const lower = [...most].flatMap((digit, i) => {
    const start = i === 0 ? 1 : 0
    const last = digit - 1
    if (last < start) return []
    const rest = most.length - i - 1
    const any = rest === 0 ? '' : rest === 1 ? '[0-9]' : `[0-9]{${rest}}`
    return `${most.slice(0, i)}${last === start ? last : `[${start}-${last}]`}${any}`
  })
  return [...lower, most].join('|')
}

function argumentSchema(type, components) {
  if (type.endsWith('[]')) return arrayOf(argumentSchema(type.slice(0, -2), components))
  return ARGUMENTS[type] ?? components.refTo(ARGUMENT_COMPONENTS[type])
}

// Undefined for a type that a segment cannot hold.
function segmentSchema(type, components) {
  if (type in SEGMENT_COMPONENTS) return components.refTo(SEGMENT_COMPONENTS[type])
  return SEGMENTS[type]
}

function resultSchema(type) {
  return type.endsWith('[]') ? arrayOf(resultSchema(type.slice(0, -2))) : RESULTS[type]
}

function refTo(name) {
  return { $ref: `#/components/schemas/${name}` }
}

function arrayOf(items) {
  return { type: 'array', items }
}

module.exports = {
  BINARY, COMPONENTS, INT, INT64_LIMITS, NAMES, PARTS, argumentSchema, refTo, resultSchema, segmentSchema
}
