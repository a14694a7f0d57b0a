'use strict'

// What the main thread and a worker of engine 'node' share about calls: without a server, and with both sides in this
// thread, so that each step can be seen. workers.test.js has the effects.

const { setImmediate: turn } = require('node:timers/promises')
const test = require('ava')
const { CallProgress, isBefore, numberAfter } = require('../lib/engines/node/call-progress.js')
const { WorkerChannel } = require('../lib/engines/node/worker-channel.js')
const { Queue } = require('../lib/engines/node/queue.js')
const { Workers } = require('../lib/engines/node/workers.js')
const { serve } = require('../lib/engines/node/transport.js')
const { until, withResolvers } = require('./helpers.js')

const INT32_MAX = 2 ** 31 - 1

// A channel and the transport at its other end, which runs `handler`, one plain function. `told` has what the channel
// has reported.
function connected(t, handler) {
  const told = []
  const failures = []
  const channel = new WorkerChannel(0, 1, (_channel, each) => told.push(each))
  const { ticket } = channel.ticket
  const counts = { began: 0, ended: 0 }
  const done = serve(ticket, { handler }, {
    began: () => counts.began++,
    ended: () => counts.ended++,
    failed: (index, n, error) => failures.push([n, error]),
    refused() {}
  })
  t.teardown(() => channel.end())
  const give = (...numbers) => {
    const calls = numbers.map((n) => ({ n, moves: 0 }))
    channel.give(calls, numbers, performance.now())
    return calls
  }
  const answers = () => told.filter(Boolean).map(([, , , { body } = {}]) => body)
  return { channel, told, failures, counts, done, give, answers }
}

test('calls are run in the order in which they are given, and each has ended before the next begins', async (t) => {
  const seen = []
  const { channel, told, give, answers, counts } = connected(t, (n) => {
    seen.push([n, counts.ended])
    return 2 * n
  })
  give(1, 2, 3)
  t.false(channel.isFree)
  await until(() => channel.isFree)
  await until(() => told.length === 3)
  t.deepEqual(seen, [[1, 0], [2, 1], [3, 2]])
  t.deepEqual(answers(), ['2', '4', '6'])
  t.deepEqual(counts, { began: 3, ended: 3 })
})

test('a call that ends its thread has begun, later ones have not, and earlier answers are still read', async (t) => {
  let atDeath
  const { channel, answers, give } = connected(t, (n) => {
    // As if the thread had ended here.
    if (n === 3) atDeath = channel.lose()
    return n
  })
  const calls = give(1, 2, 3, 4, 5)
  for (const call of calls) call.name = `call ${call.n}`
  await until(() => atDeath !== undefined)
  t.deepEqual(answers(), ['1', '2'])
  // 1 and 2 are among them, as this test does not answer calls, which an engine would.
  t.deepEqual(atDeath.begun.map(({ n }) => n), [1, 2, 3])
  t.deepEqual(atDeath.unbegun.map(({ n }) => n), [4, 5])
})

test('calls taken back while another one holds the worker are not run, and calls given afterwards are', async (t) => {
  const ran = []
  let taken
  const { channel, give, answers } = connected(t, (n) => {
    ran.push(n)
    if (n === 1) taken = channel.takeBack()
    return n
  })
  give(1, 2, 3)
  await until(() => channel.isFree)
  t.deepEqual(ran, [1])
  t.deepEqual(taken.map(({ n, channel: at, moves }) => [n, at, moves]), [[2, undefined, 1], [3, undefined, 1]])
  t.deepEqual(channel.takeBack(), [])
  give(4)
  await until(() => channel.isFree)
  await turn()
  t.deepEqual(ran, [1, 4])
  t.deepEqual(answers(), ['1', '4'])
})

test('a worker whose calls are all taken back reports that it is free', async (t) => {
  const { channel, told, give } = connected(t, (n) => n)
  give(1, 2)
  t.is(channel.takeBack().length, 2)
  t.false(channel.isFree)
  await until(() => told.length > 0)
  t.deepEqual(told, [undefined])
  t.true(channel.isFree)
})

