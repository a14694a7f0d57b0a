'use strict'

// What the engine calls: one plain function with an integer, or the functions of a table with their arguments. Both
// are asked in the same order: for the `callOf` a request, to `read` its arguments, to `invoke` it, for the
// `answerOf` its value or the `failureOf` its error, and to `count` what has come of it. Where workers run the calls,
// the main thread asks for the first two and counts, and a worker does the rest: between them a call is what `packed`
// makes of it.

const { errorAnswer, notAnInteger } = require('../../answers/handler-errors.js')
const { CONTENT_TYPES, answerOf } = require('../../answers/encoders.js')
const { isThenable } = require('../../calls/promises.js')
const { applySchemas } = require('../../calls/schemas.js')
const { unfit } = require('./arguments.js')
const { LATE_HANDLER, headersOf } = require('./refusals.js')
const { Routes } = require('./routes.js')
const { FunctionCounters } = require('./stats.js')

// Taken now, as tests replace what is global.
const { stringify } = JSON

// One request's. The engine writes down whose it is, since when, and which executor has it; the executor, when it
// began or which worker's it is.
class Call {
  connection
  transaction
  executor
  since
  began
  isOver = false
  // Whether its arguments have been made.
  isRead = false
  // The worker that it was given to, its number there, and how often it was taken back.
  channel
  number
  moves = 0
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

  packed({ n }) {
    return n
  }

  unpacked(n) {
    return new PlainCall(n)
  }

  read() {}

  invoke({ n }) {
    const handler = this.#handler
    return handler(n)
  }

  // The value is no promise.
  answerOf(call, value) {
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
      const body = String(value)
      return { status: 200, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length }, body }
    }
    throw notAnInteger(value)
  }

  failureOf({ n }, error) {
    const { isFault, told, ...refusal } = errorAnswer(error)
    return { refusal, tell: isFault ? () => this.#onHandlerError(told, n) : undefined }
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
  // What has come of it: whether the function was called, whether that was a fault of it, and whether a schema
  // refused it.
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
  // By the functions' indices.
  #counters

  // A function that has the name of one `before` goes on with its counts.
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

  // Returns why the arguments do not fit, or nothing.
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
    const { isFault, told, status, ...rest } = errorAnswer(error, fn)
    call.isFault = isFault
    const refusal = { ...rest, status, code: status < 500 ? 'ERR_REFUSED' : 'ERR_FAILED' }
    return { refusal, tell: isFault ? () => this.#onFunctionError(told, fn, args) : undefined }
  }

  // What a worker tells of a call that it has run.
  outcomeOf({ index, isCalled, isFault, isRefused }) {
    return { index, isCalled, isFault, isRefused }
  }

  // A call that was run, or its outcome. What fails otherwise than by running has no time.
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

// A function may write to its bytes again while they wait to be sent. Their class may say what it likes of their length.
function bytesOf(media, body) {
  if (media === 'bytes') return Buffer.from(new Uint8Array(body).buffer)
  return media === 'string' ? stringify(body) : body
}

// `before` is what a new table replaces. Workers tell that there is one plain function; without them there is no table.
function createHandler(callbacks, before) {
  const { table } = callbacks
  return table === undefined || table.isPlain ? new PlainHandler(callbacks) : new Functions(callbacks, before)
}

module.exports = { createHandler }
