'use strict'

// The public face: `serverListen` and the `Server` that it returns.

const { unlinkSync } = require('node:fs')
const { createBatches } = require('./batches.js')
const { startRefused } = require('./errors.js')
const events = require('./events.js')
const native = require('./native.js')
const { checkArguments, checkCloseOptions } = require('./options.js')
const { statsOf } = require('./stats.js')

function serverListen(portOrOptions, handler) {
  return new Server(checkArguments(portOrOptions, handler), handler)
}

// The options of the servers on a path. One listener for all of them: Node warns of the eleventh on an event.
const onPaths = new Set()

class Server {
  #native
  #options
  #ringsAlive
  #failed = false
  #handlerErrors = 0
  #closed
  #resolveClosed
  #abort = () => this.close()

  constructor(options, handler) {
    this.#options = options
    this.#ringsAlive = options.ringThreads
    const batches = Array.from({ length: options.ringThreads }, () => createBatches({
      handler,
      batchSize: options.batchSize,
      bigint: options.bigint,
      onHandlerError: (error, n) => this.#onHandlerError(error, n),
      onEnd: (failure) => this.#onRingEnd(failure)
    }))
    const arrays = batches.map((ring) => ring.arrays)
    const dispatches = batches.map((ring) => ring.dispatch)
    const started = native.listen(nativeOptions(options), arrays, dispatches)
    if (started.syscall !== undefined) throw startRefused(started)
    this.#native = started
    started.takeRings().forEach((ring, i) => batches[i].start(ring))
    if (options.path !== undefined) {
      // The last ring thread removes the path when it ends, but process.exit() does not let it.
      if (onPaths.size === 0) process.once('exit', removePaths)
      onPaths.add(options)
    }
    events.opened(this)
    if (options.signal?.aborted) this.close()
    else options.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  get port() {
    return this.#native.address().port ?? null
  }

  get url() {
    const { address, port } = this.#native.address()
    if (port === undefined) return `unix:${address}`
    const host = address === '::' || address === '0.0.0.0' ? 'localhost' : address
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  get listening() {
    return this.#closed === undefined
  }

  address() {
    if (!this.listening) return null
    const { address, port } = this.#native.address()
    if (port === undefined) return address
    return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port }
  }

  stats() {
    return statsOf(this.#native.stats(), this.#handlerErrors)
  }

  ref() {
    this.#native.setReferenced(true)
    return this
  }

  unref() {
    if (this.listening) this.#native.setReferenced(false)
    return this
  }

  close(options) {
    const { timeout } = checkCloseOptions(options)
    if (this.#closed === undefined) {
      this.#closed = new Promise((resolve) => {
        this.#resolveClosed = resolve
      })
      // Whoever closes wants it done before the process ends.
      this.#native.setReferenced(true)
      this.#native.close()
      events.closing(this)
    }
    if (timeout !== undefined) {
      const timer = setTimeout(() => this.closeAllConnections(), timeout)
      this.#closed.then(() => clearTimeout(timer))
    }
    return this.#closed
  }

  closeIdleConnections() {
    this.#native.closeIdleConnections()
  }

  closeAllConnections() {
    this.#native.closeAllConnections()
  }

  [Symbol.asyncDispose]() {
    return this.close()
  }

  // Where one ring fails, the others close.
  #onRingEnd(failure) {
    if (failure !== null && !this.#failed) {
      this.#failed = true
      events.failed(this, failure)
      this.close()
      process.emitWarning(`${failure} The server no longer listens.`, { code: 'RINGCALL_FAILED' })
    }
    if (--this.#ringsAlive === 0) this.#onEnd()
  }

  #onEnd() {
    this.#native.finish()
    events.closed(this)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    if (onPaths.delete(this.#options) && onPaths.size === 0) process.removeListener('exit', removePaths)
    this.#resolveClosed?.()
  }

  #onHandlerError(error, n) {
    this.#handlerErrors++
    events.handlerFailed(this, error, n)
    const { onError } = this.#options
    if (onError !== undefined) {
      this.#tell(onError, error, n)
    } else if (this.#handlerErrors === 1) {
      process.emitWarning(
        `The handler failed for ${n}: ${printable(error)} Further errors are counted in stats().handlerErrors; ` +
          'pass onError to see each.',
        { code: 'RINGCALL_HANDLER_ERROR' }
      )
    }
  }

  // It may be async, and nothing that it throws is to end the process.
  async #tell(onError, error, n) {
    try {
      await onError(error, n)
    } catch (thrown) {
      process.emitWarning(`onError threw: ${printable(thrown)}`, { code: 'RINGCALL_ON_ERROR' })
    }
  }
}

// The binding takes the same names, but knows nothing of signals and callbacks, and sees a batch's size by its arrays.
function nativeOptions({ signal, onError, batchSize, ...options }) {
  return options
}

function printable(thrown) {
  try {
    return String(thrown?.stack ?? thrown)
  } catch {
    return 'an error that cannot be printed.'
  }
}

function removePaths() {
  for (const { path } of onPaths) {
    try {
      unlinkSync(path)
    } catch {
      // An abstract path, or gone already.
    }
  }
}

module.exports = { serverListen }
