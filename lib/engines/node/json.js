'use strict'

// Strict JSON: RFC 8259, restricted where implementations differ (I-JSON, RFC 7493). It also refuses a byte order mark,
// invalid UTF-8, lone surrogates, duplicate names in an object, `__proto__` as a name, and more than DEPTH_MAX levels.
//
// `scan` takes time in proportion to the text, whatever it contains. It makes no values but finds their places, for
// `JSON.parse`, and for integers whose digits a double would round. Numbers too large for a double are reported, not
// refused, because a bigint may have them.

const { isUtf8 } = require('node:buffer')
const { createHash } = require('node:crypto')

// Taken at load time, because tests replace globals.
const { parse } = JSON

const DEPTH_MAX = 128
// Names of this length and longer are compared by their digests: V8 hashes strings of 16,384 characters and more by
// their length only.
const LONG_NAME = 1024
// An integer of more digits may exceed a double.
const FINITE_DIGITS = 308

const INTEGER = /-?(?:0|[1-9]\d*)/y
const DIGITS = /\d+/y
const HEX_4 = /[\da-fA-F]{4}/y
const SIMPLE_ESCAPES = '"\\/bfnrt'

const [QUOTE, BACKSLASH, COMMA, COLON, ARRAY, ARRAY_END, OBJECT, OBJECT_END] = Buffer.from('"\\,:[]{}')

// Thrown with what is wrong, and at which byte.
class NotJson {
  constructor(what, at) {
    this.what = what
    this.at = at
  }
}

function textOf(bytes) {
  const text = bytes.utf8Slice(0, bytes.length)
  if (!isUtf8(bytes)) throw new NotJson('it is not UTF-8', firstReplaced(bytes, text))
  if (text.startsWith('\ufeff')) throw new NotJson('it begins with a byte order mark', 0)
  return text
}

// The place of the first character that stands for invalid UTF-8.
function firstReplaced(bytes, text) {
  let offset = 0
  let from = 0
  for (;;) {
    const at = text.indexOf('\ufffd', from)
    offset += Buffer.byteLength(text.slice(from, at))
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset
    offset += 3
    from = at + 1
  }
}

// Describes a JSON text: its `kind`; for an array or an object the `spans` of its parts, each a start and an end; for
// an object the `names`; and the places of numbers that are `tooLarge` for a double.
function scan(text) {
  return new Scanner(text).scan()
}

function kindAt(text, at) {
  switch (text[at]) {
    case '[': return 'array'
    case '{': return 'object'
    case '"': return 'string'
    case 't': case 'f': return 'boolean'
    case 'n': return 'null'
    default: return 'number'
  }
}

class Scanner {
  #text
  #at = 0
  #depth = 0
  #tooLarge = []

  constructor(text) {
    this.#text = text
  }

