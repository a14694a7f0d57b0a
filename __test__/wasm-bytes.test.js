'use strict'

// Modules of any kind, whole and broken: what is read from their bytes.

const test = require('ava')
const fc = require('fast-check')
const { fromWasm, typed } = require('..')
const { describeTable, tableOf } = require('../lib/functions.js')
const { Unreadable } = require('../lib/wasm/reader.js')
const { readExports } = require('../lib/wasm/sections.js')
const { functionType, moduleOf, op, section, text, vector, wasm } = require('./assembler.js')
const { draws } = require('./helpers.js')

const [i32, i64, f32, f64] = ['i32', 'i64', 'f32', 'f64']
const wrongValue = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' }

const sum = { name: 'sum', parameters: [i32, i32], results: [i32], code: [op.get(0), op.get(1), op.i32Add] }

// A function of these types that only returns zeros.
const ZERO = { i32: op.i32Const(0), i64: op.i64Const(0), f32: op.f32Const(0), f64: op.f64Const(0) }
const fn = (name, parameters = [], results = [], more) => (
  { name, parameters, results, code: results.map((type) => ZERO[type] ?? op.unreachable), ...more }
)

const describe = (functions) => describeTable(tableOf(functions))

// Types that only newer versions of V8 accept, and types that all versions do.
const OTHER_TYPES = {
  'a group': [[0x4e, ...vector([functionType([], []), [0x5f, ...vector([])]])], 2],
  'an empty group': [[0x4e, 0], 0],
  'a structure': [[0x5f, ...vector([[0x7f, 0], [0x78, 1], [0x77, 0], [0x64, 0x6e, 1], [0x63, 0, 0]])], 1],
  'an array': [[0x5e, 0x63, 0x6b, 1], 1],
  'an open type': [[0x50, ...vector([]), 0x5f, ...vector([])], 1],
  'a final type': [[0x4f, ...vector([]), 0x60, ...vector([[0x6e]]), ...vector([[0x6d]])], 1],
  'a type below another': [[0x4e, ...vector([[0x50, 0, 0x5f, 0], [0x50, 1, 0, 0x5f, 0]])], 2],
  'a function of references': [functionType([[0x64, 0x70], [0x63, 0x80, 0], [0x71]], [[0x6c]]), 1]
}
for (const [what, [bytes, count]] of Object.entries(OTHER_TYPES)) {
  test(`other types are only counted: ${what}`, (t) => {
    const module = moduleOf([{ ...sum, type: count }], { types: [bytes, functionType([i32, i32], [i32])] })
    const [{ name, type }] = readExports(module)
    t.deepEqual([name, type], ['sum', { parameters: [i32, i32], results: [i32] }])
    if (WebAssembly.validate(module)) t.is(fromWasm(module).sum(3, 4), 7)
    else t.throws(() => fromWasm(module), wrongValue)
  })
}

test('imports of every kind are skipped', (t) => {
  const kinds = [
    // Functions, tables, memories, globals and tags.
    [0, 0], [0, 1],
    [1, 0x70, 0, 1], [1, 0x64, 0x70, 1, 1, 0x80, 0x01],
    [2, 0, 1], [2, 1, 1, 2], [2, 3, 1, 2], [2, 4, 1], [2, 5, 1, ...Array(9).fill(0xff), 1],
    [3, 0x7f, 0], [3, 0x64, 0x6e, 1],
    [4, 0, 0]
  ]
  const module = wasm(
    section(1, vector([functionType([], []), functionType([f32], [f64])])),
    section(2, vector(kinds.map((kind, i) => [...text('m'), ...text(`\ufeffé${i}`), ...kind]))),
    section(3, vector([[1]])),
    section(7, vector([[...text('own'), 0, 2], [...text('imported'), 0, 1], [...text('first'), 0, 0]]))
  )
  t.deepEqual(readExports(module).map(({ name, index, type: { parameters } }) => [name, index, parameters]), [
    ['own', 2, [f32]], ['imported', 1, [f32]], ['first', 0, []]
  ])
})

for (const [what, bytes, message] of [
  ['a kind of type', section(1, [1, 0x5d, 0]), /has a kind of type that ringcall does not know: 0x5d$/],
  ['a type', section(1, [1, 0x60, 1, 0x40, 0]), /has a type that .*: 0x40$/],
  ['a kind of memory', section(2, [1, 0, 0, 2, 8, 1]), /has a kind of memory or table that .*: 0x08$/],
  ['a kind of import', section(2, [1, 0, 0, 5]), /has a kind of import that .*: 0x05$/],
  ['an integer of six bytes', section(2, [1, 0, 0, 2, 0, ...Array(5).fill(0x80), 0]), /an integer of too many bytes$/],
  ['a count of 33 bits', section(1, [0xff, 0xff, 0xff, 0xff, 0x10]), /an integer of more than 32 bits/],
  ['a count of six bytes', section(1, [0x80, 0x80, 0x80, 0x80, 0x80, 0]), /an integer of more than 32 bits/],
  ['fewer types than there are', section(1, [2, 0x60, 0, 0]), /ends before it is complete$/],
  ['a section that is longer than the module', [1, 5, 1], /ends before it is complete$/],
  ['a name that is no UTF-8', section(7, [1, 1, 0xff, 0, 0]), /has a name that is not UTF-8$/]
]) {
  test(`the reader reports what it cannot read, and guesses nothing: ${what}`, (t) => {
    t.throws(() => readExports(wasm(bytes)), { instanceOf: Unreadable, message })
  })
}

