'use strict'

// The counts and reports of workers, and the delay before the next worker.

const { runInNewContext } = require('node:vm')
const test = require('ava')
const { BackOff } = require('../lib/workers/back-off.js')
const { Counts } = require('../lib/workers/counts.js')
const { CallRecorder } = require('../lib/workers/call-recorder.js')
const { deserializeError, deserializeFailure, serializeError, cloneableOf } = require('../lib/workers/serialized-errors.js')

// What arrives in another thread when this is thrown.
const sent = (thrown) => deserializeError(structuredClone(serializeError(thrown)))

test('an error arrives with its name, message, stack, code and cause, as an instance of its class', (t) => {
  const cause = Object.assign(new RangeError('far'), { code: 34 })
  const error = Object.assign(new TypeError('no', { cause }), { code: 'ENO' })
  const deserialized = sent(error)
  t.true(deserialized instanceof TypeError && deserialized.cause instanceof RangeError)
  t.deepEqual([deserialized, deserialized.cause].map(({ stack }) => stack), [error.stack, cause.stack])
  t.deepEqual(Object.keys(deserialized), ['code'])
  t.like(deserialized, { name: 'TypeError', message: 'no', code: 'ENO', cause: { message: 'far', code: 34 } })
})

test('an error of a subclass, an aggregate, a DOMException and one of another realm arrive as errors', (t) => {
  class OwnError extends Error {
    name = 'OwnError'
  }
  for (const [error, name] of [
    [new OwnError('no'), 'OwnError'],
    [new AggregateError([1], 'no'), 'AggregateError'],
    [new DOMException('no', 'AbortError'), 'AbortError'],
    [runInNewContext("new RangeError('no')"), 'RangeError'],
    [Object.assign(new Error('no'), { name: 'constructor' }), 'constructor'],
    [Object.assign(new Error('no'), { name: 3 }), 'Error']
  ]) {
    const deserialized = sent(error)
    t.true(deserialized instanceof Error)
    t.like(deserialized, { name, message: 'no' })
    t.is(Object.getOwnPropertyDescriptor(deserialized, 'stack').enumerable, false)
  }
  t.regex(sent(Object.assign(new Error('no'), { stack: undefined })).stack, /^Error: no$/)
})

test('whatever else is thrown arrives as far as it can be cloned', (t) => {
  for (const value of [undefined, null, 3, 'no', 4n, { a: [1] }, new Map([[1, 2]])]) t.deepEqual(sent(value), value)
  t.is(sent(() => 1), '[Function (anonymous)]')
  t.is(sent(Symbol('no')), 'Symbol(no)')
  t.is(sent({ value: () => 1 }), '{ value: [Function: value] }')
})

test('a value that throws when it is read is still reported', (t) => {
  const hostile = new Proxy(new Error('no'), {
    get() { throw new Error('get') },
    getPrototypeOf() { throw new Error('of') }
  })
  t.is(typeof sent(hostile), 'string')
  t.notThrows(() => sent(Object.defineProperty(new Error('no'), 'message', { get() { throw new Error('get') } })))
})

test("an error's message is bounded, and so is the chain of its causes", (t) => {
  const long = new Error('n'.repeat(2 ** 20))
  t.is(sent(long).message.length, 2 ** 16)
  const endless = new Error('no')
  endless.cause = endless
  let depth = 0
  for (let error = sent(endless); error !== undefined; error = error.cause) depth++
  t.is(depth, 9)
})

test('an argument that is a part of a buffer is sent without the rest, and no memory is shared', (t) => {
  const bytes = Buffer.from(new ArrayBuffer(1000), 10, 3).fill(7)
  const told = cloneableOf(bytes)
  t.deepEqual([...told], [7, 7, 7])
  t.is(told.buffer.byteLength, 3)
  const shared = cloneableOf(new Float64Array(new SharedArrayBuffer(16)))
  t.false(shared.buffer instanceof SharedArrayBuffer)
  t.deepEqual(cloneableOf(new DataView(new ArrayBuffer(2))).byteLength, 2)
})

