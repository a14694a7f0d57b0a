'use strict'

// Encodes what a function returned as the content of an answer, by the function's declared result. Both engines use it.
//
// A value that does not fit its result is refused with a sentence for `onError`; it is never truncated or coerced. A
// value may do anything while it is read (getters, `toJSON`, proxies), so the text that is sent is made of the values
// that were checked. There is one exception: if a getter gives NaN first and a number the second time, null is sent,
// because the second look is the one that counts.

const { types } = require('node:util')
const { adviceOnNumber } = require('./handler-errors.js')
const { isReply } = require('./reply.js')

// Taken at load time, because tests replace globals.
const { apply } = Reflect
const { at } = Object.getPrototypeOf(Uint8Array.prototype)
const { stringify } = JSON

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
// The statuses of answers that have no content, whatever the function returned (RFC 9110 sections 15.3.5, 15.3.6,
// 15.4.5).
const BODILESS = new Set([204, 205, 304])

// Whether a value fits a scalar type.
const FITS = {
  int: Number.isSafeInteger,
  number: Number.isFinite,
  int64: (value) => typeof value === 'bigint' && value >= INT64_MIN && value <= INT64_MAX,
  bigint: (value) => typeof value === 'bigint',
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string' && value.isWellFormed()
}
const MEDIA = { string: 'string', text: 'text', bytes: 'bytes', void: 'none' }
const WANTED = {
  int: 'an int, which is a safe integer as a number',
  number: 'a finite number',
  int64: 'an int64, which is a bigint of at most 64 bits',
  bigint: 'a bigint',
  boolean: 'a boolean',
  string: 'a well-formed string',
  text: 'a well-formed string',
  bytes: 'a Uint8Array'
}

// The errors made in this file. A value may throw anything while it is read, so the shape of an error proves nothing.
const refusals = new WeakSet()

const LONE_SURROGATE = ' with a lone surrogate, which String.prototype.toWellFormed() replaces.'

// { status, fields, media, body } for what a function returned or its promise resolved to.
function answerOf(fn, value) {
  if (!isReply(value)) {
    const media = mediaOf(fn)
    return { status: media === 'none' ? 204 : 200, fields: undefined, media, body: encoderOf(fn)(value) }
  }
  const { status, fields } = value
  const media = BODILESS.has(status) ? 'none' : mediaOf(fn)
  const body = media === 'none' ? '' : encoderOf(fn)(value.value)
  return { status: status ?? (media === 'none' ? 204 : 200), fields, media, body }
}

// The Content-Type of each medium. 'none' has none.
const CONTENT_TYPES = {
  json: 'application/json', string: 'application/json', text: 'text/plain; charset=utf-8', bytes: 'application/octet-stream'
}

// The medium of an encoder's bodies: 'json' is text, 'string' is a string still to be quoted, then 'text', 'bytes' and
// 'none'.
function mediaOf({ result }) {
  return MEDIA[result] ?? 'json'
}

const encoders = new WeakMap()

// encode(value) -> body, for values that are not replies. It throws if the value does not fit.
function encoderOf(fn) {
  let encode = encoders.get(fn)
  if (encode === undefined) encoders.set(fn, (encode = createEncoder(fn)))
  return encode
}

function createEncoder(fn) {
  const { result } = fn
  switch (result) {
    case undefined: return (value) => undeclaredOf(fn, value)
    // Each common type has a function of its own. V8 could not optimize one function that all types share.
    case 'int': return (value) => (Number.isSafeInteger(value) ? String(value) : refuse(fn, value))
    case 'number': return (value) => (Number.isFinite(value) ? String(value) : refuse(fn, value))
    case 'int64':
    case 'bigint': return (value) => (FITS[result](value) ? `"${value}"` : refuse(fn, value))
    case 'boolean': return (value) => (typeof value === 'boolean' ? String(value) : refuse(fn, value))
    case 'string':
    case 'text': return (value) => (FITS.string(value) ? value : refuse(fn, value))
    case 'bytes': return (value) => (types.isUint8Array(value) ? ownBytes(fn, value) : refuse(fn, value))
    case 'void': return () => ''
  }
  if (result.endsWith('[]')) return (value) => arrayOf(fn, FITS[result.slice(0, -2)], value)
  return (value) => jsonOf(fn, value)
}

function undeclaredOf(fn, value) {
  const isNumber = typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))
  return isNumber ? String(value) : jsonOf(fn, value)
}

