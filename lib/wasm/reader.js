'use strict'

// Reads the bytes of a WebAssembly module, or of a part of one.
//
// V8 has validated everything but the custom sections, and may know formats that are newer than this file, so anything
// unexpected is thrown as an `Unreadable`. Nothing is read beyond the end, and each read advances by at least one byte,
// except reads of no bytes.

// LEB128: seven bits in each byte.
const U32_BYTES_MAX = 5
// The greatest fifth byte of a 32-bit integer.
const U32_LAST_MAX = 0x0f

// As in names of exports and imports, a byte order mark is kept.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// `message` continues a sentence that begins with "The WebAssembly module".
class Unreadable extends Error {}

class Reader {
  #bytes
  #at
  #end

  constructor(bytes, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get isAtEnd() {
    return this.#at === this.#end
  }

  byte() {
    if (this.isAtEnd) throw new Unreadable('ends before it is complete')
    return this.#bytes[this.#at++]
  }

  u32() {
    let value = 0
    for (let i = 0; i < U32_BYTES_MAX; i++) {
      const byte = this.byte()
      const isLast = i === U32_BYTES_MAX - 1
      if (isLast && byte > U32_LAST_MAX) break
      // Not with `<<`, which has 31 bits and a sign.
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new Unreadable('has an integer of more than 32 bits where none may be')
  }

  // Skips a signed integer: `bytesMax` is 5 for 32 or 33 bits, and 10 for 64.
  skipInteger(bytesMax) {
    for (let i = 0; i < bytesMax; i++) if (this.byte() < 0x80) return
    throw new Unreadable('has an integer of too many bytes')
  }

  skip(length) {
    this.take(length)
  }

  // Returns a reader of the next bytes, and moves behind them.
  take(length) {
    const start = this.#at
    if (length > this.#end - start) throw new Unreadable('ends before it is complete')
    this.#at += length
    return new Reader(this.#bytes, start, this.#at)
  }

  name() {
    const length = this.u32()
    const start = this.#at
    this.skip(length)
    try {
      return decoder.decode(this.#bytes.subarray(start, this.#at))
    } catch {
      throw new Unreadable('has a name that is not UTF-8')
    }
  }

  // Returns what `read` returns for each element of a vector.
  vector(read) {
    const values = []
    for (let count = this.u32(); count > 0; count--) values.push(read(this))
    return values
  }
}

module.exports = { Reader, Unreadable }
