'use strict'

// The engine that this package is about: ring threads that speak HTTP, and batches of calls for the handler.

const { createBatches } = require('../batches.js')
const { createCallees, createNamedCalls } = require('../calls/named.js')
const { createPlainCalls } = require('../calls/plain.js')
const { startRefused } = require('../errors.js')
const { loadNative } = require('../native.js')
const { statsOf } = require('../stats.js')

class IoUringEngine {
  name = 'io_uring'
  #native
  #ringsAlive
  // Of functions by name.
  #callees
  #failure = null
  #onFailure
  #onEnd

  constructor(options, { handler, table, onHandlerError, onFunctionError, onFailure, onEnd }) {
    const native = loadNative()
    const { batchSize, bigint } = options
    this.#callees = table === undefined ? undefined : createCallees(table)
    const createCalls = table === undefined
      ? (...shared) => createPlainCalls({ handler, batchSize, bigint, onHandlerError }, ...shared)
      : (...shared) => createNamedCalls({ callees: this.#callees, batchSize, onFunctionError }, ...shared)
    this.#ringsAlive = options.ringThreads
    this.#onFailure = onFailure
    this.#onEnd = onEnd
    const batches = Array.from({ length: options.ringThreads }, () => createBatches({
      createCalls,
      batchSize,
      handlerTimeout: options.handlerTimeout,
      onEnd: (failure) => this.#onRingEnd(failure)
    }))
    const arrays = batches.map((ring) => ring.arrays)
    const dispatches = batches.map((ring) => ring.dispatch)
    const started = native.listen(nativeOptions(options, table), arrays, dispatches)
    if (started.syscall !== undefined) throw startRefused(started, options)
    this.#native = started
    started.takeRings().forEach((ring, i) => batches[i].start(ring))
  }

  address() {
    return this.#native.address()
  }

  stats() {
    return statsOf(this.#native.stats(), this.#callees)
  }

  setReferenced(referenced) {
    this.#native.setReferenced(referenced)
  }

  removePath() {
    this.#native.removePath()
  }

  close() {
    this.#native.close()
  }

  closeIdleConnections() {
    this.#native.closeIdleConnections()
  }

  closeAllConnections() {
    this.#native.closeAllConnections()
  }

  // Where one ring fails, the others close.
  #onRingEnd(failure) {
    if (failure !== null && this.#failure === null) {
      this.#failure = failure
      this.#onFailure(failure)
    }
    if (--this.#ringsAlive > 0) return
    this.#native.finish()
    this.#onEnd()
  }
}

// The binding takes the same names, but knows nothing of engines, signals and callbacks, and sees a batch's size by its
// arrays.
function nativeOptions({ engine, signal, onError, batchSize, origins, ...options }, table) {
  return {
    ...options,
    origins: origins === '*' ? ['*'] : origins,
    functions: table && { isRoot: table.isRoot, functions: table.functions.map(nativeFunction) }
  }
}

// What a schema checks is JSON to the binding.
function nativeFunction({ name, isDeclared, arguments: declared, fewest }) {
  const nativeArguments = declared.map(({ name, type, isOptional, field, schema }) => (
    { name, type: schema === undefined ? type : 'json', isOptional, field }
  ))
  return { name, arguments: isDeclared ? nativeArguments : undefined, fewest }
}

module.exports = { IoUringEngine }
