'use strict'

// The results of calls on their way to the binding: in typed arrays or, if they are long, by one call each.

const { Buffer } = require('node:buffer')
const { queueMicrotask } = require('../globals.js')

// Taken before an application or a worker's module may replace them.
const { apply } = Reflect
const { set, write } = Buffer.prototype
const byteLengthOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength').get

// The kinds of results, which the binding has too.
const NUMBER = 0
const BIGINT = 1
const JSON_TEXT = 2
const STRING = 3
const RESPONSE = 4
const ERROR = 5
const DIGITS = 6

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

// Bytes of the texts that are posted together. A UTF-16 code unit takes three at most.
const TEXTS_BYTES_MAX = 128 * 1024
const UNIT_BYTES_MAX = 3
// As many bytes are copied once more sooner than passed by a call.
const SHORT_BYTES_MAX = 8 * 1024
// A response's status and the lengths of its fields and body are one number, in which a length takes as much as this.
const LENGTH_UNIT = 2 ** 18

class Results {
  arrays
  #native
  #size
  #count = 0
  #bigints
  // The texts, fields and bodies among the results, encoded, and where they end.
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
    this.#texts = Object.assign(Buffer.alloc(TEXTS_BYTES_MAX), { set, write })
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
      this.#native.replyText(id, DIGITS, value.toString(), 0)
    }
  }

  // A JSON text, or a well-formed string that the binding quotes.
  addText(id, text, isString) {
    const kind = isString ? STRING : JSON_TEXT
    const room = UNIT_BYTES_MAX * text.length
    if (room > TEXTS_BYTES_MAX) return this.#native.replyText(id, kind, text, 0)
    const index = this.#nextWithRoom(id, kind, room)
    this.arrays.resultValues[index] = this.#write(text)
  }

  // `fields` are whole header lines, each with its line end before it, in ASCII. The body is a string or bytes, which are
  // empty if the status allows none.
  addResponse(id, status, fields, body) {
    const isText = typeof body === 'string'
    const length = isText ? UNIT_BYTES_MAX * body.length : apply(byteLengthOf, body, [])
    const room = fields.length + length
    if (room > (isText ? TEXTS_BYTES_MAX : SHORT_BYTES_MAX)) return this.#native.replyResponse(id, status, fields, body)
    const index = this.#nextWithRoom(id, RESPONSE, room)
    const fieldsLength = this.#write(fields)
    const bodyLength = isText ? this.#write(body) : this.#copy(body, length)
    this.arrays.resultValues[index] = (status * LENGTH_UNIT + fieldsLength) * LENGTH_UNIT + bodyLength
  }

  addError(id, status, message) {
    const room = UNIT_BYTES_MAX * message.length
    if (this.#texts === undefined || room > TEXTS_BYTES_MAX) return this.#native.replyText(id, ERROR, message, status)
    const index = this.#nextWithRoom(id, ERROR, room)
    this.arrays.resultValues[index] = status * LENGTH_UNIT + this.#write(message)
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

  // The result's place, with room for its text.
  #nextWithRoom(id, kind, room) {
    if (this.#textsEnd + room > TEXTS_BYTES_MAX) this.post()
    return this.#next(id, kind)
  }

  // Returns how many bytes the text takes.
  #write(text) {
    if (text === '') return 0
    const length = this.#texts.write(text, this.#textsEnd)
    this.#textsEnd += length
    return length
  }

  #copy(bytes, length) {
    this.#texts.set(bytes, this.#textsEnd)
    this.#textsEnd += length
    return length
  }

  #next(id, kind) {
    if (this.#count === this.#size) this.post()
    this.arrays.resultIds[this.#count] = id
    this.arrays.resultKinds[this.#count] = kind
    return this.#count++
  }
}

module.exports = { Results }