// A worker's side and the main thread's, and the messages that the worker has sent.
function pair() {
  const counts = new Counts()
  const told = []
  const recorder = new CallRecorder(new Counts(counts.memory), (message) => told.push(message))
  return { counts, told, recorder }
}

test('the counts of a worker are read in the main thread, and outlive it', (t) => {
  const { counts, recorder } = pair()
  recorder.began(3)
  t.true(counts.isBusy)
  recorder.ended(2)
  recorder.refused(999)
  recorder.failed(0, [1], new Error('no'))
  recorder.failed(999, [], new Error('no'))
  t.like(counts, { calls: 3, isBusy: true, failures: 2 })
  counts.reset()
  t.like(counts, { calls: 3, isBusy: false, failures: 2, heapUsed: 0 })
  t.deepEqual([0, 998, 999].map((i) => [counts.errorsOf(i), counts.refusalsOf(i)]), [[1, 0], [0, 0], [1, 1]])
})

test('a failure is reported with the function that was called, and with clones of the arguments', (t) => {
  const { told, recorder } = pair()
  const error = new Error('no')
  recorder.failed(2, [1, () => 1, 3n], error)
  recorder.failed(undefined, 5n, error)
  t.deepEqual(told.map(({ kind }) => kind), ['failure', 'failure'])
  const [first, second] = told.map(({ bytes }) => deserializeFailure(structuredClone(bytes)))
  t.like(first, { index: 2, arguments: [1, '[Function (anonymous)]', 3n], error: { message: 'no' } })
  t.like(second, { index: undefined, arguments: 5n })
  t.true(first.error instanceof Error)
})

test('values that cannot be serialized for another thread are reported as text', (t) => {
  const { told, recorder } = pair()
  recorder.failed(0, [new Blob(['a']), [new Uint8Array(2)]], new Error('no'))
  recorder.failed(undefined, 7, new Blob(['b']))
  const [first, second] = told.map(({ bytes }) => deserializeFailure(bytes))
  t.regex(first.arguments[0], /^Blob /)
  t.deepEqual(first.arguments[1], [new Uint8Array(2)])
  t.is(first.error.message, 'no')
  t.is(second.arguments, 7)
  t.regex(second.error, /^Blob /)
})

test('reports that the main thread has not taken are bounded, and failures beyond are only counted', (t) => {
  const { counts, told, recorder } = pair()
  for (let i = 0; i < 300; i++) recorder.failed(0, [], new Error('no'))
  t.deepEqual([told.length, counts.failures, counts.errorsOf(0)], [256, 300, 300])
  counts.releaseReport(told[0].bytes.length)
  for (let i = 0; i < 3; i++) recorder.failed(0, [], new Error('no'))
  t.deepEqual([told.length, counts.failures], [257, 303])
  counts.reset()
  recorder.failed(0, [], new Error('no'))
  t.is(told.length, 258)
})

test('the bytes of such reports are bounded, too, unless no other is waiting', (t) => {
  const { counts, told, recorder } = pair()
  const fail = (megabytes) => recorder.failed(0, [new Uint8Array(megabytes * 2 ** 20)], new Error('no'))
  fail(20)
  fail(1)
  t.is(told.length, 1)
  counts.releaseReport(told[0].bytes.length)
  for (let i = 0; i < 20; i++) fail(1)
  t.deepEqual([told.length, counts.failures], [9, 22])
  counts.releaseReport(told[1].bytes.length)
  fail(1)
  t.is(told.length, 10)
})

test('the delay before the next worker doubles each time, and starts again after a minute of life', (t) => {
  const backOff = new BackOff()
  const delays = [0, 0, 0, 0, 0, 0, 0, 0, 59_999, 60_000, 0].map((lifetime) => backOff.after(lifetime))
  t.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 100, 200])
})
