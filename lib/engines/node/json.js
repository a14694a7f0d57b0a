'use strict'

// Strict JSON: RFC 8259, and of what it leaves open only what everybody reads alike (I-JSON, RFC 7493). Refused besides
// what is no JSON: a byte order mark, bytes that are no UTF-8, lone surrogates, a name twice in an object, `__proto__` as
// a name, more than DEPTH_MAX levels.
//
// `scan` takes time in proportion to its text whatever is in it, and makes no values: it says where they are, for
// `JSON.parse`, and for the digits of integers that a double would round. Numbers that no double can hold are told, not
// refused: for a bigint they are none too many.

const { isUtf8 } = require('node:buffer')
const { createHash } = require('node:crypto')

// Taken now, as tests replace what is global.
const { parse } = JSON

const DEPTH_MAX = 128
// From this length on a name is compared by its digest: V8 tells strings of 16,384 characters apart by their length.
const LONG_NAME = 1024
// A longer integer may be beyond what a double can hold.
const FINITE_DIGITS = 308

const INTEGER = /-?(?:0|[1-9]\d*)/y
const DIGITS = /\d+/y
const HEX_4 = /[\da-fA-F]{4}/y
const SIMPLE_ESCAPES = '"\\/bfnrt'

const [QUOTE, BACKSLASH, COMMA, COLON, ARRAY, ARRAY_END, OBJECT, OBJECT_END] = Buffer.from('"\\,:[]{}')

// Thrown: what is wrong, and at which byte.
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

// Where the first character that was put in for bytes that are no UTF-8 stands.
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

// What one JSON text is: its `kind`; of an array or an object where its parts are, as `spans` of a start and an end each;
// of an object their `names`; and at which places `tooLarge` numbers stand that no double can hold.
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

  // With `spans` and `names` the parts of the value are written down there.
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
    // The hashes of strings that look like integers can be foreseen.
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

  // Returns where the next character stands.
  #escape(at) {
    const next = this.#text[at + 1]
    if (next !== undefined && SIMPLE_ESCAPES.includes(next)) return at + 2
    const unit = this.#unit(at)
    if (unit === undefined) this.#fail('there is no such escape', at)
    if (unit < 0xd800 || unit > 0xdfff) return at + 6
    const low = unit < 0xdc00 ? this.#unit(at + 6) : undefined
    if (low === undefined || low < 0xdc00 || low > 0xdfff) this.#fail('a surrogate stands alone', at)
    return at + 12
  }

  // The code unit of a `\uXXXX`, if there is one.
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

  // Behind so many characters.
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
