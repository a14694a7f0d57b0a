'use strict'

// The loads of a server's module, counted from 0. New requests use the newest generation's functions; earlier
// generations run until the engine reports that their last call is over.

const { loadError } = require('./load-errors.js')
const { Pool } = require('./pool.js')

// The most generations that may run besides the newest.
const RETIRING_MAX = 4

class Generations {
  #module
  #owner
  // The running generations by number. The newest is the last.
  #pools = new Map()
  #newest = 0
  // The pool of a reload in progress, the promise of that reload, and the promise of the next one.
  #loading
  #reload
  #nextReload
  #isClosed = false
  // Promises of pools that are ending: of retired generations, and of loads that failed.
  #retiring = new Set()
  #discarded = new Set()
  // The counts of generations that have ended.
  #past

  // `module` has the `url`, the `count` of workers and their `workerOptions`. The owner has `check(table)`, which
  // throws if the server cannot serve these functions; `onWorkerExit`, as in a pool's owner; `onLost(generation,
  // seat)`; and `onFailure({ function, arguments, error })`, where `function` is undefined for a plain function.
  constructor(module, owner) {
    this.#module = module
    this.#owner = owner
    const seats = Array.from({ length: module.count }, () => ({ calls: 0, restarts: 0 }))
    this.#past = { failures: 0, seats, functions: new Map() }
  }

  // Loads the first generation before it returns. Throws what the module throws.
  load() {
    const pool = this.#createPool(0)
    try {
      this.#owner.check(pool.load())
    } catch (error) {
      pool.end()
      throw error
    }
    this.#pools.set(0, pool)
    return pool
  }

  // The current functions.
  get table() {
    return this.#pools.get(this.#newest).table
  }

  // Resolves when new requests use the reloaded module. `replace(table)` makes them do so; it returns the `ticketFor`
  // of the new workers, and a promise that resolves when requests use them. Calls during a reload share one more
  // reload, because the module may have changed after the current one read it.
  reload(replace) {
    if (this.#reload === undefined && this.#nextReload === undefined) return this.#startReload(replace)
    this.#nextReload ??= this.#reload.catch(() => {}).then(() => {
      this.#nextReload = undefined
      return this.#startReload(replace)
    })
    return this.#nextReload
  }

  // The engine will send no call to this generation.
  retire(generation) {
    const pool = this.#pools.get(generation)
    const retired = pool.end().then(() => {
      this.#pools.delete(generation)
      this.#retiring.delete(retired)
      this.#keepCountsOf(pool)
    })
    this.#retiring.add(retired)
    return retired
  }

  terminate(generation, seat, error) {
    this.#pools.get(generation)?.terminate(seat, error)
  }

  // Of the newest workers by seat. Calls and restarts are counted since the server was started.
  stats() {
    const pools = [...this.#pools.values()]
    const all = pools.map((pool) => pool.stats())
    return all.at(-1).map((stats, i) => {
      const counted = [this.#past.seats[i], ...all.map((each) => each[i])]
      return { ...stats, calls: sumOf(counted, 'calls'), restarts: sumOf(counted, 'restarts') }
    })
  }

  // Whether a worker of the newest generation can take calls.
  get hasWorker() {
    return this.#pools.get(this.#newest).hasWorker
  }

  // The number of failures of functions.
  get failures() {
    return sumOf([this.#past, ...this.#pools.values()], 'failures')
  }

  // The errors and refusals of each current function, by name.
  functionCounts() {
    return this.#functionCountsOf([...this.#pools.values()])
  }

  // No reload may follow. The workers continue.
  close() {
    this.#isClosed = true
    if (this.#loading !== undefined) this.#discard(this.#loading)
  }

  // Resolves when all workers have ended.
  async end() {
    this.close()
    await Promise.all([...[...this.#pools.values()].map((pool) => pool.end()), ...this.#discarded])
  }

  #startReload(replace) {
    this.#reload = this.#loadAnew(replace).finally(() => {
      this.#reload = undefined
    })
    return this.#reload
  }

  async #loadAnew(replace) {
    while (this.#pools.size > RETIRING_MAX && this.#retiring.size > 0) await Promise.race(this.#retiring)
    if (this.#isClosed) throw notRunning()
    if (this.#pools.size > RETIRING_MAX) throw tooMany()
    const generation = this.#newest + 1
    const pool = this.#createPool(generation)
    this.#loading = pool
    let replaced
    try {
      const table = await pool.loadAll()
      if (this.#isClosed) throw notRunning()
      this.#owner.check(table)
      replaced = replace(table)
    } catch (error) {
      this.#discard(pool)
      throw this.#isClosed ? notRunning() : error
    } finally {
      this.#loading = undefined
    }
    this.#pools.set(generation, pool)
    this.#newest = generation
    pool.open(replaced.ticketFor)
    await replaced.adopted
  }

  #discard(pool) {
    const ended = pool.end().then(() => this.#discarded.delete(ended))
    this.#discarded.add(ended)
  }

  #createPool(generation) {
    const pool = new Pool({
      ...this.#module,
      callbacks: {
        onWorkerExit: (exit) => this.#owner.onWorkerExit(exit),
        onLost: (seat) => this.#owner.onLost(generation, seat),
        onFailure: ({ index, ...failure }) => (
          this.#owner.onFailure({ ...failure, function: pool.table.functions[index]?.name })
        )
      }
    })
    return pool
  }

  // Includes the counts of generations that have ended.
  #functionCountsOf(pools) {
    const counts = new Map(this.table.functions.map(({ name }) => [name, { errors: 0, refusals: 0 }]))
    for (const [name, count] of this.#past.functions) add(counts.get(name), count)
    for (const pool of pools) pool.table.functions.forEach(({ name }, i) => add(counts.get(name), pool.countsOf(i)))
    return counts
  }

  // Keeps the counts of functions that still exist.
  #keepCountsOf(pool) {
    const { seats } = this.#past
    this.#past.functions = this.#functionCountsOf([pool])
    this.#past.failures += pool.failures
    pool.stats().forEach(({ calls, restarts }, i) => {
      seats[i].calls += calls
      seats[i].restarts += restarts
    })
  }
}

function add(sum, { errors, refusals }) {
  if (sum === undefined) return
  sum.errors += errors
  sum.refusals += refusals
}

function sumOf(all, name) {
  return all.reduce((sum, each) => sum + each[name], 0)
}

function notRunning() {
  const error = new Error('The server is closed, and does not load its module again.')
  return Object.assign(error, { code: 'ERR_SERVER_NOT_RUNNING' })
}

function tooMany() {
  return loadError(
    `The module has been reloaded ${RETIRING_MAX} times while calls of earlier versions were running. Reload it when ` +
      'some of those are over: handlerTimeout bounds them.'
  )
}

module.exports = { Generations }
