'use strict'

// The body of one request, as far as it has arrived. The connection owns it until the request is complete, then the call
// does, until it is taken. Its bytes are counted by the engine's `BodyQuota`, which bounds those of all bodies together.

// A body of so many bytes at most is not counted: the numbers of connections and of calls bound how many such there are,
// and large ones that do not come to an end leave room for them.
const UNCOUNTED_BYTES_MAX = 1024

class BodyQuota {
  #left

  constructor(size) {
    this.#left = size
  }

  take(count) {
    if (count > this.#left) return false
    this.#left -= count
    return true
  }

  giveBack(count) {
    this.#left += count
  }
}

class Body {
  #quota
  #most
  #buffer = Buffer.alloc(0)
  #length = 0
  #reserved = 0

  // It will have `most` bytes at most.
  constructor(quota, most) {
    this.#quota = quota
    this.#most = most
  }

  // Returns whether there was room for it. It is copied into one buffer, as every small piece would cost far more than
  // its bytes.
  add(bytes) {
    const needed = this.#length + bytes.length
    if (needed > this.#buffer.length && !this.#grow(needed)) return false
    bytes.copy(this.#buffer, this.#length)
    this.#length = needed
    return true
  }

  // Half as much again each time, so that it is copied seldom.
  #grow(needed) {
    const size = Math.max(needed, Math.min(Math.floor(this.#buffer.length * 1.5), this.#most))
    if (size > UNCOUNTED_BYTES_MAX) {
      if (!this.#quota.take(size - this.#reserved)) return false
      this.#reserved = size
    }
    const grown = Buffer.allocUnsafeSlow(size)
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
    return true
  }

  // Nothing where none has come.
  get bytes() {
    return this.#length === 0 ? undefined : this.#buffer.subarray(0, this.#length)
  }

  giveBack() {
    this.#quota.giveBack(this.#reserved)
    this.#reserved = 0
    this.#buffer = undefined
    this.#length = 0
  }
}

module.exports = { Body, BodyQuota }
