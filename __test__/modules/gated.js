'use strict'

// Functions for worker threads: the test sees their calls begin, and lets them go on. `workerData` is the memory of the
// gates: for each gate how many calls have reached it, and whether it is open. A waiting call of `hold` blocks its
// thread, one of `wait` does not. `__test__/workers.test.js` has the other side.

const { AsyncLocalStorage } = require('node:async_hooks')
const { setTimeout: delay } = require('node:timers/promises')
const { isMainThread, threadId, workerData } = require('node:worker_threads')
const { typed } = require('../../index.js')

const gates = new Int32Array(workerData)
const storage = new AsyncLocalStorage()
let calls = 0

function arrive(gate) {
  Atomics.add(gates, 2 * gate, 1)
}

function spin() {
  for (;;);
}

function spinInMicrotasks() {
  Promise.resolve().then(spinInMicrotasks)
}

function hold(gate) {
  arrive(gate)
  Atomics.wait(gates, 2 * gate + 1, 0)
  return threadId
}

async function wait(gate) {
  arrive(gate)
  while (Atomics.load(gates, 2 * gate + 1) === 0) await delay(1)
  return threadId
}

function exhaust() {
  const all = []
  for (;;) all.push(new Array(1e4).fill(1.5))
}

// A schema whose check waits: the function is called only after it.
const Patient = {
  '~standard': {
    version: 1,
    vendor: 'ringcall',
    async validate(value) {
      await wait(value)
      return { value }
    }
  }
}

module.exports = {
  hold,
  wait,
  exhaust,
  sum: (a, b) => a + b,
  thread: () => (isMainThread ? -1 : threadId),
  // How often this thread has been called.
  count: () => ++calls,
  arrive: (gate) => arrive(gate),
  exit(code, gate) {
    arrive(gate)
    process.exit(code)
  },
  spin(gate) {
    arrive(gate)
    spin()
  },
  // The call ends, and then the thread is blocked.
  thenSpin(how) {
    if (how === 'timer') setTimeout(spin)
    if (how === 'immediate') setImmediate(spin)
    if (how === 'microtasks') setImmediate(spinInMicrotasks)
    return how
  },
  // The call never ends, and then code outside any call throws.
  throwOutside() {
    setTimeout(() => {
      throw new RangeError('It has nobody.')
    })
    return new Promise(() => {})
  },
  fail() {
    const cause = Object.assign(new Error('Below.'), { code: 'ERR_BELOW' })
    throw Object.assign(new TypeError('It fails.', { cause }), { code: 'ERR_ABOVE' })
  },
  never: () => new Promise(() => {}),
  later: (milliseconds) => delay(milliseconds, threadId),
  // Whether it sees nothing of another call's context.
  async enter(n) {
    const before = storage.getStore()
    storage.enterWith(n)
    await null
    return before === undefined && storage.getStore() === n
  },
  compute(milliseconds) {
    const end = performance.now() + milliseconds
    while (performance.now() < end);
    return threadId
  },
  checked: typed('(gate: Patient, after: int) => void', (gate, after) => arrive(after), { types: { Patient } }),
  bytes: typed('(data: bytes) => bytes', (data) => data),
  refused: typed('(n: int) => int', (n) => n)
}
