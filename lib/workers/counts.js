'use strict'

// A worker's counts, in memory that it shares with the main thread and that outlives it: the next worker of its seat
// continues the counts. The worker alone writes them while it lives, and the main thread alone after that.

const { FUNCTIONS_MAX } = require('../functions.js')

// Taken before the module is loaded, because the module may replace them.
const { add, load, store, sub } = Atomics

// Bytes of the heap, written once a second; calls that have begun; calls that have ended; failures of functions. Then,
// for each function, its errors and the calls that its schemas refused.
const HEAP_USED = 0
const BEGUN = 1
const ENDED = 2
const FAILURES = 3
const FUNCTIONS = 4
const LENGTH = FUNCTIONS + 2 * FUNCTIONS_MAX

// In front of the counts: failures that were sent and are still unread, and their total size.
const UNREAD = 0
const UNREAD_KIB = 1
const COUNTS_AT = Float64Array.BYTES_PER_ELEMENT

// Failures beyond these limits are only counted.
const UNREAD_MAX = 256
const UNREAD_KIB_MAX = 8 * 1024

class Counts {
  memory
  #unread
  #counts

  constructor(memory = new SharedArrayBuffer(COUNTS_AT + LENGTH * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#unread = new Int32Array(memory, 0, 2)
    this.#counts = new Float64Array(memory, COUNTS_AT)
  }

  // In the worker.

  measureHeap(bytes) {
    this.#counts[HEAP_USED] = bytes
  }

  began(count) {
    this.#counts[BEGUN] += count
  }

  ended(count) {
    this.#counts[ENDED] += count
  }

  inHand(count) {
    this.#counts[ENDED] = this.#counts[BEGUN] - count
  }

  // Returns whether the failure may be sent, if it is not too large.
  failed(index) {
    const counts = this.#counts
    counts[FAILURES]++
    if (index !== undefined) counts[FUNCTIONS + 2 * index]++
    return load(this.#unread, UNREAD) < UNREAD_MAX
  }

  // Returns whether a failure of this size may be sent. The first one may, however large it is.
  admitsReport(bytes) {
    const unread = this.#unread
    const before = load(unread, UNREAD_KIB)
    if (before > 0 && before + kibOf(bytes) > UNREAD_KIB_MAX) return false
    add(unread, UNREAD, 1)
    add(unread, UNREAD_KIB, kibOf(bytes))
    return true
  }

  refused(index) {
    this.#counts[FUNCTIONS + 2 * index + 1]++
  }

  // In the main thread.

  releaseReport(bytes) {
    sub(this.#unread, UNREAD, 1)
    sub(this.#unread, UNREAD_KIB, kibOf(bytes))
  }

  // The worker has ended, and its messages have been read.
  reset() {
    const counts = this.#counts
    counts[HEAP_USED] = 0
    counts[ENDED] = counts[BEGUN]
    store(this.#unread, UNREAD, 0)
    store(this.#unread, UNREAD_KIB, 0)
  }

  get heapUsed() {
    return this.#counts[HEAP_USED]
  }

  get calls() {
    return this.#counts[BEGUN]
  }

  get isBusy() {
    return this.#counts[BEGUN] > this.#counts[ENDED]
  }

  get failures() {
    return this.#counts[FAILURES]
  }

  errorsOf(index) {
    return this.#counts[FUNCTIONS + 2 * index]
  }

  refusalsOf(index) {
    return this.#counts[FUNCTIONS + 2 * index + 1]
  }
}

function kibOf(bytes) {
  return Math.floor(bytes / 1024)
}

module.exports = { Counts }
