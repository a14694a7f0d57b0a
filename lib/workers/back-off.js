'use strict'

// The delay before a worker that has ended is replaced. It doubles each time, unless the last worker has lived long.

const FIRST_MS = 100
const LONGEST_MS = 10_000
const LONG_LIFE_MS = 60_000

class BackOff {
  #next = FIRST_MS

  // `lifetime` is the milliseconds for which the worker could take calls.
  after(lifetime) {
    if (lifetime >= LONG_LIFE_MS) this.#next = FIRST_MS
    const delay = this.#next
    this.#next = Math.min(2 * delay, LONGEST_MS)
    return delay
  }
}

module.exports = { BackOff }
