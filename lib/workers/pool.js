'use strict'

// The workers of one load of a module: they have the same functions, and one that ends is replaced. It knows nothing
// of HTTP or of engines, which give loaded workers what they begin with, their tickets.
//
// The owner has `onWorkerExit({ seat, threadId, error, exitCode, restartIn })`, `onLost(seat)` before it where the
// worker had a ticket, and `onFailure({ index, arguments, error })` for each failure of a function that is told.

const { fileURLToPath } = require('node:url')
const { isDeepStrictEqual } = require('node:util')
const { now } = require('../globals.js')
const { loadError, loadTimeoutError, refuseEntered } = require('./load-errors.js')
const { Seat } = require('./seat.js')

// While this thread waits for a worker, how often it looks whether there still is one.
const LOOK_MS = 50

class Pool {
  // What the functions are, as the first worker has told: `transferableTable`'s.
  table
  #start
  #seats
  #owner
  #ticketFor
  // Who waits until all workers are loaded.
  #loading
  #isOver = false
  #ended

  // `engine` is the one whose tickets are to be expected, or `'auto'`.
  constructor({ url, only, count, workerOptions, engine, callbacks }) {
    refuseEntered(url)
    this.#start = { url, only, workerOptions, engine, signal: new Int32Array(new SharedArrayBuffer(4)) }
    this.#owner = callbacks
    this.#seats = Array.from({ length: count }, (_, index) => new Seat(index, this.#start, this))
  }

  // How many workers it has.
  get size() {
    return this.#seats.length
  }

  // Whether one of them may be given calls.
  get hasWorker() {
    return this.#seats.some(({ isLoaded }) => isLoaded)
  }

  // Starts the workers, waits for the first one that has loaded the module, and returns its table; or throws what the
  // module has thrown, and leaves nothing. The event loop does not turn meanwhile.
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

  // The same without waiting, for all workers: resolves with the table when each of them is loaded.
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

  // From now on each worker that is loaded is given what `ticketFor(seat)` returns, { ticket, transfer }.
  open(ticketFor) {
    this.#ticketFor = ticketFor
    for (const seat of this.#seats) if (seat.isLoaded) this.#admit(seat)
  }

  // Ends that worker now, and replaces it. The error is what is told of it.
  terminate(index, error) {
    this.#seats[index].terminate(error)
  }

  stats() {
    return this.#seats.map((seat) => seat.stats())
  }

  // How many failures of functions there were, those that were not told included.
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

  // Resolves when all workers have ended. One that serves is waited for: its transport has been told, or is told now,
  // that no call will come any more.
  end() {
    this.#isOver = true
    this.#loading?.reject(loadError(`${this.#name} was not loaded, because the server has been closed.`))
    this.#ended ??= Promise.all(this.#seats.map((seat) => seat.end())).then(() => {})
    return this.#ended
  }

  // What seats tell.

  loaded(seat) {
    if (this.#isOver) return
    this.table ??= seat.table
    const difference = differenceOf(this.table, seat.table)
    if (difference !== undefined) {
      return seat.fail(loadError(`${this.#name} has other functions than before, and no reload(): ${difference}`))
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

  // All or, where there is no thread for one, none.
  #startAll() {
    try {
      for (const seat of this.#seats) seat.start()
    } catch (error) {
      this.end()
      throw error
    }
  }

  // What workers have told so far. Returns the first failure.
  #readMessages() {
    for (const seat of this.#seats) {
      // Asked first: whoever is gone had told before what there was to tell.
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

// What is not as it was, in a sentence. What libraries tell of schemas may differ each time, where a default is a date,
// say.
function differenceOf(first, second) {
  if (isDeepStrictEqual({ ...first, jsonSchemas: undefined }, { ...second, jsonSchemas: undefined })) return undefined
  const [before, after] = [first, second].map(({ isPlain, functions }) => (
    isPlain ? 'one plain function' : functions.map(({ name }) => name).join(', ')
  ))
  if (before !== after) return `they were ${before}, and are ${after}.`
  const changed = first.functions.find((fn, i) => !isDeepStrictEqual(fn, second.functions[i]))
  return `${changed?.name ?? before} is declared differently.`
}

// It had no time to say why.
function goneError(name) {
  return loadError(
    `${name} cannot be loaded: the thread has ended meanwhile. It may have run out of memory ` +
      '(workerOptions.resourceLimits), or what it requires first may have failed (workerOptions.execArgv, NODE_OPTIONS).'
  )
}

module.exports = { Pool }
