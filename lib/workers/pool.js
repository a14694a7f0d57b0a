'use strict'

// The workers of one load of a module. They have the same functions, and a worker that ends is replaced. The pool knows
// nothing of HTTP or engines; an engine opens loaded workers with tickets.
//
// The owner has `onWorkerExit({ seat, threadId, error, exitCode, restartIn })`; `onLost(seat)`, called before it if the
// worker had a ticket; and `onFailure({ index, arguments, error })`, for each failure of a function that a worker has
// sent.

const { fileURLToPath } = require('node:url')
const { isDeepStrictEqual } = require('node:util')
const { now } = require('../globals.js')
const { loadError, loadTimeoutError, refuseEntered } = require('./load-errors.js')
const { Seat } = require('./seat.js')

// While this thread waits for a worker, how often it checks that one is alive.
const LOOK_MS = 50

class Pool {
  // The functions, from the first worker that was loaded, as `transferableTable` makes them.
  table
  #start
  #seats
  #owner
  #ticketFor
  // The promise of `loadAll`, while workers are loading.
  #loading
  #isOver = false
  #ended

  // `engine` is the engine whose tickets are expected, or `'auto'`.
  constructor({ url, only, count, workerOptions, engine, callbacks }) {
    refuseEntered(url)
    this.#start = { url, only, workerOptions, engine, signal: new Int32Array(new SharedArrayBuffer(4)) }
    this.#owner = callbacks
    this.#seats = Array.from({ length: count }, (_, index) => new Seat(index, this.#start, this))
  }

  // The number of workers.
  get size() {
    return this.#seats.length
  }

  // Whether one of them can take calls.
  get hasWorker() {
    return this.#seats.some(({ isLoaded }) => isLoaded)
  }

  // Starts the workers, waits for the first one that has loaded the module, and returns its table. If the module
  // throws, this throws the same and leaves no worker. The event loop does not turn meanwhile.
  load() {
    this.#startAll()
    const { signal, workerOptions: { loadTimeout } } = this.#start
    const deadline = now() + loadTimeout
    for (;;) {
      const heard = Atomics.load(signal, 0)
      const failure = this.#readMessages()
      if (this.table !== undefined) return this.table
      const left = deadline - now()
      if (failure !== undefined || left <= 0) {
        this.end()
        throw failure === undefined ? loadTimeoutError(this.#start) : failure.error
      }
      Atomics.wait(signal, 0, heard, Math.min(left, LOOK_MS))
    }
  }

  // Loads without blocking, in all workers. Resolves with the table when every worker is loaded.
  async loadAll() {
    this.#startAll()
    try {
      await new Promise((resolve, reject) => {
        this.#loading = { resolve, reject }
      })
    } finally {
      this.#loading = undefined
    }
    return this.table
  }

  // From now on each loaded worker is given `ticketFor(seat)`, which returns { ticket, transfer }.
  open(ticketFor) {
    this.#ticketFor = ticketFor
    for (const seat of this.#seats) if (seat.isLoaded) this.#admit(seat)
  }

  // Terminates that worker, which is then replaced. `error` is reported as the reason.
  terminate(index, error) {
    this.#seats[index].terminate(error)
  }

  stats() {
    return this.#seats.map((seat) => seat.stats())
  }

  // The number of failures of functions, including those that were only counted.
  get failures() {
    return this.#sum((counts) => counts.failures)
  }

  // Of the function with that index.
  countsOf(index) {
    return {
      errors: this.#sum((counts) => counts.errorsOf(index)),
      refusals: this.#sum((counts) => counts.refusalsOf(index))
    }
  }

  // Resolves when all workers have ended. A worker that serves ends by itself, because its transport is told that no
  // call will follow.
  end() {
    this.#isOver = true
    this.#loading?.reject(loadError(`${this.#name} was not loaded, because the server has been closed.`))
    this.#ended ??= Promise.all(this.#seats.map((seat) => seat.end())).then(() => {})
    return this.#ended
  }

  // Called by seats.

  loaded(seat) {
    if (this.#isOver) return
    this.table ??= seat.table
    const difference = differenceOf(this.table, seat.table)
    if (difference !== undefined) {
      return seat.fail(loadError(`${this.#name} has changed its functions without reload(): ${difference}`))
    }
    if (this.#ticketFor !== undefined) this.#admit(seat)
    if (this.#seats.every(({ isLoaded }) => isLoaded)) this.#loading?.resolve()
  }

  failed({ index: seat }, { index, arguments: values, error }) {
    this.#owner.onFailure({ seat, index, arguments: values, error })
  }

  exited(seat, { threadId, error, exitCode, hadTicket, isDone }) {
    if (this.#loading !== undefined) {
      this.#loading.reject(error ?? goneError(this.#name))
      this.end()
      return
    }
    if (isDone || (this.#isOver && !(hadTicket && error !== null))) return
    const restartIn = this.#isOver ? null : seat.startLater((thrown) => {
      this.exited(seat, { threadId: null, error: thrown, exitCode: null, hadTicket: false, isDone: false })
    })
    if (hadTicket) this.#owner.onLost(seat.index)
    this.#owner.onWorkerExit({ seat: seat.index, threadId, error, exitCode, restartIn })
  }

  get #name() {
    return fileURLToPath(this.#start.url)
  }

  // Starts all workers, or none if one cannot be started.
  #startAll() {
    try {
      for (const seat of this.#seats) seat.start()
    } catch (error) {
      this.end()
      throw error
    }
  }

  // Reads the workers' messages. Returns the first failure.
  #readMessages() {
    for (const seat of this.#seats) {
      // Check this before the messages are read: a worker sends everything before it ends.
      const isGone = seat.isGone()
      seat.receive()
      if (seat.failure !== undefined) return seat.failure
      if (seat.table === undefined && isGone) return { error: goneError(this.#name) }
    }
  }

  #admit(seat) {
    seat.give(this.#ticketFor(seat.index))
  }

  #sum(read) {
    return this.#seats.reduce((sum, { counts }) => sum + read(counts), 0)
  }
}

// A sentence about the difference of two tables, or undefined. JSON Schemas are ignored, because they may differ each
// time, for example if a default is the current date.
function differenceOf(first, second) {
  if (isDeepStrictEqual({ ...first, jsonSchemas: undefined }, { ...second, jsonSchemas: undefined })) return undefined
  const [before, after] = [first, second].map(({ isPlain, functions }) => (
    isPlain ? 'one plain function' : functions.map(({ name }) => name).join(', ')
  ))
  if (before !== after) return `they were ${before}, and are ${after}.`
  const changed = first.functions.find((fn, i) => !isDeepStrictEqual(fn, second.functions[i]))
  return `${changed?.name ?? before} is declared differently.`
}

// The worker ended before it could say why.
function goneError(name) {
  return loadError(
    `${name} cannot be loaded: the thread has ended meanwhile. It may have run out of memory ` +
      '(workerOptions.resourceLimits), or what it requires first may have failed (workerOptions.execArgv, NODE_OPTIONS).'
  )
}

module.exports = { Pool }
