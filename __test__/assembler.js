'use strict'

// Assembles WebAssembly modules by hand, section by section: those that compilers make, and those that none would.

const TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, funcref: 0x70, externref: 0x6f }
const KINDS = { function: 0, table: 1, memory: 2, global: 3, tag: 4 }

const HEAD = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

// The instructions that the tests use.
const op = {
  unreachable: [0x00],
  throw: (index) => [0x08, ...u32(index)],
  if: [0x04, 0x40],
  end: [0x0b],
  call: (index) => [0x10, ...u32(index)],
  get: (index) => [0x20, ...u32(index)],
  globalGet: (index) => [0x23, ...u32(index)],
  globalSet: (index) => [0x24, ...u32(index)],
  i32Load: [0x28, 2, 0],
  i32Store: [0x36, 2, 0],
  i32Const: (byte) => [0x41, byte],
  i64Const: (byte) => [0x42, byte],
  f32Const: (value) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)],
  f64Const: (value) => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  i32Add: [0x6a],
  i32DivS: [0x6d],
  f64Div: [0xa3]
}

// LEB128.
function u32(value) {
  const bytes = []
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0))
    value >>>= 7
  } while (value > 0)
  return bytes
}

function vector(elements) {
  return [...u32(elements.length), ...elements.flat()]
}

function text(string) {
  return vector([...Buffer.from(string)])
}

function section(id, bytes) {
  return [id, ...u32(bytes.length), ...bytes]
}

function custom(name, bytes) {
  return section(0, [...text(name), ...bytes])
}

// A type is its name, or its bytes.
function typeBytes(type) {
  return Array.isArray(type) ? type : [TYPES[type]]
}

function functionType(parameters, results) {
  return [0x60, ...vector(parameters.map(typeBytes)), ...vector(results.map(typeBytes))]
}

function wasm(...sections) {
  return Uint8Array.from([...HEAD, ...sections.flat()])
}

// A module of `functions`, each { name, parameters, results, code, locals }: `name` is the name of its export, or those
// of several, and `locals` are its arguments' names. Imported functions have { module, import } instead of code, and
// come first. If `types` has the bytes of all types, each function may give its `type` by number. `others` are exports
// of other kinds, `imports` the bytes of such imports, `before` has further sections by the number of the section that
// they precede, `start` is the function that runs first, `data` has the initial bytes of the memory, and `names`
// replaces the section of names.
function moduleOf(functions, { types, others = [], imports = [], before = {}, start, data = [], names } = {}) {
  const signature = ({ parameters = [], results = [] }) => functionType(parameters, results)
  const typeOf = (fn, i) => u32(fn.type ?? i)
  const imported = functions.filter((fn) => fn.module !== undefined)
  const own = functions.filter((fn) => fn.module === undefined)
  const all = [...imported, ...own]
  const exported = all.flatMap(({ name }, i) => (
    [name ?? []].flat().map((each) => [...text(each), KINDS.function, ...u32(i)])
  ))
  const exportedToo = others.map(({ name, kind, index = 0 }) => [...text(name), KINDS[kind], ...u32(index)])
  const importedFunction = (fn, i) => [...text(fn.module), ...text(fn.import), KINDS.function, ...typeOf(fn, i)]
  const body = ({ code }) => {
    const bytes = [...vector([]), ...code.flat(), ...op.end]
    return [...u32(bytes.length), ...bytes]
  }
  const parts = [
    [1, vector(types ?? all.map(signature))],
    [2, vector([...imported.map(importedFunction), ...imports])],
    [3, vector(own.map((fn, i) => typeOf(fn, imported.length + i)))],
    [7, vector([...exported, ...exportedToo])],
    ...(start === undefined ? [] : [[8, u32(start)]]),
    [10, vector(own.map(body))],
    ...(data.length === 0 ? [] : [[11, vector([[0, ...op.i32Const(0), ...op.end, ...vector(data)]])]])
  ]
  const sections = parts.flatMap(([id, bytes]) => [...(before[id] ?? []), ...section(id, bytes)])
  return wasm(sections, names ?? nameSection(all))
}

// The names of the arguments, of the functions that have `locals`.
function nameSection(functions) {
  const locals = functions.flatMap(({ locals }, i) => (
    locals === undefined ? [] : [[...u32(i), ...nameMap(locals)]]
  ))
  return locals.length === 0 ? [] : custom('name', section(2, vector(locals)))
}

function nameMap(names) {
  return vector(names.flatMap((name, i) => (name === undefined ? [] : [[...u32(i), ...text(name)]])))
}

module.exports = { custom, functionType, moduleOf, nameMap, op, section, text, u32, vector, wasm }
