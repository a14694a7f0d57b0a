'use strict'

// How the engine node reads arguments, beyond what the table of cases asks of both engines over sockets.

const v8 = require('node:v8')
const vm = require('node:vm')
const test = require('ava')
const { typed } = require('..')
const { tableOf } = require('../lib/functions.js')
const { Form, fromBody, fromBytes, fromNothing, fromPath } = require('../lib/engines/node/arguments.js')
const { bigintOf, int64Of, intOf } = require('../lib/engines/node/integers.js')

const declared = (signature, options) => new Form(tableOf({ f: typed(signature, () => 0, options) }).functions[0])
const undeclared = (f) => new Form(tableOf({ f }).functions[0])

const read = (form, body, fields) => fromBody(form, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), fields)
const pointersOf = ({ refusal }) => refusal.errors?.map(({ pointer }) => pointer)

test('all arguments are passed, absent ones as undefined', (t) => {
  const form = declared('(a: int, b?: int, c?: string, d?: json) => int')
  t.deepEqual(read(form, { a: 1, c: 'x' }).args, [1, undefined, 'x', undefined])
  t.deepEqual(read(form, [1]).args, [1, undefined, undefined, undefined])
  t.deepEqual(fromNothing(declared('(a?: int) => int')).args, [undefined])
})

test('header arguments keep their position among the others, but have none in a path or an array', (t) => {
  const form = declared('(a: int, xTrace: header, b: int, xOther?: header) => int')
  const fields = new Map([['x-trace', 't']])
  t.deepEqual(read(form, [1, 2], fields).args, [1, 't', 2, undefined])
  t.deepEqual(fromPath(form, ['1', '2'], fields).args, [1, 't', 2, undefined])
  t.deepEqual(read(form, { b: 2, a: 1 }, fields).args, [1, 't', 2, undefined])
  t.deepEqual(pointersOf(read(form, ['x', 'y'])), ['#/xTrace'])
  t.deepEqual(pointersOf(read(form, { a: 1, b: 2, xTrace: 't' }, fields)), ['#/xTrace'])
})

test('the result says whether the arguments came by name', (t) => {
  const form = declared('(a?: int) => int')
  t.true(read(form, { a: 1 }).isByName)
  t.false(read(form, [1]).isByName)
  t.false(fromPath(form, ['1']).isByName)
})

test('elements in place of the only array: the error shows where the array goes', (t) => {
  const detailOf = (signature, body) => read(declared(signature), body, new Map([['h', '']])).refusal.errors[0].detail
  t.is(detailOf('(h: header, a: number[]) => int', [1, 2.5]), 'must be an array, within the array of arguments: [[...]]')
  t.is(detailOf('(a: int[], b?: int) => int', [1, 2]), 'must be an array')
  t.is(detailOf('(a: int[]) => int', { a: 1 }), 'must be an array')
})

test('a refusal has 16 entries at most', (t) => {
  const names = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`a${i}`, 1]))
  t.is(pointersOf(read(declared('(a: int) => int'), names)).length, 16)
  t.is(pointersOf(read(declared('(a: int[]) => int'), [Array(1000).fill('x')])).length, 16)
})

test('an unknown name is cut at 64 characters', (t) => {
  t.deepEqual(pointersOf(read(declared('() => int'), { ['/~é'.repeat(1000)]: 1 })), [`#/${'~1~0é'.repeat(21)}~1`])
})

test('typed arrays and bytes have buffers of their own', (t) => {
  const form = declared('(a: number[], b: int64[], c: bytes) => int')
  const { args: [a, b, c] } = read(form, '[[1,-0,1e308],[9007199254740993,"-9223372036854775808"],"AAH/"]')
  t.deepEqual(a, Float64Array.of(1, -0, 1e308))
  t.deepEqual(b, BigInt64Array.of(9007199254740993n, -(2n ** 63n)))
  t.deepEqual(c, Uint8Array.of(0, 1, 255))
  t.is(c.buffer.byteLength, 3)
  const body = Buffer.from('abc')
  const { args: [bytes] } = fromBytes(declared('(a: bytes) => int'), body)
  body.fill(0)
  t.deepEqual(bytes, Uint8Array.of(97, 98, 99))
})

