'use strict'

// What the functions of a WebAssembly module call their arguments, as far as its section `name` tells debuggers.
// https://webassembly.github.io/spec/core/appendix/custom.html is the format.
//
// Nobody has validated it: where it makes no sense, what it has told up to there counts.

const { Reader, Unreadable } = require('./reader.js')

const LOCALS = 2

// By the index of a function, its locals' names by theirs; `wanted` are the indices that are asked for.
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
