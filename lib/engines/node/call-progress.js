'use strict'

// What the main thread and one worker both know of the calls that the worker is given, in memory that they share and
// that outlives the worker.
//
// Calls have numbers in the order in which they are given, and begin in that order. So one number tells which have
// begun: whoever raises it, the worker past the next call or the main thread past all that it takes back, decides
// about those in between. Numbers go around after 2^32, and are compared by their difference.

// Taken before a worker's module is loaded, which may replace them.
const { add, compareExchange, load, store } = Atomics

// The first call that has neither begun nor been taken back.
const NEXT = 0
// The first call that the worker has not gone through: all before have been run, or were found to be taken back.
const THROUGH = 1
// The call that has begun last.
const CURRENT = 2
// Rises with all that the worker does, and is odd while a call holds the thread.
const PHASE = 3
// How many microseconds a call holds the thread, on average.
const PACE = 4
const LENGTH = 5

// A call counts for so long at most: one that is slow is not to make the others seem so.
const CALL_MS_MAX = 1
const MICROSECONDS = 1000
// Of the average, what the next call counts for.
const WEIGHT = 1 / 8

class CallProgress {
  memory
  #words

  constructor(memory = new SharedArrayBuffer(LENGTH * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  // In the worker.

  // It looks into what has arrived, so its event loop turns.
  looked() {
    add(this.#words, PHASE, 2)
  }

  // Returns whether the call is to be run: it was not taken back.
  begin(number) {
    if (compareExchange(this.#words, NEXT, number, numberAfter(number)) !== number) return false
    store(this.#words, CURRENT, number)
    add(this.#words, PHASE, 1)
    return true
  }

  // The call does not hold the thread any more.
  returned(number, milliseconds) {
    const pace = load(this.#words, PACE)
    const sample = Math.min(milliseconds, CALL_MS_MAX) * MICROSECONDS
    store(this.#words, PACE, Math.round(pace + (sample - pace) * WEIGHT))
    add(this.#words, PHASE, 1)
    this.passed(number)
  }

  // The call had been taken back, or is done.
  passed(number) {
    store(this.#words, THROUGH, numberAfter(number))
  }

  // In the main thread.

  // Takes back what has not begun of the calls before `end`. Returns the first one of them.
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
