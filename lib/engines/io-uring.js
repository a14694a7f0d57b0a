'use strict'

// The engine that this package is about: ring threads that speak HTTP, and batches of numbers for the handler.

const { createBatches } = require('../batches.js')
const { startRefused } = require('../errors.js')
const { loadNative } = require('../native.js')
const { statsOf } = require('../stats.js')

class IoUringEngine {
  name = 'io_uring'
  #native
  #ringsAlive
  #failure = null
  #onFailure
  #onEnd

  constructor(options, { handler, onHandlerError, onFailure, onEnd }) {
    const native = loadNative()
    this.#ringsAlive = options.ringThreads
    this.#onFailure = onFailure
    this.#onEnd = onEnd
    const batches = Array.from({ length: options.ringThreads }, () => createBatches({
      handler,
      batchSize: options.batchSize,
      bigint: options.bigint,
      handlerTimeout: options.handlerTimeout,
      onHandlerError,
      onEnd: (failure) => this.#onRingEnd(failure)
    }))
    const arrays = batches.map((ring) => ring.arrays)
    const dispatches = batches.map((ring) => ring.dispatch)
    const started = native.listen(nativeOptions(options), arrays, dispatches)
    if (started.syscall !== undefined) throw startRefused(started, options)
    this.#native = started
    started.takeRings().forEach((ring, i) => batches[i].start(ring))
  }

  address() {
    return this.#native.address()
  }

  stats() {
    return statsOf(this.#native.stats())
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
function nativeOptions({ engine, signal, onError, batchSize, origins, ...options }) {
  return { ...options, origins: origins === '*' ? ['*'] : origins }
}

module.exports = { IoUringEngine }