test('base64 must have its padding, and its unused bits must be 0', (t) => {
  const form = declared('(a: bytes, b?: int) => int')
  for (const text of ['', 'AA==', 'AAA=', 'AAAA', '+/+/']) t.is(read(form, [text]).refusal, undefined, text)
  for (const text of ['A', 'AA', 'AA=', 'AB==', 'AAB=', '-_-_', 'AA==AA==', 'AA==\n', ' AAAA', 'AA=A']) {
    t.deepEqual(pointersOf(read(form, [text])), ['#/0'], text)
  }
})

test('names that objects inherit are ordinary names', (t) => {
  const types = { Any: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } } }
  const form = declared('(toString: int, valueOf?: Any) => int', { types })
  t.deepEqual(read(form, { toString: 1, valueOf: [] }).args, [1, []])
  t.deepEqual(pointersOf(fromPath(form, ['1', '2'])), ['#/1'])
  t.deepEqual(pointersOf(read(form, { hasOwnProperty: 1 })), ['#/hasOwnProperty', '#/toString'])
})

test('an undeclared function takes up to 64 values by position', (t) => {
  const form = undeclared((a, b) => [a, b])
  t.deepEqual(read(form, [1, { a: [null] }, 'x']).args, [1, { a: [null] }, 'x'])
  t.deepEqual(fromPath(form, ['%22a%2Fb%22', '%5B1%5D']).args, ['a/b', [1]])
  t.is(read(form, Array(64).fill(0)).args.length, 64)
  t.deepEqual(pointersOf(read(form, Array(65).fill(0))), ['#/64'])
  t.deepEqual(pointersOf(fromPath(form, Array(65).fill('0'))), ['#/64'])
  t.deepEqual(pointersOf(read(form, [])), ['#/0', '#/1'])
})

test('integers are what their digits say', (t) => {
  const models = { 16: intOf, 19: int64Of, 4096: bigintOf }
  for (let i = 0; i < 5000; i++) {
    const digits = String(Math.floor(Math.random() * 10 ** (1 + Math.floor(Math.random() * 15))))
    const exponent = Math.floor(Math.random() * 30) - 10
    const point = Math.floor(Math.random() * digits.length)
    const text = point === 0 ? `${digits}e${exponent}` : `${digits.slice(0, point)}.${digits.slice(point)}e${exponent}`
    const scale = exponent - (point === 0 ? 0 : digits.length - point)
    const isIntegral = scale >= 0 || BigInt(digits) % 10n ** BigInt(-scale) === 0n
    const value = scale >= 0 ? BigInt(digits) * 10n ** BigInt(scale) : BigInt(digits) / 10n ** BigInt(-scale)
    for (const read of Object.values(models)) {
      const found = read(text)
      if (found === null) t.true(value > Number.MAX_SAFE_INTEGER, text)
      else t.is(found === undefined ? found : BigInt(found), isIntegral ? value : undefined, text)
    }
  }
  t.is(int64Of('9007199254740993'), 9007199254740993n)
  t.is(bigintOf(`1${'0'.repeat(4095)}`), 10n ** 4095n)
  t.is(bigintOf(`1${'0'.repeat(4096)}`), null)
  t.is(bigintOf('1e999999999999999999999'), null)
  t.is(bigintOf('0e999999999999999999999'), 0n)
  t.is(bigintOf(`${'0'.repeat(10_000)}7`), 7n)
})

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')

test('an argument that a function keeps does not keep the rest of the request in memory', (t) => {
  const rest = 'y'.repeat(30_000)
  const form = declared('(a: string, b: string) => int')
  const long = (i) => `a text that is long enough to be a part of another one ${i}`
  const ways = {
    body: (i) => read(form, [long(i), rest]),
    name: (i) => read(form, { a: long(i), b: rest }),
    path: (i) => fromPath(form, `/${encodeURIComponent(long(i)).replaceAll('%20', '_')}/${rest}`.slice(1).split('/'))
  }
  for (const [way, call] of Object.entries(ways)) {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    const kept = Array.from({ length: 2000 }, (_, i) => call(i).args[0])
    collectGarbage()
    const grown = process.memoryUsage().heapUsed - before
    t.true(grown < 10_000_000, `${way}: ${grown} bytes`)
    t.is(kept.length, 2000)
  }
})
