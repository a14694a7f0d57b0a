'use strict'

// What the engine calls: a plain function with an integer, or the functions of a table with their arguments. Both kinds
// have the same methods, used in this order: `callOf` makes the call of a request, `read` its arguments, `invoke` runs
// it, `answerOf` makes the answer of its value or `failureOf` of its error, and `count` counts the outcome. With
// workers, the main thread uses `callOf`, `read` and `count`, and a worker uses the others. Calls cross between them as
// `packed` makes them.

const { errorAnswer, notAnInteger } = require('../../answers/handler-errors.js')
const { CONTENT_TYPES, answerOf } = require('../../answers/encoders.js')
const { isThenable } = require('../../calls/promises.js')
const { applySchemas } = require('../../calls/schemas.js')
const { unfit } = require('./arguments.js')
const { LATE_HANDLER, headersOf } = require('./refusals.js')
const { Routes } = require('./routes.js')
const { FunctionCounters } = require('./stats.js')

// Taken at load time, because tests replace globals.
const { stringify } = JSON

// The call of one request. The engine sets its connection, transaction, start and executor. The executor sets when it
// began, or its worker's channel.
class Call {
  connection
  transaction
  executor
  since
  began
  isOver = false
  // Whether its arguments were read.
  isRead = false
  // The worker's channel, the call's number there, and how often it was taken back.
  channel
  number
  moves = 0
}

class PlainCall extends Call {
  integer

  constructor(integer) {
    super()
    this.integer = integer
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

  callOf({ integer }) {
    return new PlainCall(integer)
  }

  packed({ integer }) {
    return integer
  }

  unpacked(integer) {
    return new PlainCall(integer)
  }

  read() {}

  invoke({ integer }) {
    const handler = this.#handler
    return handler(integer)
  }

  // The value is no promise.
  answerOf(call, value) {
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
      const body = String(value)
      return { status: 200, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length }, body }
    }
    throw notAnInteger(value)
  }

  failureOf({ integer }, error) {
    const { isFault, fault, ...refusal } = errorAnswer(error)
    return { refusal, report: isFault ? () => this.#onHandlerError(fault, integer) : undefined }
  }

  outcomeOf() {}

  count() {}

  stats() {}
}

class FunctionCall extends Call {
  form
  route
  args
  isByName
  // The outcome: whether the function was called, whether it was at fault, and whether a schema refused the call.
  isCalled = false
  isFault = false
  isRefused = false

  constructor(form, route) {
    super()
    this.form = form
    this.route = route
  }

  get index() {
    return this.form.index
  }
}

// Thrown instead of calling the function.
class NotCalled {
  #refusal

  constructor(refusal) {
    this.#refusal = refusal
  }

  // Undefined for any other error. It may be a proxy that throws in `instanceof`, so that is not used.
  static refusalOf(error) {
    return error !== null && typeof error === 'object' && #refusal in error ? error.#refusal : undefined
  }
}

class Functions {
  // Errors are problems (RFC 9457).
  isTable = true
  routes
  #onFunctionError
  // By the functions' indices.
  #counters

  // A function keeps the counts of the function of its name in `before`.
  constructor({ table, documents, onFunctionError }, before) {
    this.routes = new Routes(table, documents)
    this.#onFunctionError = onFunctionError
    this.#counters = this.routes.forms.map(({ name }) => before?.countersOf?.(name) ?? new FunctionCounters())
  }

  countersOf(name) {
    const form = this.routes.forms.find((each) => each.name === name)
    return form && this.#counters[form.index]
  }

  callOf({ route }) {
    return new FunctionCall(route.form, route)
  }

  packed({ index, args, isByName }) {
    return [index, args, isByName]
  }

  unpacked([index, args, isByName]) {
    return Object.assign(new FunctionCall(this.routes.forms[index]), { args, isByName })
  }

  // Returns the refusal if the arguments do not fit.
  read(call, body) {
    const { args, isByName, refusal } = call.route.arguments(body)
    if (refusal !== undefined) this.refused(call.form)
    call.args = args
    call.isByName = isByName
    return refusal
  }

  refused({ index }) {
    this.#counters[index].refusals++
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

  answerOf({ form: { fn } }, value) {
    const { status, fields = [], media, body } = answerOf(fn, value)
    const headers = headersOf(fields)
    if (media === 'none') {
      if (status !== 204 && status !== 304) headers['Content-Length'] = 0
      return { status, headers, body: '' }
    }
    if (!('content-type' in headers)) headers['Content-Type'] = CONTENT_TYPES[media]
    const bytes = bytesOf(media, body)
    headers['Content-Length'] = Buffer.byteLength(bytes)
    return { status, headers, body: bytes }
  }

  failureOf(call, error) {
    const { form: { fn }, args } = call
    const notCalled = NotCalled.refusalOf(error)
    call.isRefused = notCalled !== undefined
    if (call.isRefused) return { refusal: notCalled }
    const { isFault, fault, status, ...rest } = errorAnswer(error, fn)
    call.isFault = isFault
    const refusal = { ...rest, status, code: status < 500 ? 'ERR_REFUSED' : 'ERR_FAILED' }
    return { refusal, report: isFault ? () => this.#onFunctionError(fault, fn, args) : undefined }
  }

  // What a worker reports of a call that it has run.
  outcomeOf({ index, isCalled, isFault, isRefused }) {
    return { index, isCalled, isFault, isRefused }
  }

  // A call that was run, or its outcome. A call that was not run has no time.
  count({ index, isCalled, isFault, isRefused }, milliseconds) {
    const counters = this.#counters[index]
    if (isFault) counters.errors++
    if (milliseconds === undefined) return
    if (isRefused) counters.refusals++
    if (isCalled) counters.calls++
    counters.handlerTime.add(milliseconds)
  }

  stats() {
    return Object.fromEntries(this.routes.forms.map(({ name, index }) => [name, this.#counters[index].read()]))
  }
}

// Copies the bytes, because the function may change them before they are sent. A subclass may report any length.
function bytesOf(media, body) {
  if (media === 'bytes') return Buffer.from(new Uint8Array(body).buffer)
  return media === 'string' ? stringify(body) : body
}

// `before` is the handler that is replaced. In workers' tables `isPlain` marks a plain function; without workers a
// plain function has no table.
function createHandler(callbacks, before) {
  const { table } = callbacks
  return table === undefined || table.isPlain ? new PlainHandler(callbacks) : new Functions(callbacks, before)
}

module.exports = { createHandler }
