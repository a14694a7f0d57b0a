'use strict'

// The body of one request, as far as it has arrived. The connection owns it until the request is complete, and then the
// call until its arguments are read. The engine's `BodyQuota` counts its bytes, and bounds those of all bodies
// together.

// A body of at most this many bytes is not counted. The limits of connections and of calls bound the number of such
// bodies, and unfinished large bodies leave room for them.
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

  // The body has at most `most` bytes.
  constructor(quota, most) {
    this.#quota = quota
    this.#most = most
  }

  // Returns whether there was room. The bytes are copied into one buffer, because each small piece would cost far more
  // than its bytes.
  add(bytes) {
    const needed = this.#length + bytes.length
    if (needed > this.#buffer.length && !this.#grow(needed)) return false
    bytes.copy(this.#buffer, this.#length)
    this.#length = needed
    return true
  }

  // Grows by half each time, so that the bytes are copied rarely.
  #grow(needed) {
    const size = Math.max(needed, Math.min(Math.floor(this.#buffer.length * 1.5), this.#most))
    if (size > UNCOUNTED_BYTES_MAX) {
      if (!this.#quota.take(size - this.#reserved)) return false
      this.#reserved = size
    }
    const grown = allocate(size)
    if (grown === undefined) return false
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
    return true
  }

  // Undefined if no bytes have arrived.
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

// Undefined if there is no memory.
function allocate(size) {
  try {
    return Buffer.allocUnsafeSlow(size)
  } catch {
    return undefined
  }
}

module.exports = { Body, BodyQuota }
