'use strict'

// The loop over batches, with a binding that the test simulates, for cases that no request over a socket brings about.
// The loops of a thread share its turns, so the tests run one at a time.

const test = require('ava')
const { createBatches } = require('../lib/calls/batches.js')
const { createPlainCalls } = require('../lib/calls/plain')
const { until } = require('./helpers')

// The units of `claims`.
const CALL = 1
const RESULT = 2 ** 11
const TAKEN_BACK = 2 ** 22

// A binding with a call for each of `numbers`. `posted` has the replies, `told` the handler's errors.
function start(numbers, handler) {
  const posted = []
  const told = []
  let taken = 0
  let inBatch = 0
  const began = performance.now()
  const onHandlerError = (error) => told.push(error)
  const batches = createBatches({
    createCalls: (...shared) => createPlainCalls({ handler, batchSize: 16, bigint: false, onHandlerError }, ...shared),
    batchSize: 16,
    handlerTimeout: 0,
    onEnd() {}
  })
  const { ids, cells, resultIds, resultValues, state } = batches.arrays
  const native = {
    post(results) {
      for (let i = 0; i < results; i++) posted.push([resultIds[i], resultValues[i]])
    },
    nextBatch: () => (results, begun) => {
      native.post(results)
      taken -= inBatch - begun
      state[0] = performance.now() - began
      inBatch = numbers.length - taken
      for (let i = 0; i < inBatch; i++) {
        ids[i] = taken
        cells[i] = numbers[taken++]
      }
      return inBatch
    },
    replyText: (id, kind, text, status) => posted.push([id, status])
  }
  batches.start(native)
  return { batches, posted, told }
}

test.serial('a handler that runs the event loop gets no second batch before the first one ends', async (t) => {
  const ran = []
  const started = start([1, 2, 3], (n) => {
    ran.push(n)
    // As with deasync: the binding's call comes while the handler runs.
    started.batches.dispatch()
    t.is(started.posted.length, ran.length - 1)
    return 10 * n
  })
  started.batches.dispatch()
  await until(() => started.posted.length === 3)
  t.deepEqual(ran, [1, 2, 3])
  t.deepEqual(started.posted, [[0, 10], [1, 20], [2, 30]])
})

test.serial('an error in the loop is thrown, and the calls behind it run in the next turn', async (t) => {
  const mistake = new Error('as the test wants it')
  const ran = []
  const started = start([1, 2, 3], (n) => {
    ran.push(n)
    return n === 1 ? 'no integer' : n
  })
  started.told.push = () => {
    throw mistake
  }
  t.is(t.throws(() => started.batches.dispatch()), mistake)
  t.deepEqual(ran, [1])
  await until(() => started.posted.length >= 2)
  t.deepEqual(ran, [1, 2, 3])
})

test.serial('a batch that takes too long is left, and the calls that it had not begun come again', async (t) => {
  const ran = []
  const started = start([1, 2, 3, 4, 5, 6, 7, 8], (n) => {
    ran.push([n, started.posted.length])
    const end = performance.now() + 2
    while (performance.now() < end);
    return n
  })
  started.batches.dispatch()
  await until(() => started.posted.length === 8)
  t.deepEqual(ran.map(([n]) => n), [1, 2, 3, 4, 5, 6, 7, 8])
  t.true(ran.at(-1)[1] >= 2, 'the results so far are posted before the last call runs')
})

test.serial('the loops of a thread share a turn: the others wait for the next one, and none is starved', async (t) => {
  let tick = 0
  let isOver = false
  const count = () => {
    tick++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const ran = []
  const loops = [1, 2, 3, 4].map((loop) => start([1, 2, 3, 4, 5, 6], (n) => {
    ran.push([tick, loop])
    const end = performance.now() + 4
    while (performance.now() < end);
    return n
  }))
  for (const { batches } of loops) batches.dispatch()
  await until(() => loops.every(({ posted }) => posted.length === 6))
  isOver = true
  for (const [at] of ran) {
    const calls = ran.filter(([each]) => each === at).length
    t.true(calls <= 4, `${calls} calls of 4 ms in one turn`)
  }
  t.is(new Set(ran.slice(0, 16).map(([, loop]) => loop)).size, 4)
})

// A worker's loop over a binding that gives it a batch of two calls for each element of `given`: the value of `claims`
// when the loop goes on. `seen` has that value whenever arguments are read or a call runs, and the number of results
// whenever the loop asks for a batch.
function startWorker({ given, run, onRead = () => {} }) {
  const seen = []
  let batches
  const claims = () => Atomics.load(batches.arrays.claims, 0)
  const recorder = { began() {}, inHand() {} }
  const createCalls = (results, onPromise) => ({
    arrays: {},
    begin() {
      seen.push(['reads', claims()])
      onRead()
    },
    run(index) {
      seen.push(['runs', claims()])
      run(index, results, onPromise)
    },
    end() {}
  })
  batches = createBatches({ createCalls, batchSize: 2, handlerTimeout: 0, onEnd() {}, recorder })
  const native = {
    nextBatch: () => (results) => {
      seen.push(['asks', results])
      if (given.length === 0) return 0
      Atomics.store(batches.arrays.claims, 0, given.shift())
      return 2
    },
    inHand: () => 0
  }
  batches.start(native)
  return { batches, seen, takeBack: () => Atomics.or(batches.arrays.claims, 0, TAKEN_BACK) }
}

// A worker that has dispatched everything. A thread that stands still for a millisecond ends its batch early; then it is
// another worker's turn.
function dispatchUndisturbed({ given, run }) {
  for (let tries = 1; ; tries++) {
    const worker = startWorker({ given: [...given], run })
    worker.batches.dispatch()
    if (worker.seen.filter(([what]) => what === 'runs').length === 2 || tries === 100) return worker
  }
}

test.serial('a worker claims its first call before it reads the arguments, and each other call before it runs', (t) => {
  const { seen } = dispatchUndisturbed({ given: [0], run: (index, results) => results.addNumber(index, 1) })
  t.deepEqual(seen, [
    ['asks', 0], ['reads', CALL], ['runs', CALL], ['runs', 2 * CALL + RESULT], ['asks', 2]
  ])
})

test.serial('a batch taken back before its first call began is neither read nor run', (t) => {
  const given = [TAKEN_BACK, 0]
  const worker = dispatchUndisturbed({ given, run: (index, results) => results.addNumber(index, 1) })
  t.deepEqual(worker.seen.map(([what]) => what), ['asks', 'asks', 'reads', 'runs', 'runs', 'asks'])
})

test.serial('while the arguments are read, the calls behind the first one may go to others', (t) => {
  const worker = startWorker({
    given: [0],
    run: (index, results) => results.addNumber(index, 1),
    onRead: () => worker.takeBack()
  })
  worker.batches.dispatch()
  t.deepEqual(worker.seen.map(([what]) => what), ['asks', 'reads', 'runs', 'asks'])
})

test.serial('results may be taken before the continuations of promises run', async (t) => {
  let shown
  const worker = dispatchUndisturbed({
    given: [0],
    run(index, results, onPromise) {
      if (index === 1) return results.addNumber(index, 1)
      onPromise()
      Promise.resolve().then(() => {
        shown = Atomics.load(worker.batches.arrays.claims, 0)
      })
    }
  })
  await until(() => shown !== undefined)
  t.is(shown, 2 * CALL + RESULT)
})
