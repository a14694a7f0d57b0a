'use strict'

// What the main thread and a worker know together of calls, with engine 'node': without a server, both sides in this
// thread, so that each step can be seen. workers.test.js has what comes of it.

const { setImmediate: turn } = require('node:timers/promises')
const test = require('ava')
const { Ledger, isBefore, numberAfter } = require('../lib/engines/node/ledger.js')
const { Link } = require('../lib/engines/node/link.js')
const { Queue } = require('../lib/engines/node/queue.js')
const { Workers } = require('../lib/engines/node/workers.js')
const { serve } = require('../lib/engines/node/transport.js')
const { until, withResolvers } = require('./helpers.js')

const INT32_MAX = 2 ** 31 - 1

// A link and the transport at its other end, which runs `handler`, one plain function. `told` is what the link was
// told.
function linked(t, handler) {
  const told = []
  const failures = []
  const link = new Link(0, 1, (_link, each) => told.push(each))
  const { ticket } = link.ticket
  const counts = { began: 0, ended: 0 }
  const done = serve(ticket, { handler }, {
    began: () => counts.began++,
    ended: () => counts.ended++,
    failed: (index, n, error) => failures.push([n, error]),
    refused() {}
  })
  t.teardown(() => link.end())
  const give = (...numbers) => {
    const calls = numbers.map((n) => ({ n, moves: 0 }))
    link.give(calls, numbers, performance.now())
    return calls
  }
  const answers = () => told.filter(Boolean).map(([, , , { body } = {}]) => body)
  return { link, told, failures, counts, done, give, answers }
}

test('calls that are given are run in their order, and each is told before the next begins', async (t) => {
  const seen = []
  const { link, told, give, answers, counts } = linked(t, (n) => {
    seen.push([n, told.length])
    return 2 * n
  })
  give(1, 2, 3)
  t.false(link.isFree)
  await until(() => link.isFree)
  await until(() => told.length === 3)
  t.deepEqual(seen.map(([n]) => n), [1, 2, 3])
  t.deepEqual(answers(), ['2', '4', '6'])
  t.deepEqual(counts, { began: 3, ended: 3 })
})

test('a call that ends its thread has begun, those behind it have not, and what was posted before is heard', async (t) => {
  let atDeath
  const { link, answers, give } = linked(t, (n) => {
    // As if the thread had ended here.
    if (n === 3) atDeath = link.lose()
    return n
  })
  const calls = give(1, 2, 3, 4, 5)
  for (const call of calls) call.name = `call ${call.n}`
  await until(() => atDeath !== undefined)
  t.deepEqual(answers(), ['1', '2'])
  // The test does not answer calls, as an engine does when it is told.
  t.deepEqual(atDeath.begun.map(({ n }) => n), [1, 2, 3])
  t.deepEqual(atDeath.unbegun.map(({ n }) => n), [4, 5])
})

test('what is taken back while a call holds the worker is not run, and what is given afterwards is', async (t) => {
  const ran = []
  let taken
  const { link, give, answers } = linked(t, (n) => {
    ran.push(n)
    if (n === 1) taken = link.takeBack()
    return n
  })
  give(1, 2, 3)
  await until(() => link.isFree)
  t.deepEqual(ran, [1])
  t.deepEqual(taken.map(({ n, link: at, moves }) => [n, at, moves]), [[2, undefined, 1], [3, undefined, 1]])
  t.deepEqual(link.takeBack(), [])
  give(4)
  await until(() => link.isFree)
  await turn()
  t.deepEqual(ran, [1, 4])
  t.deepEqual(answers(), ['1', '4'])
})

test('a worker that finds all taken back tells that it is free', async (t) => {
  const { link, told, give } = linked(t, (n) => n)
  give(1, 2)
  t.is(link.takeBack().length, 2)
  t.false(link.isFree)
  await until(() => told.length > 0)
  t.deepEqual(told, [undefined])
  t.true(link.isFree)
})

test('a worker is free while promises are open, and what they come to is told when they settle', async (t) => {
  const promises = [withResolvers(), withResolvers()]
  const { link, told, failures, give, answers, counts } = linked(t, (n) => promises[n].promise)
  give(0, 1)
  await until(() => link.isFree)
  t.is(link.open, 2)
  await until(() => told.length === 1)
  promises[1].resolve(7)
  await until(() => told.length === 2)
  promises[0].reject(new Error('no'))
  await until(() => told.length === 3)
  t.is(answers()[0], '7')
  t.deepEqual(failures.map(([n, { message }]) => [n, message]), [[0, 'no']])
  t.deepEqual(counts, { began: 2, ended: 2 })
})

