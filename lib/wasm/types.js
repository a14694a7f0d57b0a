'use strict'

// Reads the types of a WebAssembly module: https://webassembly.github.io/spec/core/binary/types.html.
//
// It reads the parameters and results of function types. Other types, which belong to garbage collection, are skipped
// but counted, because functions refer to types by index.

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

// Packed fields, and reference types without a name above.
const isAbbreviation = (byte) => byte === 0x78 || byte === 0x77 || (byte >= 0x68 && byte <= 0x75)

const HAS_MAX = 1
const IS_SHARED = 2
const IS_64 = 4
const LIMITS_FLAGS = HAS_MAX | IS_SHARED | IS_64

// For each type of the section, { parameters, results } of a function type, or undefined.
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
  // Its mutability.
  reader.byte()
}

// The type's name. 'reference' stands for all references without a name of their own.
function readValueType(reader) {
  const byte = reader.byte()
  if (byte === REF_NULL || byte === REF) {
    // What it refers to: a kind, or the index of a type.
    reader.skipInteger(I33_BYTES_MAX)
    return REFERENCE
  }
  if (NAMES.has(byte)) return NAMES.get(byte)
  if (isAbbreviation(byte)) return REFERENCE
  throw unknown('a type', byte)
}

// The size of a table or a memory.
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