// The bytes that will not change before they are sent. Another thread may write to shared memory, and a resizable
// buffer may shrink, so both are copied.
function ownBytes(fn, value) {
  refuseLost(fn, value)
  const { buffer } = value
  return types.isSharedArrayBuffer(buffer) || buffer.resizable ? new Uint8Array(value) : value
}

// An array looks empty if its memory was moved to another owner, or if its buffer has shrunk so far.
function refuseLost(fn, array) {
  if (array.length > 0 || hasMemory(array)) return
  throw unfit(fn, `${nounOf(array)} whose memory was transferred away or shrunk. Do that to a copy, such as array.slice().`)
}

// The methods of typed arrays throw without it.
function hasMemory(array) {
  try {
    apply(at, array, [0])
    return true
  } catch {
    return false
  }
}

// Reads each element once, because it may come from a getter or a proxy, and writes what was checked.
function arrayOf(fn, fits, value) {
  try {
    if (types.isTypedArray(value)) refuseLost(fn, value)
    else if (!Array.isArray(value)) refuse(fn, value)
    const { length } = value
    const elements = []
    for (let i = 0; i < length; i++) {
      const each = value[i]
      if (!fits(each)) throw unfit(fn, `an array whose element ${i} is ${nounOf(each)}`)
      elements.push(typeof each === 'bigint' ? String(each) : each)
    }
    return stringify(elements)
  } catch (error) {
    throw refusals.has(error) ? error : unreadable(fn, error)
  }
}

// JSON writes null for numbers that are not finite, escapes for lone surrogates, objects of indices for typed arrays,
// and {} for objects without own properties. If the text contains any of these, the value is inspected. If the
// inspection finds anything but plain data, the value is written again and checked on the way.
function jsonOf(fn, value) {
  let text
  try {
    text = textOf(fn, value)
    if (text === undefined) refuse(fn, value)
    const isSuspect = text.includes('\\ud') || (mayHideSome(text) && !isPlain(value))
    if (isSuspect) text = stringify(value, replacerOf(fn))
  } catch (error) {
    throw refusals.has(error) ? error : unreadable(fn, error)
  }
  return text ?? refuse(fn, value)
}

function textOf(fn, value) {
  try {
    return stringify(value)
  } catch {
    // If there is a bigint in the value, writing it again finds its place. Any other error is thrown again.
    return stringify(value, replacerOf(fn))
  }
}

function mayHideSome(text) {
  return text.includes('null') || text.includes('{}') || text.includes('{"0":')
}

// Whether the value's JSON shows everything in the value, as far as a quick look can tell.
function isPlain(value, isElement = false) {
  switch (typeof value) {
    case 'number': return Number.isFinite(value)
    case 'object': break
    case 'undefined':
    case 'function':
    case 'symbol': return !isElement
    default: return true
  }
  if (value === null) return true
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], true)) return false
  } else {
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return false
    for (const key in value) if (!isPlain(value[key])) return false
  }
  return typeof value.toJSON === 'undefined'
}

// A replacer for JSON.stringify that returns what it checked, so that what is written is not read a second time.
function replacerOf(fn) {
  return function (key, value) {
    if (types.isNumberObject(value)) value = Number(value)
    else if (types.isBigIntObject(value)) value = BigInt(value)
    else if (types.isStringObject(value)) value = String(value)
    if (!key.isWellFormed()) throw unfit(fn, 'an object with a name that has a lone surrogate')
    switch (typeof value) {
      case 'number':
        if (Number.isFinite(value)) return value
        throw unfit(fn, `${placeOf(this, key)}${value}, which JSON cannot represent`)
      case 'string':
        if (value.isWellFormed()) return value
        throw unfit(fn, `${placeOf(this, key)}a string with a lone surrogate`)
      case 'bigint':
        throw unfit(fn, `${placeOf(this, key)}a bigint, which JSON cannot represent. ${adviceOnBigint(this, key)}`)
      case 'object':
        checkShows(fn, this, key, value)
        break
      case 'undefined':
      case 'function':
      case 'symbol':
        // In an object they are left out, as JSON.stringify does.
        if (Array.isArray(this)) throw unfit(fn, `${placeOf(this, key)}${nounOf(value)}, which JSON cannot represent`)
    }
    return value
  }
}

function adviceOnBigint(holder, key) {
  if (key !== '' && !Array.isArray(holder)) return 'Convert it with String().'
  return `Convert it with String(), or declare ${key === '' ? 'bigint' : 'bigint[]'} as the result.`
}