test('a worker is free while promises are open, and their outcomes are reported when they settle', async (t) => {
  const promises = [withResolvers(), withResolvers()]
  const { channel, told, failures, give, answers, counts } = connected(t, (n) => promises[n].promise)
  give(0, 1)
  await until(() => channel.isFree)
  t.is(channel.open, 2)
  await until(() => told.length === 1)
  promises[1].resolve(7)
  await until(() => told.length === 2)
  promises[0].reject(new Error('no'))
  await until(() => told.length === 3)
  t.is(answers()[0], '7')
  t.deepEqual(failures.map(([n, { message }]) => [n, message]), [[0, 'no']])
  t.deepEqual(counts, { began: 2, ended: 2 })
})

test('a call that is given up is not waited for, and its late outcome belongs to no call', async (t) => {
  const { promise, resolve } = withResolvers()
  const { channel, told, give, answers, counts } = connected(t, () => promise)
  const [call] = give(1)
  await until(() => channel.isFree)
  channel.giveUp(call)
  t.is(channel.open, 0)
  await until(() => counts.ended === 1)
  resolve(1)
  await until(() => told.length === 2)
  t.deepEqual(answers(), ['1'])
  t.is(channel.settled(told[1][0]), undefined)
  t.is(counts.ended, 1)
})

test('a worker that dies in a call that was given up: that call is reported, too', async (t) => {
  let atDeath
  const { channel, give } = connected(t, (n) => {
    if (n === 2) {
      channel.giveUp(calls[1])
      atDeath = channel.lose()
    }
    return n
  })
  const calls = give(1, 2)
  await until(() => atDeath !== undefined)
  t.deepEqual(atDeath.begun.map(({ n }) => n), [1, 2])
})

test('a look shows whether a call holds the worker, and for how long', async (t) => {
  const looks = []
  const { channel, give } = connected(t, (n) => {
    looks.push(channel.look(1000), channel.isHeld, channel.look(1250))
    return n
  })
  t.false(channel.isExpected)
  give(1)
  t.true(channel.isExpected)
  await until(() => channel.isFree)
  t.deepEqual(looks, [0, true, 250])
  t.is(channel.look(2000), 0)
  t.false(channel.isHeld)
  channel.probe(2000)
  t.true(channel.isExpected)
  await turn()
  t.is(channel.look(3000), 0)
  t.false(channel.isExpected)
})

test('a call that no worker begins waits twice as long each time before it is taken back', (t) => {
  const channel = new WorkerChannel(0, 1, () => {})
  t.teardown(() => channel.end())
  const call = { moves: 0 }
  channel.give([call], [1], 0)
  t.is(channel.patience(20), 20)
  channel.takeBack()
  channel.give([call], [1], 0)
  t.is(channel.patience(20), 40)
})

test('a worker is told when no more calls will come', async (t) => {
  const { channel, done } = connected(t, (n) => n)
  channel.end()
  await done
  t.pass()
})

// The executor, with an engine that records answers in `told`. `begin(seat, handler)` puts a worker in the seat, in
// this thread.
function executor(t, options) {
  const told = []
  const overdue = []
  const workers = new Workers({
    options: { maxInFlight: 1000, batchSize: 100, handlerTimeout: 1000, ...options },
    counters: { countBatch() {} },
    read: () => true,
    count() {},
    answer: ({ integer: n }, { body }) => told.push([n, body]),
    fail: ({ integer: n }, { code }) => told.push([n, code])
  }, { table: { isPlain: true }, onOverdue: (...at) => overdue.push(at) })
  t.teardown(() => workers.end())
  const recorder = { began() {}, ended() {}, failed() {}, refused() {} }
  return {
    workers,
    told,
    overdue,
    begin: (seat, handler) => serve(workers.ticketFor(seat).ticket, { handler }, recorder),
    add(...numbers) {
      for (const n of numbers) {
        workers.add(Object.assign(workers.handler.callOf({ integer: n }), { connection: n, transaction: {} }))
      }
    }
  }
}