const type = fc.constantFrom(i32, i64, f32, f64, 'externref')
const absent = { nil: undefined }
const shape = fc.record({
  name: fc.oneof(fc.stringMatching(/^[a-z]{1,3}$/), fc.constantFrom('a-b', '_start', '')),
  parameters: fc.array(type, { maxLength: 4 }),
  results: fc.array(type, { maxLength: 2 }),
  isImported: fc.boolean(),
  locals: fc.option(fc.array(fc.option(fc.string({ unit: 'binary' }), absent), { maxLength: 5 }), absent)
})
const shapes = fc.uniqueArray(shape, { selector: ({ name }) => name, minLength: 1, maxLength: 6 })
const ARGUMENTS = { i32: 'int32', i64: 'int64', f32: 'float32', f64: 'number' }
const RESULTS = { i32: 'int', i64: 'int64', f32: 'number', f64: 'number' }
const VALUES = { int: 0, number: 0, int64: 0n }

// Whether the function can be served.
function isFit({ name, parameters, results }) {
  return /^[a-z]+$/.test(name) && results.length < 2 && ![...parameters, ...results].includes('externref')
}

test('any module: the types that are read are those that V8 calls with', (t) => {
  fc.assert(fc.property(shapes, (all) => {
    const functions = all.map(({ isImported, ...each }, i) => (
      isImported ? { ...each, module: 'env', import: `f${i}` } : fn(each.name, each.parameters, each.results, each)
    ))
    const zero = ({ results: [result] }) => () => (result === i64 ? 0n : 0)
    const imports = { env: Object.fromEntries(all.map((each, i) => [`f${i}`, zero(each)])) }
    const bytes = moduleOf(functions)
    // Imported functions come first.
    const fit = functions.filter(isFit).sort((a, b) => (a.module === undefined) - (b.module === undefined))
    if (fit.length < functions.length) t.throws(() => fromWasm(bytes, imports), wrongValue)
    if (fit.length === 0) return
    const made = fromWasm(bytes, imports, fit.length < functions.length ? { only: fit.map(({ name }) => name) } : {})
    t.deepEqual(Object.keys(made), fit.map(({ name }) => name))
    for (const [i, described] of describe(made).entries()) agrees(t, fit[i], described, made)
  }), { ...draws, numRuns: 200 })
})

// Asserts that V8 accepts values of the described types and no others, and returns one of the described result.
function agrees(t, { name, parameters, results }, { arguments: declared, result, signature }, made) {
  t.deepEqual(declared.map(({ type }) => type), parameters.map((type) => ARGUMENTS[type]))
  t.is(result, RESULTS[results[0]] ?? 'void')
  // The signature can be read again, and gives the same names.
  const [again] = describe({ again: typed(signature, () => {}) })
  t.deepEqual(again.arguments.map((each) => each.name), declared.map((each) => each.name))
  const values = parameters.map((type) => (type === i64 ? 1n : 1))
  t.is(made[name](...values), VALUES[result])
  for (const [at, value] of values.entries()) {
    t.throws(() => made[name](...values.with(at, typeof value === 'bigint' ? 1 : 1n)), { instanceOf: TypeError })
  }
}

// A module without a loop or a start, so that no change of it runs for long.
const global = section(6, vector([[0x7f, 1, ...op.i32Const(0), ...op.end]]))
const LARGE = moduleOf([
  { module: 'env', import: 'log', parameters: [i32] }, sum, fn('a-b'), fn('many', Array(33).fill(i32)),
  fn('all', [i32, i64, f32, f64], [i64], { locals: ['n', 'm', 'x', 'y'] })
], { before: { 7: global }, others: [{ name: 'global', kind: 'global' }] })

// Asserts that the bytes become functions, or are refused with a sentence.
function isEither(t, bytes) {
  try {
    for (const made of Object.values(fromWasm(bytes, { env: { log() {} } }))) t.is(typeof made, 'function')
  } catch (error) {
    t.true(error instanceof TypeError, String(error))
    t.is(error.code, 'ERR_INVALID_ARG_VALUE', String(error))
    t.regex(error.message, /^[A-Z].{10,}/s)
  }
}

test('any bytes, and any changed module, become functions or are refused with a sentence', (t) => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  fc.assert(fc.property(bytes, (each) => isEither(t, each)), { ...draws, numRuns: 500 })
  fc.assert(fc.property(bytes, (each) => isEither(t, wasm(...each.map((byte) => [byte])))), { ...draws, numRuns: 500 })
  const changes = fc.array(fc.tuple(fc.nat(LARGE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
  fc.assert(fc.property(changes, fc.nat(LARGE.length), (each, length) => {
    const changed = LARGE.slice(0, each.length === 3 ? length : undefined)
    for (const [at, byte] of each) if (at < changed.length) changed[at] = byte
    isEither(t, changed)
  }), { ...draws, numRuns: 2000 })
})

test('the reader ends on any bytes, even if nothing has validated them', (t) => {
  const changes = fc.array(fc.tuple(fc.nat(LARGE.length - 1), fc.nat(255)), { maxLength: 8 })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), changes, (tail, each) => {
    const changed = Uint8Array.from([...LARGE, ...tail])
    for (const [at, byte] of each) changed[at] = byte
    try {
      t.true(Array.isArray(readExports(changed)))
    } catch (error) {
      t.true(error instanceof Unreadable, String(error))
    }
  }), { ...draws, numRuns: 3000 })
})
