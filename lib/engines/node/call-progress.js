'use strict'

// The progress of the calls that a worker was given, known to the worker and the main thread, in shared memory that
// outlives the worker.
//
// Calls are numbered in the order in which they are given, and begin in that order. So one number says which of them
// have begun. The worker raises it to begin the next call, and the main thread raises it to take calls back; whichever
// raises it first decides. Numbers wrap around at 2^32 and are compared by their difference.

// Taken before a worker's module is loaded, because the module may replace them.
const { add, compareExchange, load, store } = Atomics

// The first call that has neither begun nor been taken back.
const NEXT = 0
// The first call that the worker has not passed. Earlier calls were run, or had been taken back.
const THROUGH = 1
// The call that began last.
const CURRENT = 2
// Rises whenever the worker does something, and is odd while a call holds the thread.
const PHASE = 3
// The average number of microseconds for which a call holds the thread.
const PACE = 4
const LENGTH = 5

// A call's share in the average is at most this long, so that one slow call does not make the others look slow.
const CALL_MS_MAX = 1
const MICROSECONDS = 1000
// The weight of the newest call in the average.
const WEIGHT = 1 / 8

class CallProgress {
  memory
  #words

  constructor(memory = new SharedArrayBuffer(LENGTH * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  // In the worker.

  // The worker reads messages, so its event loop turns.
  looked() {
    add(this.#words, PHASE, 2)
  }

  // Returns whether to run the call: it was not taken back.
  begin(number) {
    if (compareExchange(this.#words, NEXT, number, numberAfter(number)) !== number) return false
    store(this.#words, CURRENT, number)
    add(this.#words, PHASE, 1)
    return true
  }

  // The call no longer holds the thread.
  returned(number, milliseconds) {
    const pace = load(this.#words, PACE)
    const sample = Math.min(milliseconds, CALL_MS_MAX) * MICROSECONDS
    store(this.#words, PACE, Math.round(pace + (sample - pace) * WEIGHT))
    add(this.#words, PHASE, 1)
    this.passed(number)
  }

  // The call was taken back, or is done.
  passed(number) {
    store(this.#words, THROUGH, numberAfter(number))
  }

  // In the main thread.

  // Takes back the calls before `end` that have not begun. Returns the first one's number.
  takeBack(end) {
    for (;;) {
      const next = this.next
      if (compareExchange(this.#words, NEXT, next, end) === next) return next
    }
  }

  get next() {
    return load(this.#words, NEXT)
  }

  get through() {
    return load(this.#words, THROUGH)
  }

  get phase() {
    return load(this.#words, PHASE)
  }

  get isHeld() {
    return this.phase % 2 !== 0
  }

  get current() {
    return load(this.#words, CURRENT)
  }

  get pace() {
    return load(this.#words, PACE) / MICROSECONDS
  }

  set pace(milliseconds) {
    store(this.#words, PACE, milliseconds * MICROSECONDS)
  }
}

function numberAfter(number, count = 1) {
  return (number + count) | 0
}

function isBefore(number, other) {
  return ((number - other) | 0) < 0
}

module.exports = { CallProgress, isBefore, numberAfter }
