'use strict'

// The public face: `serverListen` and the `Server` that it returns.

const { startEngine, warnOfFallback } = require('./engines/index.js')
const { invalidThis } = require('./errors.js')
const events = require('./events.js')
const { describeTable } = require('./functions.js')
const { clearTimeout, nextTick, setTimeout } = require('./globals.js')
const { checkArguments, checkCloseArguments } = require('./options.js')

function serverListen(portOrOptions, handler, ...surplus) {
  const { options, table } = checkArguments(portOrOptions, handler, surplus)
  return new Server(options, handler, table)
}

// The engines of the servers on a path. One listener for all of them: Node warns of the eleventh on an event.
const onPaths = new Set()

class Server {
  #engine
  #options
  #functions
  #handlerErrors = 0
  #closed
  #resolveClosed
  #abort = () => this.close()

  constructor(options, handler, table) {
    this.#options = options
    this.#functions = describeTable(table)
    const { engine, refusal } = startEngine(options, {
      handler,
      table,
      onHandlerError: (error, n) => this.#onHandlerError(error, { n }, n, `The handler failed for ${n}`),
      onFunctionError: (error, fn, args) => this.#onFunctionError(error, fn, args),
      onFailure: (failure) => this.#onFailure(failure),
      onEnd: () => this.#onEnd()
    })
    this.#engine = engine
    try {
      this.#started(refusal)
    } catch (error) {
      // Nobody gets the server that could close it.
      this.close()
      throw error
    }
  }

  get engine() {
    return this.#engine.name
  }

  get port() {
    return this.#engine.address().port ?? null
  }

  get url() {
    const { address, port } = this.#engine.address()
    if (port === undefined) return `unix:${address}`
    const host = address === '::' || address === '0.0.0.0' ? 'localhost' : address
    // A zone's % as RFC 6874 has it.
    return `http://${host.includes(':') ? `[${host.replace('%', '%25')}]` : host}:${port}`
  }

  get functions() {
    return this.#functions
  }

  get listening() {
    return this.#closed === undefined
  }

  address() {
    Server.#checkThis(this, 'address')
    if (!this.listening) return null
    const { address, port } = this.#engine.address()
    if (port === undefined) return address
    return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port }
  }

  stats() {
    Server.#checkThis(this, 'stats')
    return { ...this.#engine.stats(), handlerErrors: this.#handlerErrors, engine: this.engine }
  }

  ref() {
    Server.#checkThis(this, 'ref')
    this.#engine.setReferenced(true)
    return this
  }

  unref() {
    Server.#checkThis(this, 'unref')
    if (this.listening) this.#engine.setReferenced(false)
    return this
  }

  close(options, callback) {
    Server.#checkThis(this, 'close')
    const { timeout, done } = checkCloseArguments(options, callback)
    if (this.#closed === undefined) {
      this.#closed = new Promise((resolve) => {
        this.#resolveClosed = resolve
      })
      // Whoever closes wants it done before the process ends.
      this.#engine.setReferenced(true)
      this.#engine.close()
      events.closing(this)
    }
    if (timeout !== undefined) {
      const timer = setTimeout(() => this.closeAllConnections(), timeout)
      this.#closed.then(() => clearTimeout(timer))
    }
    // In a turn of its own: what it throws is nobody's rejection.
    if (done !== undefined) this.#closed.then(() => nextTick(done))
    return this.#closed
  }

  closeIdleConnections() {
    Server.#checkThis(this, 'closeIdleConnections')
    this.#engine.closeIdleConnections()
  }

  closeAllConnections() {
    Server.#checkThis(this, 'closeAllConnections')
    this.#engine.closeAllConnections()
  }

  [Symbol.asyncDispose]() {
    return this.close()
  }

  // A method that is passed on alone has lost its server.
  static #checkThis(it, method) {
    if (typeof it !== 'object' || it === null || !(#options in it)) throw invalidThis(method)
  }

  // What `console.log` shows.
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (depth < 0) return options.stylize('[Server]', 'special')
    const { url, engine, listening } = this
    return `Server ${inspect({ url, engine, listening }, options)}`
  }

  // The engine listens; `refusal` is why it is not the one that was preferred. This calls into what is not ours, such as
  // signals of any make, and may throw.
  #started(refusal) {
    const options = this.#options
    if (refusal !== undefined) warnOfFallback(refusal)
    if (options.path !== undefined) {
      // close() removes the path, but a process may end without it.
      if (onPaths.size === 0) process.once('exit', removePaths)
      onPaths.add(this.#engine)
    }
    events.opened(this)
    if (options.signal?.aborted) this.close()
    else options.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  #onFailure(failure) {
    events.failed(this, failure)
    this.close()
    process.emitWarning(`The server has stopped listening, because a ring thread failed. ${failure}`, {
      code: 'RINGCALL_FAILED'
    })
  }

  #onEnd() {
    this.#resolveClosed?.()
    events.closed(this)
    try {
      this.#options.signal?.removeEventListener('abort', this.#abort)
    } catch {
      // A signal of another make than Node's. It has ended all the same.
    }
    if (onPaths.delete(this.#engine) && onPaths.size === 0) process.removeListener('exit', removePaths)
  }

  #onFunctionError(error, { name }, args) {
    const call = { function: name, arguments: args }
    this.#onHandlerError(error, call, call, `The function ${name} failed`)
  }

  // `call` is what the channel tells of the call, and `told` what `onError` is passed.
  #onHandlerError(error, call, told, what) {
    this.#handlerErrors++
    events.handlerFailed(this, error, call)
    const { onError } = this.#options
    if (onError !== undefined) {
      this.#tell(onError, error, told)
    } else if (this.#handlerErrors === 1) {
      process.emitWarning(
        `${what}. This warning comes once: pass onError to be told of every failure; ` +
          `stats().handlerErrors counts them.\n${printable(error)}`,
        { code: 'RINGCALL_HANDLER_ERROR' }
      )
    }
  }

  // It may be async, and nothing that it throws is to end the process.
  async #tell(onError, error, told) {
    try {
      await onError(error, told)
    } catch (thrown) {
      process.emitWarning(`onError itself failed: ${printable(thrown)}`, { code: 'RINGCALL_ON_ERROR' })
    }
  }
}

function printable(thrown) {
  try {
    return String(thrown?.stack ?? thrown)
  } catch {
    return 'an error that cannot be printed'
  }
}

function removePaths() {
  for (const engine of onPaths) engine.removePath()
}

module.exports = { serverListen }
