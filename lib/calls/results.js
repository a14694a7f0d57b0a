'use strict'

// The results of calls on their way to the binding: numbers and texts in typed arrays, everything else by one call
// each.

const { Buffer } = require('node:buffer')
const { queueMicrotask } = require('../globals.js')

// Taken before an application or a worker's module may replace it.
const { write } = Buffer.prototype

// The kinds of results, which the binding has too.
const NUMBER = 0
const BIGINT = 1
const JSON_TEXT = 2
const STRING = 3

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

// Bytes of the texts that are posted together. A UTF-16 code unit takes three at most.
const TEXTS_BYTES_MAX = 128 * 1024
const UNIT_BYTES_MAX = 3

class Results {
  arrays
  #native
  #size
  #count = 0
  #bigints
  // The texts among the results, encoded, and where they end.
  #texts
  #textsEnd = 0
  // The results that others may read already.
  #shown = 0
  #isPostScheduled = false

  // `size` is the most results at a time.
  constructor(size) {
    this.#size = size
    this.arrays = {
      resultIds: new Float64Array(size),
      resultKinds: new Uint8Array(size),
      resultValues: new Float64Array(size),
      resultTexts: new Uint8Array(0),
      // For a batch: when it was fetched, by the binding's clock, and the sizes of its text and of its buffers.
      state: new Float64Array(3)
    }
    this.#bigints = new BigInt64Array(this.arrays.resultValues.buffer)
  }

  // Has room for texts, which only functions by name return. To be called before the arrays are used.
  makeRoomForTexts() {
    this.#texts = Object.assign(Buffer.alloc(TEXTS_BYTES_MAX), { write })
    this.arrays.resultTexts = this.#texts
  }

  start(native) {
    this.#native = native
  }

  // The value is a safe integer.
  addNumber(id, value) {
    const index = this.#next(id, NUMBER)
    this.arrays.resultValues[index] = value
  }

  // An integer of any length, as bare digits.
  addBigint(id, value) {
    if (value >= INT64_MIN && value <= INT64_MAX) {
      const index = this.#next(id, BIGINT)
      this.#bigints[index] = value
    } else {
      this.#native.replyDigits(id, value.toString())
    }
  }

  // A JSON text, or a well-formed string that the binding quotes.
  addText(id, text, isString) {
    const kind = isString ? STRING : JSON_TEXT
    const room = UNIT_BYTES_MAX * text.length
    if (room > TEXTS_BYTES_MAX) return this.#native.replyText(id, kind, text)
    if (this.#textsEnd + room > TEXTS_BYTES_MAX) this.post()
    const index = this.#next(id, kind)
    const bytes = this.#texts.write(text, this.#textsEnd)
    this.arrays.resultValues[index] = bytes
    this.#textsEnd += bytes
  }

  addResponse(id, status, fields, body) {
    this.#native.replyResponse(id, status, fields, body)
  }

  addError(id, status, message) {
    this.#native.replyError(id, status, message)
  }

  // Hands the results to the binding. Returns how many they are.
  take() {
    const count = this.#count
    this.#count = 0
    this.#shown = 0
    this.#textsEnd = 0
    return count
  }

  // How many results have become complete since the last call.
  complete() {
    const count = this.#count - this.#shown
    this.#shown = this.#count
    return count
  }

  post() {
    this.#native.post(this.take())
  }

  // Promises that settle in the same run of microtasks share one post.
  postSoon() {
    if (this.#isPostScheduled) return
    this.#isPostScheduled = true
    queueMicrotask(() => {
      this.#isPostScheduled = false
      this.post()
    })
  }

  #next(id, kind) {
    if (this.#count === this.#size) this.post()
    this.arrays.resultIds[this.#count] = id
    this.arrays.resultKinds[this.#count] = kind
    return this.#count++
  }
}

module.exports = { Results }