const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)

test('the call that a lost worker had begun fails, and those that it had not begun go to the next', async (t) => {
  const { workers, told, begin, add } = executor(t)
  begin(0, (n) => {
    // As if the thread had ended here.
    if (n === 102) workers.lost(0)
    return n
  })
  add(...range(0, 100))
  await until(() => told.length === 100)
  told.length = 0
  add(101, 102, 103, 104)
  await until(() => told.length === 2)
  t.deepEqual(told, [[101, '101'], [102, 'ERR_WORKER_DIED']])
  t.false(workers.isIdle)
  begin(1, (n) => -n)
  await until(() => workers.isIdle)
  t.deepEqual(told.slice(2), [[103, '-103'], [104, '-104']])
})

test('a call that a worker does not begin, although no call holds it, goes to a free one', async (t) => {
  const { workers, told, begin, add } = executor(t)
  // No thread takes the calls that this worker is given.
  workers.ticketFor(0)
  add(1)
  await turn()
  begin(1, (n) => n)
  await until(() => told.length > 0)
  t.deepEqual(told, [[1, '1']])
})

test('a worker that has not moved for handlerTimeout is reported as overdue once', async (t) => {
  const { workers, told, overdue, begin, add } = executor(t)
  workers.ticketFor(0)
  add(1)
  await turn()
  const now = performance.now()
  workers.sweep(now + 900)
  t.deepEqual(overdue, [])
  workers.sweep(now + 1001)
  workers.sweep(now + 3000)
  t.deepEqual(overdue, [[0, 0]])
  begin(0, (n) => n)
  await until(() => told.length > 0)
  workers.sweep(now + 9000)
  workers.sweep(now + 19_000)
  t.deepEqual(overdue, [[0, 0]])
})

test('numbers of calls wrap around', (t) => {
  t.is(numberAfter(INT32_MAX), -(2 ** 31))
  t.true(isBefore(INT32_MAX, numberAfter(INT32_MAX)))
  t.false(isBefore(numberAfter(INT32_MAX), INT32_MAX))
  const progress = new CallProgress()
  new Int32Array(progress.memory).fill(INT32_MAX, 0, 2)
  t.true(progress.begin(INT32_MAX))
  t.true(progress.isHeld)
  progress.returned(INT32_MAX, 1)
  t.false(progress.isHeld)
  t.is(progress.through, -(2 ** 31))
  t.is(progress.takeBack(numberAfter(INT32_MAX, 3)), -(2 ** 31))
  t.false(progress.begin(numberAfter(INT32_MAX)))
})

test('one slow call does not make the others seem slow', (t) => {
  const progress = new CallProgress()
  progress.pace = 0.01
  progress.begin(0)
  progress.returned(0, 50_000)
  t.true(progress.pace < 0.2, `${progress.pace}`)
})

test('the queue: connections take turns, calls put back go first, and dropped calls leave it', (t) => {
  const queue = new Queue()
  const call = (name, connection) => ({ name, connection })
  const calls = ['a1', 'a2', 'a3', 'b1', 'c1'].map((name) => call(name, name[0]))
  for (const each of calls) queue.add(each)
  const take = () => queue.take()?.name
  t.is(queue.size, 5)
  const [first, second] = [queue.take(), queue.take()]
  t.deepEqual([first.name, second.name], ['a1', 'b1'])
  queue.putBack([first, second])
  t.is(queue.size, 5)
  queue.drop(second)
  queue.drop(calls[4])
  queue.drop(calls[1])
  queue.drop(calls[1])
  t.is(queue.size, 2)
  t.deepEqual([take(), take(), take()], ['a1', 'a3', undefined])
  t.true(queue.isEmpty)
})
