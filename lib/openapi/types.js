'use strict'

// The JSON Schemas of the types that signatures know, and of two of WebAssembly. A value fits one exactly when the server
// takes it, as far as a JSON Schema can say.

const { BIGINT_DIGITS_MAX, FLOAT32_MAX, INT32_MAX } = require('../limits.js')

const INT_MAX = Number.MAX_SAFE_INTEGER
// As text each is exact: see `textOf`.
const INT64_LIMITS = { minimum: -(2 ** 63), exclusiveMaximum: 2 ** 63 }

// Without the format, code generators take it for one of 32 bits.
const INT = { type: 'integer', format: 'int64', minimum: -INT_MAX, maximum: INT_MAX }
const INT32 = { type: 'integer', format: 'int32', minimum: -INT32_MAX - 1, maximum: INT32_MAX }
const FLOAT32 = { type: 'number', format: 'float', minimum: -FLOAT32_MAX, maximum: FLOAT32_MAX }
const NUMBER = { type: 'number', format: 'double' }
const BOOLEAN = { type: 'boolean' }
// No pattern keeps lone surrogates out: Rust's expressions cannot name them, and a document with one is none there.
const STRING = { type: 'string' }
// Of the formats the one that code generators have read for long.
const BINARY = { type: 'string', format: 'binary' }

// Digits of at most 64 bits, with or without zeros before them.
const INT64_DIGITS = `^(?:-?(?:0+|0*(?:[1-9][0-9]{0,17}|${belowOf('9223372036854775807')}))|-0*9223372036854775808)$`

// More than a bigint may have, zeros before them not counted. RE2, which others use, repeats nothing more than 1000 times.
const TOO_MANY_DIGITS = `[1-9]${'[0-9]{1000}'.repeat(BIGINT_DIGITS_MAX / 1000)}[0-9]{${BIGINT_DIGITS_MAX % 1000}}`

// What every object is refused for, whatever else it is.
const NAMES = { not: { const: '__proto__' } }

// What is a component, as it is long or refers to itself.
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
  // Code generators take it for any value, as it says no type. A union of six that refers to itself some of them cannot
  // read.
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

// What else a component is made of.
const PARTS = { __proto__: null, Int64: 'Int64Digits', Bigint: 'BigintDigits' }

// What a request brings.
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

// The same in a path, which has digits for what not every client holds as a number, and cannot have an empty string.
const SEGMENTS = { __proto__: null, ...ARGUMENTS, string: { ...STRING, minLength: 1 } }
const SEGMENT_COMPONENTS = { __proto__: null, int64: 'Int64Digits', bigint: 'BigintDigits' }

// What a function returns. That of `json` and of an undeclared function is any.
const RESULTS = {
  __proto__: null,
  ...ARGUMENTS,
  int64: { type: 'string', format: 'int64', pattern: '^(?:0|-?[1-9][0-9]{0,18})$' },
  bigint: { type: 'string', pattern: '^(?:0|-?[1-9][0-9]*)$' },
  text: STRING,
  bytes: BINARY,
  json: {}
}

// An expression for the numbers of as many digits as `most` has that are not more than it.
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

// Nothing for what a segment cannot hold.
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
