'use strict'

// Serializes what a thread throws for another thread: an error's name, message, stack, code and cause, any other value
// as far as it can be cloned, and the failure of a call with its arguments. Neither side throws, whatever the value is.

const { types } = require('node:util')
const { deserialize, serialize } = require('node:v8')
const { printable } = require('../errors.js')

// Taken before a worker's module is loaded, because the module may replace it.
const { structuredClone } = globalThis

const CAUSES_MAX = 8
const TEXT_LENGTH_MAX = 2 ** 16

// Errors that were thrown in another thread.
const deserialized = new WeakSet()

const TYPES = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }

// Returns plain data.
function serializeError(thrown, depth = 0) {
  try {
    if (!types.isNativeError(thrown) && !(thrown instanceof Error)) return { value: cloneableOf(thrown) }
    const { name, message, stack, code, cause } = thrown
    const serialized = { name: textOf(name), message: textOf(message), stack: textOf(stack) }
    if (typeof code === 'string' || typeof code === 'number') serialized.code = code
    if (cause !== undefined && depth < CAUSES_MAX) serialized.cause = serializeError(cause, depth + 1)
    return serialized
  } catch {
    // A getter throws, or it is a proxy.
    return { value: printable(thrown) }
  }
}

// The value, or its printed form if it cannot be cloned.
function cloneableOf(value) {
  try {
    return structuredClone(isBytes(value) ? copyOf(value) : value)
  } catch {
    return printable(value)
  }
}

// A call's failure as bytes, so that its size is known.
function serializeFailure(index, args, error) {
  const values = Array.isArray(args) ? args.map(cloneableOf) : args
  const serialized = serializeError(error)
  try {
    return serialize({ index, arguments: values, error: serialized })
  } catch {
    // Some values can be cloned but not serialized.
    const plain = Array.isArray(values) ? values.map(plainOf) : values
    return serialize({ index, arguments: plain, error: isPlain(serialized) ? serialized : { value: printable(error) } })
  }
}

function plainOf(value) {
  return isPlain(value) ? value : printable(value)
}

function isPlain(value) {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}

function deserializeFailure(bytes) {
  const serialized = deserialize(bytes)
  return { ...serialized, error: deserializeError(serialized.error) }
}

// Copies a view: its whole buffer would be cloned otherwise, and a shared buffer cannot be.
function copyOf(view) {
  return Object.getPrototypeOf(Uint8Array).prototype.slice.call(view)
}

function isBytes(value) {
  return ArrayBuffer.isView(value) && !types.isDataView(value)
}

function textOf(value) {
  return typeof value === 'string' ? value.slice(0, TEXT_LENGTH_MAX) : undefined
}

function deserializeError(serialized) {
  if (Object.hasOwn(serialized, 'value')) return serialized.value
  const { name = 'Error', message, stack, code, cause } = serialized
  const Type = Object.hasOwn(TYPES, name) ? TYPES[name] : Error
  const error = new Type(message, cause === undefined ? undefined : { cause: deserializeError(cause) })
  const define = (key, value) => Object.defineProperty(error, key, { value, configurable: true, writable: true })
  define('stack', stack ?? `${name}: ${message}`)
  if (error.name !== name) define('name', name)
  if (code !== undefined) error.code = code
  deserialized.add(error)
  return error
}

// Whether it was thrown in another thread, not by this one about that thread.
function isFromOtherThread(error) {
  return deserialized.has(error)
}

module.exports = { isFromOtherThread, deserializeError, deserializeFailure, serializeError, serializeFailure, cloneableOf }
