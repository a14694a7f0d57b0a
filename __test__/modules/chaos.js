'use strict'

// Functions of every kind, and some that end their worker or hold it forever. Each request has a number, which is the
// first argument, or the start of its bytes: `workerData` counts how often its call has begun.
// `__test__/workers-chaos.test.js` has the other side.

const { setTimeout: delay } = require('node:timers/promises')
const { workerData } = require('node:worker_threads')
const { typed } = require('../../index.js')

const begun = new Int32Array(workerData)
const never = new Promise(() => {})

function begin(id) {
  Atomics.add(begun, id, 1)
}

function numberIn(data) {
  return parseInt(Buffer.from(data.subarray(0, 20)).toString(), 10)
}

function spin() {
  for (;;);
}

module.exports = {
  int: typed('(id: int, factor: int) => int', (id, factor) => {
    begin(id)
    return id * factor
  }),
  float: typed('(id: int, x: number) => number', (id, x) => {
    begin(id)
    return id + x
  }),
  text: typed('(id: int, text: string) => string', (id, text) => {
    begin(id)
    return `${id} ${text}`
  }),
  numbers: typed('(id: int, all: number[]) => number[]', (id, all) => {
    begin(id)
    // The memory of its arguments is the function's own, so it may transfer it.
    return structuredClone(all, { transfer: [all.buffer] }).map((x) => x + id)
  }),
  bytes: typed('(data: bytes) => bytes', (data) => {
    begin(numberIn(data))
    return structuredClone(data, { transfer: [data.buffer] })
  }),
  json(id, value) {
    begin(id)
    return { id, value }
  },
  compute(id, milliseconds) {
    begin(id)
    const end = performance.now() + milliseconds
    while (performance.now() < end);
    return id
  },
  fail(id) {
    begin(id)
    throw new Error(`${id}`)
  },

  // These settle later.
  async soon(id) {
    begin(id)
    await null
    return id
  },
  async later(id, value) {
    begin(id)
    await delay(id % 5)
    return { id, value }
  },
  bytesLater: typed('(data: bytes) => bytes', async (data) => {
    begin(numberIn(data))
    await new Promise(setImmediate)
    return data
  }),
  async failLater(id) {
    begin(id)
    await delay(1)
    throw new Error(`${id}`)
  },

  // These end their worker or hold it.
  exit(id) {
    begin(id)
    process.exit(3)
  },
  exitLater(id) {
    begin(id)
    setTimeout(process.exit, 1, 4)
    return never
  },
  throwOutside(id) {
    begin(id)
    setImmediate(() => {
      throw new Error(`${id}`)
    })
    return never
  },
  exhaust(id) {
    begin(id)
    const all = []
    for (;;) all.push(new Array(1e4).fill(1.5))
  },
  spin(id) {
    begin(id)
    spin()
  },
  spinAfterwards(id) {
    begin(id)
    setImmediate(spin)
    return id
  }
}