  scan() {
    const spans = []
    const names = []
    this.#skipSpace()
    const start = this.#at
    this.#value(spans, names)
    const end = this.#at
    this.#skipSpace()
    if (this.#at < this.#text.length) this.#fail('something follows the value')
    return { kind: kindAt(this.#text, start), start, end, spans, names, tooLarge: this.#tooLarge }
  }

  // Adds the value's parts to `spans` and `names`, if they are passed.
  #value(spans, names) {
    const code = this.#text.charCodeAt(this.#at)
    if (code === QUOTE) this.#string()
    else if (code === OBJECT) this.#object(spans, names)
    else if (code === ARRAY) this.#array(spans)
    else if (this.#startsWith('true') || this.#startsWith('null')) this.#at += 4
    else if (this.#startsWith('false')) this.#at += 5
    else this.#number()
  }

  #startsWith(word) {
    return this.#text.startsWith(word, this.#at)
  }

  #array(spans) {
    this.#enter()
    if (this.#takes(ARRAY_END)) return this.#leave()
    do {
      this.#skipSpace()
      const start = this.#at
      this.#value()
      spans?.push(start, this.#at)
      this.#skipSpace()
    } while (this.#takes(COMMA))
    if (!this.#takes(ARRAY_END)) this.#fail('a comma or the end of an array is missing')
    this.#leave()
  }

  #object(spans, names) {
    this.#enter()
    if (this.#takes(OBJECT_END)) return this.#leave()
    const seen = new Set()
    do {
      this.#skipSpace()
      const name = this.#name(seen)
      this.#skipSpace()
      if (!this.#takes(COLON)) this.#fail('a colon is missing')
      this.#skipSpace()
      const start = this.#at
      this.#value()
      names?.push(name)
      spans?.push(start, this.#at)
      this.#skipSpace()
    } while (this.#takes(COMMA))
    if (!this.#takes(OBJECT_END)) this.#fail('a comma or the end of an object is missing')
    this.#leave()
  }

  #enter() {
    if (++this.#depth > DEPTH_MAX) this.#fail(`it has more than ${DEPTH_MAX} levels`)
    this.#at++
    this.#skipSpace()
  }

  #leave() {
    this.#depth--
  }

  #name(seen) {
    const start = this.#at
    if (this.#text.charCodeAt(start) !== QUOTE) this.#fail('a name is missing')
    const hasEscapes = this.#string()
    const quoted = this.#text.slice(start, this.#at)
    const name = hasEscapes ? parse(quoted) : quoted.slice(1, -1)
    if (name === '__proto__') this.#fail('__proto__ is not allowed as a name', start)
    // A prefix, because the hashes of strings that look like integers can be predicted.
    const identity = name.length < LONG_NAME ? `"${name}` : createHash('sha256').update(name).digest('latin1')
    if (seen.has(identity)) this.#fail('an object has the same name twice', start)
    seen.add(identity)
    return name
  }

  // Returns whether it has escapes.
  #string() {
    const text = this.#text
    let at = this.#at + 1
    let hasEscapes = false
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) break
      if (code === BACKSLASH) {
        hasEscapes = true
        at = this.#escape(at)
      } else if (code >= 0x20) {
        at++
      } else {
        this.#fail('a string does not end, or has a control character', at)
      }
    }
    this.#at = at + 1
    return hasEscapes
  }

  // Returns the place of the next character.
  #escape(at) {
    const next = this.#text[at + 1]
    if (next !== undefined && SIMPLE_ESCAPES.includes(next)) return at + 2
    const unit = this.#unit(at)
    if (unit === undefined) this.#fail('an escape is invalid', at)
    if (unit < 0xd800 || unit > 0xdfff) return at + 6
    const low = unit < 0xdc00 ? this.#unit(at + 6) : undefined
    if (low === undefined || low < 0xdc00 || low > 0xdfff) this.#fail('a surrogate is unpaired', at)
    return at + 12
  }

  // The code unit of a `\uXXXX`, or undefined.
  #unit(at) {
    if (!this.#text.startsWith('\\u', at)) return undefined
    HEX_4.lastIndex = at + 2
    return HEX_4.test(this.#text) ? Number.parseInt(this.#text.slice(at + 2, at + 6), 16) : undefined
  }

  #number() {
    const text = this.#text
    const start = this.#at
    INTEGER.lastIndex = start
    if (!INTEGER.test(text)) this.#fail('a value is missing', text[start] === '-' ? start + 1 : start)
    this.#at = INTEGER.lastIndex
    if (text[this.#at] === '.') this.#digits(1)
    const hasExponent = text[this.#at] === 'e' || text[this.#at] === 'E'
    if (hasExponent) this.#digits(text[this.#at + 1] === '+' || text[this.#at + 1] === '-' ? 2 : 1)
    if (!hasExponent && this.#at - start <= FINITE_DIGITS) return
    if (!Number.isFinite(Number(text.slice(start, this.#at)))) this.#tooLarge.push(start)
  }

  // Skips so many characters first.
  #digits(skipped) {
    DIGITS.lastIndex = this.#at + skipped
    if (!DIGITS.test(this.#text)) this.#fail('a digit is missing', this.#at + skipped)
    this.#at = DIGITS.lastIndex
  }

  #takes(code) {
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }

  #skipSpace() {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #fail(what, at = this.#at) {
    throw notJson(this.#text, what, at)
  }
}

// `at` counts characters.
function notJson(text, what, at) {
  return new NotJson(at < text.length ? what : 'it ends too early', Buffer.byteLength(text.slice(0, at)))
}

module.exports = { NotJson, kindAt, notJson, scan, textOf }
