'use strict'

// Finds a WebAssembly module's exported functions and their types in its bytes, because V8 exposes only names. The
// format: https://webassembly.github.io/spec/core/binary/modules.html.

const { Reader } = require('./reader.js')
const { readTypes, readValueType, skipLimits, unknown } = require('./types.js')

const HEAD_BYTES = 8

const TYPES = 1
const IMPORTS = 2
const FUNCTIONS = 3
const EXPORTS = 7

const FUNCTION = 0
const TABLE = 1
const MEMORY = 2
const GLOBAL = 3
const TAG = 4

// [{ name, index, type: { parameters, results } }], in the order of the exports. `index` counts all of the module's
// functions.
function readExports(bytes) {
  const sections = sectionsOf(bytes)
  const read = (id, reading) => (sections.has(id) ? reading(sections.get(id)) : [])
  const types = read(TYPES, readTypes)
  // Imported functions come first.
  const imported = read(IMPORTS, (reader) => reader.vector(readImport)).filter((type) => type !== undefined)
  const typeIndices = [...imported, ...read(FUNCTIONS, (reader) => reader.vector((each) => each.u32()))]
  return read(EXPORTS, (reader) => reader.vector(readExport))
    .filter(({ kind }) => kind === FUNCTION)
    .map(({ name, index }) => ({ name, index, type: types[typeIndices[index]] }))
}

// Readers of the sections by their numbers. Only custom sections may repeat.
function sectionsOf(bytes) {
  const reader = new Reader(bytes)
  reader.skip(HEAD_BYTES)
  const sections = new Map()
  while (!reader.isAtEnd) {
    const id = reader.byte()
    sections.set(id, reader.take(reader.u32()))
  }
  return sections
}

// The index of the function's type; undefined for other imports.
function readImport(reader) {
  reader.name()
  reader.name()
  const kind = reader.byte()
  switch (kind) {
    case FUNCTION: return reader.u32()
    case TABLE:
      readValueType(reader)
      skipLimits(reader)
      return undefined
    case MEMORY:
      skipLimits(reader)
      return undefined
    case GLOBAL:
      readValueType(reader)
      // Its mutability.
      reader.byte()
      return undefined
    case TAG:
      // Its attribute and its type.
      reader.byte()
      reader.u32()
      return undefined
    default: throw unknown('a kind of import', kind)
  }
}

function readExport(reader) {
  return { name: reader.name(), kind: reader.byte(), index: reader.u32() }
}

module.exports = { readExports }