test('a call that is given up is not waited for, and what it comes to is told without an answer', async (t) => {
  const { promise, resolve } = withResolvers()
  const { link, told, give, answers, counts } = linked(t, () => promise)
  const [call] = give(1)
  await until(() => link.isFree)
  link.giveUp(call)
  t.is(link.open, 0)
  await until(() => counts.ended === 1)
  resolve(1)
  await until(() => told.length === 2)
  t.deepEqual(answers(), ['1'])
  t.is(link.settled(told[1][0]), undefined)
  t.is(counts.ended, 1)
})

test('a worker that dies in a call that is over: that call is told of, too', async (t) => {
  let atDeath
  const { link, give } = linked(t, (n) => {
    if (n === 2) {
      link.giveUp(calls[1])
      atDeath = link.lose()
    }
    return n
  })
  const calls = give(1, 2)
  await until(() => atDeath !== undefined)
  t.deepEqual(atDeath.begun.map(({ n }) => n), [1, 2])
})

test('a look shows whether a call holds the worker, and for how long', async (t) => {
  const looks = []
  const { link, give } = linked(t, (n) => {
    looks.push(link.look(1000), link.isHeld, link.look(1250))
    return n
  })
  t.false(link.isExpected)
  give(1)
  t.true(link.isExpected)
  await until(() => link.isFree)
  t.deepEqual(looks, [0, true, 250])
  t.is(link.look(2000), 0)
  t.false(link.isHeld)
  link.ask(2000)
  t.true(link.isExpected)
  await turn()
  t.is(link.look(3000), 0)
  t.false(link.isExpected)
})

test('what no worker begins waits twice as long each time before it is taken back', (t) => {
  const link = new Link(0, 1, () => {})
  t.teardown(() => link.end())
  const call = { moves: 0 }
  link.give([call], [1], 0)
  t.is(link.patience(20), 20)
  link.takeBack()
  link.give([call], [1], 0)
  t.is(link.patience(20), 40)
})

test('no call will come any more: the worker is told', async (t) => {
  const { link, done } = linked(t, (n) => n)
  link.end()
  await done
  t.pass()
})

// The executor, for an engine that notes what it is told. `begin(seat, handler)` puts a worker there, in this thread.
function executor(t, options) {
  const told = []
  const overdue = []
  const workers = new Workers({
    options: { maxInFlight: 1000, batchSize: 100, handlerTimeout: 1000, ...options },
    counters: { countBatch() {} },
    read: () => true,
    count() {},
    answer: ({ n }, { body }) => told.push([n, body]),
    fail: ({ n }, { code }) => told.push([n, code])
  }, { table: { isPlain: true }, onOverdue: (...at) => overdue.push(at) })
  t.teardown(() => workers.end())
  const tally = { began() {}, ended() {}, failed() {}, refused() {} }
  return {
    workers,
    told,
    overdue,
    begin: (seat, handler) => serve(workers.ticketFor(seat).ticket, { handler }, tally),
    add(...numbers) {
      for (const n of numbers) {
        workers.add(Object.assign(workers.handler.callOf({ n }), { connection: n, exchange: {} }))
      }
    }
  }
}

const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)

test('what a worker had begun when it was lost fails, and what it had not begun goes to the next', async (t) => {
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

test('what a worker does not begin, although no call holds it, goes to one that is free', async (t) => {
  const { workers, told, begin, add } = executor(t)
  // Nobody takes what it is given.
  workers.ticketFor(0)
  add(1)
  await turn()
  begin(1, (n) => n)
  await until(() => told.length > 0)
  t.deepEqual(told, [[1, '1']])
})

test('a worker is overdue once, where it has not moved for handlerTimeout', async (t) => {
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

test('numbers of calls go around', (t) => {
  t.is(numberAfter(INT32_MAX), -(2 ** 31))
  t.true(isBefore(INT32_MAX, numberAfter(INT32_MAX)))
  t.false(isBefore(numberAfter(INT32_MAX), INT32_MAX))
  const ledger = new Ledger()
  new Int32Array(ledger.memory).fill(INT32_MAX, 0, 2)
  t.true(ledger.begin(INT32_MAX))
  t.true(ledger.isHeld)
  ledger.returned(INT32_MAX, 1)
  t.false(ledger.isHeld)
  t.is(ledger.through, -(2 ** 31))
  t.is(ledger.takeBack(numberAfter(INT32_MAX, 3)), -(2 ** 31))
  t.false(ledger.begin(numberAfter(INT32_MAX)))
})

test('one slow call does not make the others seem slow', (t) => {
  const ledger = new Ledger()
  ledger.pace = 0.01
  ledger.begin(0)
  ledger.returned(0, 50_000)
  t.true(ledger.pace < 0.2, `${ledger.pace}`)
})

test('the queue: connections take turns, what came back goes first, and what is over leaves it', (t) => {
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
