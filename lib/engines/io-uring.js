'use strict'

// The engine io_uring: ring threads speak HTTP and pass batches of calls to this thread, which runs them, or to the
// workers of a module.

const { createBatches } = require('../calls/batches.js')
const { callsOf } = require('../calls/index.js')
const { startRefused, workerDied } = require('../errors.js')
const { loadNative } = require('../native.js')
const { addCounted, statsOf } = require('./io-uring/stats.js')

// The most calls in a worker's batch: its claims cannot count more.
const WORKER_BATCH_MAX = 1024

class IoUringEngine {
  name = 'io_uring'
  #native
  // This thread's own seat, if functions run in this thread.
  #seat
  #options
  #callbacks
  // The callees of functions by name that run in this thread.
  #callees
  // The tables whose functions may still be called, by generation.
  #tables = new Map()
  #generation = 0
  // The counts of retired generations, with the names of their functions.
  #past
  // How many calls were lost with their workers, by the names of their functions. The workers could not count them.
  #lost = new Map()
  // The calls that `stats()` has told, by the names of their functions.
  #calls = new Map()
  // The resolvers of promises that wait until new requests use the newest table.
  #adopting = []
  #hasFailed = false

  constructor(options, callbacks) {
    const native = loadNative()
    this.#options = options
    const { table, pool, documents, ...others } = callbacks
    this.#callbacks = others
    const batches = pool === undefined ? this.#createBatches(table) : undefined
    const started = native.listen(nativeOptions(options, table, documents, pool?.size), () => this.#onNotices())
    if (started.syscall !== undefined) throw startRefused(started, options)
    this.#native = started
    this.#tables.set(0, table)
    if (pool === undefined) {
      this.#seat = started.takeSeat(batches.arrays, batches.dispatch)
      batches.start(this.#seat)
      batches.dispatch()
    } else {
      pool.open(this.#ticketFor(started.table()))
    }
  }

  address() {
    return this.#native.address()
  }

  stats() {
    return statsOf(this.#counted(), this.#callees ?? this.#countedInWorkers(), this.#calls)
  }

  // Makes new requests use these functions and documents. Returns what makes the tickets of their workers, and a
  // promise that resolves when every ring thread uses the new table, or when the server has ended.
  replace(table, documents) {
    const number = this.#native.replace(nativeTable(table, documents))
    if (number.syscall !== undefined) throw startRefused(number)
    this.#generation++
    this.#tables.set(this.#generation, table)
    const adopted = new Promise((resolve) => this.#adopting.push(resolve))
    return { ticketFor: this.#ticketFor(number), adopted }
  }

  // A worker has ended. The binding has noticed that in the worker's thread.
  lost() {}

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

  // The binding's counts since the server was started.
  #counted() {
    const counted = this.#native.stats(this.#generation)
    const names = namesOf(this.#tables.get(this.#generation))
    for (const [generation, table] of this.#tables) {
      if (generation !== this.#generation) addCounted(counted, names, this.#native.stats(generation), namesOf(table))
    }
    if (this.#past !== undefined) addCounted(counted, names, this.#past.counted, this.#past.names)
    return counted
  }

  // The workers' counts, in the form of callees.
  #countedInWorkers() {
    const table = this.#tables.get(this.#generation)
    if (table === undefined || table.isPlain) return undefined
    const counts = this.#callbacks.functionCounts()
    return table.functions.map((fn) => {
      const { errors, refusals } = counts.get(fn.name)
      return { fn, refusals, errors: errors + (this.#lost.get(fn.name) ?? 0) }
    })
  }

  #createBatches(table) {
    const { batchSize, bigint, handlerTimeout } = this.#options
    const { handler, onHandlerError, onFunctionError } = this.#callbacks
    const { callees, createCalls } = callsOf({
      handler,
      table,
      batchSize,
      bigint,
      onHandlerError,
      onFunctionError: (error, callee, args) => {
        callee.errors++
        onFunctionError(error, callee.fn, args)
      },
      onRefused: (callee) => callee.refusals++
    })
    this.#callees = callees
    return createBatches({ createCalls, batchSize, handlerTimeout, onEnd() {} })
  }

  #ticketFor(table) {
    const { batchSize, bigint, handlerTimeout } = this.#options
    const shared = { engine: this.name, table, batchSize: Math.min(batchSize, WORKER_BATCH_MAX), bigint, handlerTimeout }
    return (seat) => ({ ticket: { ...shared, seat } })
  }

  #onNotices() {
    // The server was not started.
    if (this.#native === undefined) return
    for (const notice of this.#native.takeNotices()) this.#onNotice(notice)
  }

  #onNotice({ kind, failure, generation, seat, function: index }) {
    const { onFailure, onOverdue, onRetired } = this.#callbacks
    switch (kind) {
      case 'failed':
        // When one ring fails, the others close.
        if (!this.#hasFailed) onFailure(failure)
        this.#hasFailed = true
        break
      case 'adopted':
        if (generation === this.#generation) this.#resolveAdopting()
        break
      case 'healthAsked': return this.#tellHealth()
      case 'overdue':
        // This thread may have been busy meanwhile, and the worker may be running again.
        if (this.#native.isOverdue(generation, seat)) onOverdue(generation, seat)
        break
      case 'lost': return this.#onLost(generation, index)
      case 'retired':
        if (generation === this.#generation) return
        this.#retire(generation)
        return onRetired(generation)
      case 'ended': return this.#end()
    }
  }

  #tellHealth() {
    const { isClosing, hasWorker } = this.#callbacks.health()
    this.#native.tellHealth(isClosing, hasWorker)
  }

  #retire(generation) {
    const counted = this.#native.stats(generation)
    const names = namesOf(this.#tables.get(generation))
    if (this.#past !== undefined) addCounted(counted, names, this.#past.counted, this.#past.names)
    this.#past = { counted, names }
    this.#native.forget(generation)
    this.#tables.delete(generation)
    const current = namesOf(this.#tables.get(this.#generation))
    for (const counts of [this.#lost, this.#calls]) {
      for (const name of counts.keys()) if (!current.includes(name)) counts.delete(name)
    }
  }

  // The call's arguments were lost with the worker.
  #onLost(generation, index) {
    const { onHandlerError, onFunctionError } = this.#callbacks
    const table = this.#tables.get(generation)
    if (table === undefined || table.isPlain) return onHandlerError(workerDied(), undefined)
    const fn = table.functions[index]
    this.#lost.set(fn.name, (this.#lost.get(fn.name) ?? 0) + 1)
    onFunctionError(workerDied(), fn, undefined)
  }

  #resolveAdopting() {
    this.#adopting.splice(0).forEach((resolve) => resolve())
  }

  #end() {
    this.#resolveAdopting()
    this.#seat?.leave()
    this.#native.finish()
    this.#callbacks.onEnd()
  }
}

function namesOf(table) {
  return table?.functions.map(({ name }) => name) ?? []
}

// The binding's options have the same names. It knows nothing of engines, signals and callbacks, and takes the batch
// size from the arrays.
function nativeOptions({ engine, signal, onError, batchSize, origins, openapi, ...options }, table, documents, workers) {
  return {
    ...options,
    origins: origins === '*' ? ['*'] : origins,
    functions: nativeTable(table, documents),
    workers
  }
}

// The binding copies the documents.
function nativeTable(table, documents) {
  if (table === undefined || table.isPlain) return undefined
  return {
    isRoot: table.isRoot,
    functions: table.functions.map(nativeFunction),
    documents: documents.map(({ fields, ...each }) => ({ ...each, fields: fields.map(([name, value]) => ({ name, value })) }))
  }
}

// To the binding, an argument with a schema is JSON.
function nativeFunction({ name, isDeclared, arguments: declared, fewest }) {
  const nativeArguments = declared.map(({ name, type, isOptional, field, schema }) => (
    { name, type: schema === undefined ? type : 'json', isOptional, field }
  ))
  return { name, arguments: isDeclared ? nativeArguments : undefined, fewest }
}

module.exports = { IoUringEngine }
