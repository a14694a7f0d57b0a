'use strict'

// Reads the types of a WebAssembly module: https://webassembly.github.io/spec/core/binary/types.html.
//
// Of a function's type its parameters and results are read. All others, which garbage collection has, are skipped: they
// only count, as functions name their types by number.

const { Unreadable } = require('./reader.js')

const I33_BYTES_MAX = 5
const I64_BYTES_MAX = 10

const FUNCTION = 0x60
const STRUCT = 0x5f
const ARRAY = 0x5e
const SUB = 0x50
const SUB_FINAL = 0x4f
const GROUP = 0x4e

const REF_NULL = 0x63
const REF = 0x64

const NAMES = new Map([
  [0x7f, 'i32'], [0x7e, 'i64'], [0x7d, 'f32'], [0x7c, 'f64'], [0x7b, 'v128'], [0x70, 'funcref'], [0x6f, 'externref']
])
const REFERENCE = 'reference'

// Packed fields, and the references that have no name above.
const isAbbreviation = (byte) => byte === 0x78 || byte === 0x77 || (byte >= 0x68 && byte <= 0x75)

const HAS_MAX = 1
const IS_SHARED = 2
const IS_64 = 4
const LIMITS_FLAGS = HAS_MAX | IS_SHARED | IS_64

// Each type of the section: { parameters, results } of a function's, and undefined for another.
function readTypes(reader) {
  const types = []
  for (let count = reader.u32(); count > 0; count--) {
    const form = reader.byte()
    if (form !== GROUP) types.push(readSubType(reader, form))
    else for (const type of reader.vector((each) => readSubType(each, each.byte()))) types.push(type)
  }
  return types
}

function readSubType(reader, form) {
  if (form !== SUB && form !== SUB_FINAL) return readType(reader, form)
  reader.vector((each) => each.u32())
  return readType(reader, reader.byte())
}

function readType(reader, form) {
  switch (form) {
    case FUNCTION: return { parameters: reader.vector(readValueType), results: reader.vector(readValueType) }
    case STRUCT:
      reader.vector(skipField)
      return undefined
    case ARRAY:
      skipField(reader)
      return undefined
    default: throw unknown('a kind of type', form)
  }
}

function skipField(reader) {
  readValueType(reader)
  // Whether it can be changed.
  reader.byte()
}

// Its name, for what a number or a message is made of.
function readValueType(reader) {
  const byte = reader.byte()
  if (byte === REF_NULL || byte === REF) {
    // What it refers to: a kind, or the number of a type.
    reader.skipInteger(I33_BYTES_MAX)
    return REFERENCE
  }
  if (NAMES.has(byte)) return NAMES.get(byte)
  if (isAbbreviation(byte)) return REFERENCE
  throw unknown('a type', byte)
}

// How large a table or a memory is.
function skipLimits(reader) {
  const flags = reader.byte()
  if ((flags & ~LIMITS_FLAGS) !== 0) throw unknown('a kind of memory or table', flags)
  const bytesMax = (flags & IS_64) === 0 ? I33_BYTES_MAX : I64_BYTES_MAX
  reader.skipInteger(bytesMax)
  if ((flags & HAS_MAX) !== 0) reader.skipInteger(bytesMax)
}

function unknown(what, byte) {
  return new Unreadable(`has ${what} that ringcall does not know: 0x${byte.toString(16).padStart(2, '0')}`)
}

module.exports = { readTypes, readValueType, skipLimits, unknown }
