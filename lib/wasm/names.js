'use strict'

// The names of the arguments of a WebAssembly module's functions, from its `name` section, which is for debuggers. The
// format: https://webassembly.github.io/spec/core/appendix/custom.html.
//
// V8 does not validate the section. If it is malformed, the names before that point are used.

const { Reader, Unreadable } = require('./reader.js')

const LOCALS = 2

// By function index, the names of its locals by their indices. `wanted` are the functions' indices.
function readLocalNames(section, wanted) {
  const names = new Map()
  try {
    const reader = new Reader(new Uint8Array(section))
    while (!reader.isAtEnd) {
      const id = reader.byte()
      const part = reader.take(reader.u32())
      if (id === LOCALS) readFunctions(part, wanted, names)
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
  }
  return names
}

function readFunctions(reader, wanted, names) {
  for (let count = reader.u32(); count > 0; count--) {
    const index = reader.u32()
    const locals = new Map()
    if (wanted.has(index)) names.set(index, locals)
    for (let left = reader.u32(); left > 0; left--) {
      const local = reader.u32()
      locals.set(local, reader.name())
    }
  }
}

module.exports = { readLocalNames }
