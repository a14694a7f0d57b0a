'use strict'

// What the engine calls: one plain function with an integer, or the functions of a table with their arguments. Both are
// asked in the same order: for the `callOf` a request, to `read` its arguments, to `invoke` it, and for the `answerOf` its
// value or the `failureOf` its error.

const { errorAnswer, notAnInteger } = require('../../handler-errors.js')
const { answerOf } = require('../../results.js')
const { applySchemas } = require('../../schemas.js')
const { unfit } = require('./arguments.js')
const { LATE_HANDLER, headersOf } = require('./refusals.js')
const { Routes } = require('./routes.js')
const { FunctionCounters } = require('./stats.js')

// Taken now, as tests replace what is global.
const { stringify } = JSON

const MEDIA_TYPES = {
  json: 'application/json', string: 'application/json', text: 'text/plain; charset=utf-8', bytes: 'application/octet-stream'
}

// One request's. The engine writes down whose it is and since when.
class Call {
  connection
  exchange
  since
  began
  isOver = false
}

class PlainCall extends Call {
  n

  constructor(n) {
    super()
    this.n = n
  }
}

class PlainHandler {
  // Errors are sentences.
  isTable = false
  routes = undefined
  #handler
  #onHandlerError

  constructor({ handler, onHandlerError }) {
    this.#handler = handler
    this.#onHandlerError = onHandlerError
  }

  callOf({ n }) {
    return new PlainCall(n)
  }

  read() {}

  invoke({ n }) {
    const handler = this.#handler
    return handler(n)
  }

  // Nothing where it may be a promise, which it is not when it `isSettled`.
  answerOf(call, value, isSettled) {
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
      const body = String(value)
      return { status: 200, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length }, body }
    }
    if (!isSettled && isObject(value)) return undefined
    throw notAnInteger(value)
  }

  failureOf({ n }, error) {
    const { isFault, told, ...refusal } = errorAnswer(error)
    return { refusal, tell: isFault ? () => this.#onHandlerError(told, n) : undefined }
  }

  settled() {}

  stats() {}
}

class FunctionCall extends Call {
  route
  form
  counters
  args
  isByName
  isCalled = false

  constructor(route, counters) {
    super()
    this.route = route
    this.form = route.form
    this.counters = counters
  }
}

// Thrown where it turns out that the function is not to be called.
class NotCalled {
  #refusal

  constructor(refusal) {
    this.#refusal = refusal
  }

  // Nothing where something else was thrown, which may be a proxy that throws when `instanceof` asks it.
  static refusalOf(error) {
    return error !== null && typeof error === 'object' && #refusal in error ? error.#refusal : undefined
  }
}

class Functions {
  // Errors are problems (RFC 9457).
  isTable = true
  routes
  #onFunctionError
  // By name.
  #counters

  constructor({ table, onFunctionError }) {
    this.routes = new Routes(table)
    this.#onFunctionError = onFunctionError
    this.#counters = new Map(table.functions.map(({ name }) => [name, new FunctionCounters()]))
  }

  callOf({ route }) {
    return new FunctionCall(route, this.#counters.get(route.form.name))
  }

  // Returns why the arguments do not fit, or nothing.
  read(call, body) {
    const { args, isByName, refusal } = call.route.arguments(body)
    if (refusal !== undefined) call.counters.refusals++
    call.args = args
    call.isByName = isByName
    return refusal
  }

  refused({ name }) {
    this.#counters.get(name).refusals++
  }

  invoke(call) {
    const { form: { fn, hasSchemas }, args, isByName } = call
    if (!hasSchemas) return this.#run(call, { args })
    const checked = applySchemas(fn, args, isByName)
    return isThenable(checked) ? this.#runLater(call, checked) : this.#run(call, checked)
  }

  async #runLater(call, promise) {
    const checked = await promise
    if (call.isOver) throw new NotCalled(LATE_HANDLER)
    return this.#run(call, checked)
  }

  #run(call, { args, errors }) {
    const { fn: { handler, owner } } = call.form
    if (errors !== undefined) throw new NotCalled(unfit(call.form, errors).refusal)
    call.args = args
    call.isCalled = true
    return Reflect.apply(handler, owner, args)
  }

  answerOf({ form: { fn } }, value, isSettled) {
    if (!isSettled && isThenable(value)) return undefined
    const { status, fields = [], media, body } = answerOf(fn, value)
    const headers = headersOf(fields)
    if (media === 'none') {
      if (status !== 204 && status !== 304) headers['Content-Length'] = 0
      return { status, headers, body: '' }
    }
    if (!('content-type' in headers)) headers['Content-Type'] = MEDIA_TYPES[media]
    const bytes = bytesOf(media, body)
    headers['Content-Length'] = Buffer.byteLength(bytes)
    return { status, headers, body: bytes }
  }

  failureOf({ form: { fn }, counters, args }, error) {
    const notCalled = NotCalled.refusalOf(error)
    if (notCalled !== undefined) {
      counters.refusals++
      return { refusal: notCalled }
    }
    const { isFault, told, status, ...rest } = errorAnswer(error, fn)
    if (isFault) counters.errors++
    const refusal = { ...rest, status, code: status < 500 ? 'ERR_REFUSED' : 'ERR_FAILED' }
    return { refusal, tell: isFault ? () => this.#onFunctionError(told, fn, args) : undefined }
  }

  settled({ counters, isCalled }, milliseconds) {
    if (isCalled) counters.calls++
    counters.handlerTime.add(milliseconds)
  }

  stats() {
    return Object.fromEntries([...this.#counters].map(([name, counters]) => [name, counters.read()]))
  }
}

// A function may write to its bytes again while they wait to be sent. Their class may say what it likes of their length.
function bytesOf(media, body) {
  if (media === 'bytes') return Buffer.from(new Uint8Array(body).buffer)
  return media === 'string' ? stringify(body) : body
}

function isThenable(value) {
  return isObject(value) && typeof value.then === 'function'
}

function isObject(value) {
  return value !== null && (typeof value === 'object' || typeof value === 'function')
}

function handlerOf(callbacks) {
  return callbacks.table === undefined ? new PlainHandler(callbacks) : new Functions(callbacks)
}

module.exports = { handlerOf }