// Refuses an object that JSON does not show, or shows as an object of indices.
function checkShows(fn, holder, key, value) {
  if (value === null || Array.isArray(value) || types.isBoxedPrimitive(value)) return
  const isBinary = types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)
  if (!isBinary && !isReply(value) && (isOfNoClass(value) || Object.keys(value).length > 0)) return
  throw unfit(fn, `${placeOf(holder, key)}${nounOfInstance(value)}, which JSON cannot represent. ${adviceOnInstance(value)}`)
}

// Works for objects of any realm.
function isOfNoClass(value) {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function nounOfInstance(value) {
  if (types.isPromise(value)) return 'a promise'
  if (isReply(value)) return 'a reply'
  if (typeof value.next === 'function') return 'an iterator'
  const name = value.constructor?.name
  if (typeof name !== 'string' || !/^\w{1,64}$/.test(name)) return 'an object without properties of its own'
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}

function adviceOnInstance(value) {
  if (types.isPromise(value) || typeof value.then === 'function') return 'Is an `await` missing?'
  if (isReply(value)) return 'Pass the whole value to reply().'
  if (types.isMap(value)) return 'Convert it with Object.fromEntries().'
  const isList = types.isSet(value) || types.isTypedArray(value) || typeof value.next === 'function'
  if (isList) return 'Convert it with Array.from().'
  if (types.isAnyArrayBuffer(value)) return 'Convert it with Array.from(new Uint8Array(buffer)).'
  if (types.isNativeError(value)) return 'Throw it, or return its message.'
  return 'Return a plain object with its data, or give it a toJSON method.'
}

function placeOf(holder, key) {
  if (Array.isArray(holder)) return `an array whose element ${key} is `
  return key === '' ? '' : `an object whose ${stringify(key.slice(0, 64))} is `
}

function refuse(fn, value) {
  throw unfit(fn, `${nounOf(value)}${adviceOn(fn, value)}`)
}

function unfit({ name, result }, what) {
  const wanted = WANTED[result] ?? (result?.endsWith('[]') ? `an array that is ${result}` : 'a JSON value')
  return invalidReturn(`${name} must return ${wanted}, or a promise of one. It returned ${sentenceEnd(what)}`)
}

// The error for what a value threw while it was read.
function unreadable({ name }, cause) {
  let why = 'it threw'
  try {
    if (cause instanceof RangeError && /stack/.test(cause.message)) why = 'it is nested too deep'
    else if (cause instanceof Error) why = cause.message.split('\n', 1)[0]
  } catch {
    // The thrown error has a getter that throws.
  }
  const error = invalidReturn(`What ${name} returned can't be written as JSON: ${sentenceEnd(why)}`)
  error.cause = cause
  return error
}

function sentenceEnd(text) {
  return /[.?!]$/.test(text) ? text : `${text}.`
}

function invalidReturn(message) {
  const error = new TypeError(message)
  error.code = 'ERR_INVALID_RETURN_VALUE'
  refusals.add(error)
  return error
}

function nounOf(value) {
  switch (typeof value) {
    case 'undefined': return 'undefined'
    case 'number': return String(value)
    case 'object': return nounOfObject(value)
    default: return `a ${typeof value}`
  }
}

function nounOfObject(value) {
  if (value === null) return 'null'
  if (types.isTypedArray(value)) return `a ${Object.prototype.toString.call(value).slice(8, -1)}`
  if (types.isAnyArrayBuffer(value)) return 'an ArrayBuffer'
  try {
    return Array.isArray(value) ? 'an array' : 'an object'
  } catch {
    // The value is a revoked proxy.
    return 'an object'
  }
}

// Advice on the usual mistakes.
function adviceOn({ result }, value) {
  switch (typeof value) {
    case 'undefined': return '. Is a `return` missing? A function that returns nothing is declared so: `=> void`.'
    case 'number': return `.${adviceOnNumberFor(result, value)}`
    case 'bigint':
      if (result === 'int64') return '. It has more than 64 bits: declare bigint.'
      return result === 'int' || result === 'number' ? '. Declare int64 or bigint, or convert it with Number().' : ''
    case 'string':
      if (result === 'bytes') return '. Convert it with Buffer.from(), or declare text.'
      if (result === 'string' || result === 'text') return LONE_SURROGATE
      return result in FITS ? '. Convert it, or declare string.' : ''
    case 'object':
      return result === 'bytes' && types.isAnyArrayBuffer(value) ? '. Wrap it: new Uint8Array(buffer).' : ''
    default: return ''
  }
}

function adviceOnNumberFor(result, value) {
  if (result === 'int' || result === 'number') return adviceOnNumber(value)
  return result === 'int64' || result === 'bigint' ? ' Convert it with BigInt().' : ''
}

module.exports = { CONTENT_TYPES, answerOf, encoderOf, mediaOf }
