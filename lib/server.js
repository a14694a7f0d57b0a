'use strict'

// The public API: `serverListen` and the `Server` that it returns.

const { DESCRIPTION_PATH, documentsOf, healthConflictOf } = require('./documents.js')
const { startEngine, warnOfFallback } = require('./engines/index.js')
const { invalidArgument, invalidThis, workerOverdue } = require('./errors.js')
const events = require('./events.js')
const { describeTable, transferableTable, warnOfParameters } = require('./functions.js')
const { clearTimeout, nextTick, setTimeout } = require('./globals.js')
const { openapiOf, textOf, warnOfMissing } = require('./openapi/index.js')
const { checkArguments, checkCloseArguments, fitOptions } = require('./options.js')
const { Generations } = require('./workers/generations.js')
const { cureOfExit, isOwn, loadError } = require('./workers/load-errors.js')

function serverListen(portOrOptions, handler, ...surplus) {
  const { options, table, module } = checkArguments(portOrOptions, handler, surplus)
  try {
    return new Server(options, handler, table, module)
  } catch (error) {
    if (isOwn(error)) Error.captureStackTrace(error, serverListen)
    throw error
  }
}

// The engines of all servers on paths, and what closes each server in a worker of node:cluster. Each of the two shares one
// listener, because Node warns of the eleventh listener on an event.
const enginesOnPaths = new Set()
const closesInCluster = new Set()

class Server {
  #engine
  #options
  #functions
  // The table as plain data, and the text of its description: the served one, or one made on request.
  #table
  #openapi
  // The workers, if a module is served.
  #generations
  #handlerErrors = 0
  #hasWarnedOfError = false
  #hasWarnedOfExit = false
  #closed
  #resolveClosed
  #abort = () => this.close()

  constructor(options, handler, table, module) {
    this.#options = options
    const callees = module === undefined ? { handler, table } : this.#startWorkers(module)
    const described = module === undefined ? transferableTable(table, handler) : callees.table
    if (module === undefined) refuseConflict(described, options, invalidArgument)
    const { engine, refusal } = this.#startEngine(callees, described)
    this.#engine = engine
    try {
      this.#started(refusal)
    } catch (error) {
      // The caller does not get the server and cannot close it.
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
    // RFC 6874 encodes the % of a zone.
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
    const { engine } = this
    const stats = { ...this.#engine.stats(), handlerErrors: this.#handlerErrors, engine }
    if (this.#generations === undefined) return stats
    const handlerErrors = this.#handlerErrors + this.#generations.failures
    return { ...stats, handlerErrors, workers: this.#generations.stats() }
  }

  openapi() {
    Server.#checkThis(this, 'openapi')
    const { openapi, bigint } = this.#options
    this.#openapi ??= textOf(openapiOf(this.#table, { ...openapi, bigint }))
    return JSON.parse(String(this.#openapi))
  }

  async reload() {
    Server.#checkThis(this, 'reload')
    if (this.#generations === undefined) throw nothingToReload()
    await this.#generations.reload((table) => {
      const documents = documentsOf(table, this.#options)
      const replaced = this.#engine.replace(table, documents)
      this.#describe(table, documents)
      events.reloaded(this)
      return replaced
    })
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
      // A caller that closes the server wants the process to wait for that.
      this.#engine.setReferenced(true)
      this.#engine.close()
      this.#generations?.close()
      events.closing(this)
    }
    if (timeout !== undefined) {
      const timer = setTimeout(() => this.closeAllConnections(), timeout)
      this.#closed.then(() => clearTimeout(timer))
    }
    // In a turn of its own, so that an error in the callback is an uncaught exception, not a rejection.
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

  // A method that was passed on without its object has no server.
  static #checkThis(it, method) {
    if (typeof it !== 'object' || it === null || !(#options in it)) throw invalidThis(method)
  }

  // What `console.log` shows.
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (depth < 0) return options.stylize('[Server]', 'special')
    const { url, engine, listening } = this
    return `Server ${inspect({ url, engine, listening }, options)}`
  }

  // When this returns, the first worker has loaded the module. Its table is plain data.
  #startWorkers(module) {
    const generations = new Generations(module, {
      check: (table) => this.#checkTable(table),
      onWorkerExit: (exit) => this.#onWorkerExit(exit),
      // There is no engine yet if the start fails.
      onLost: (generation, seat) => this.#engine?.lost(generation, seat),
      onFailure: (failure) => this.#onWorkerFailure(failure)
    })
    const pool = generations.load()
    this.#generations = generations
    return {
      pool,
      table: pool.table,
      functionCounts: () => generations.functionCounts(),
      onOverdue: (generation, seat) => {
        generations.terminate(generation, seat, workerOverdue(this.#options.handlerTimeout))
      },
      onRetired: (generation) => generations.retire(generation)
    }
  }

  // The engine cannot change between a plain function and a table, so neither can a reload.
  #checkTable(table) {
    const { isPlain } = table
    const isFirst = this.#generations === undefined
    if (!isFirst && isPlain !== this.#generations.table.isPlain) throw otherKind()
    refuseConflict(table, this.#options, isFirst ? invalidArgument : loadError)
    const options = fitOptions(this.#options, isPlain)
    if (isFirst) this.#options = options
  }

  // `table` is plain data.
  #startEngine(callees, table) {
    try {
      const documents = documentsOf(table, this.#options)
      this.#describe(table, documents)
      return startEngine(this.#options, {
        ...callees,
        documents,
        onHandlerError: (error, n) => this.#onPlainError(error, n),
        onFunctionError: (error, fn, args) => this.#onFunctionError(error, fn, args),
        health: () => this.#health(),
        onFailure: (failure) => this.#onFailure(failure),
        onEnd: () => this.#onEnd()
      })
    } catch (error) {
      this.#generations?.end()
      throw error
    }
  }

  #describe(table, documents) {
    this.#functions = describeTable(table)
    this.#table = table
    this.#openapi = documents.find(({ path }) => path === DESCRIPTION_PATH)?.body
  }

  // The engine listens. `refusal` is the reason for a fallback. This calls code that is not ours, such as a foreign
  // signal, and may throw.
  #started(refusal) {
    const options = this.#options
    if (refusal !== undefined) warnOfFallback(refusal)
    if (options.openapi !== false) warnOfMissing(this.#table)
    warnOfParameters(this.#table)
    if (options.path !== undefined) {
      // `close()` removes the path, but the process may exit without it.
      if (enginesOnPaths.size === 0) process.once('exit', removePaths)
      enginesOnPaths.add(this.#engine)
    }
    events.opened(this)
    this.#joinCluster()
    if (options.signal?.aborted) this.close()
    else options.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  // A worker of node:cluster that is disconnected has to close its servers, or it never ends. Node closes only its own.
  #joinCluster() {
    const worker = process.connected ? require('node:cluster').worker : undefined
    if (worker === undefined) return
    if (!worker.listeners('disconnect').includes(closeInCluster)) worker.once('disconnect', closeInCluster)
    closesInCluster.add(this.#abort)
  }

  // The engine asks in a turn of this thread's event loop, which proves that the loop turns.
  #health() {
    return { isClosing: !this.listening, hasWorker: this.#generations?.hasWorker ?? true }
  }

  #onFailure(failure) {
    events.failed(this, failure)
    this.close()
    process.emitWarning(`The server has stopped listening, because a ring thread failed. ${failure}`, {
      code: 'RINGCALL_FAILED'
    })
  }

  #onEnd() {
    if (this.#generations === undefined) this.#ended()
    else this.#generations.end().then(() => this.#ended())
  }

  #ended() {
    this.#resolveClosed?.()
    events.closed(this)
    closesInCluster.delete(this.#abort)
    try {
      this.#options.signal?.removeEventListener('abort', this.#abort)
    } catch {
      // A foreign signal threw. The server has ended all the same.
    }
    if (enginesOnPaths.delete(this.#engine) && enginesOnPaths.size === 0) process.removeListener('exit', removePaths)
  }

  // The arguments may be lost with the worker.
  #onPlainError(error, n) {
    this.#handlerErrors++
    this.#reportPlainError(error, n)
  }

  #onFunctionError(error, { name }, args = []) {
    this.#handlerErrors++
    this.#reportFunctionError(error, name, args)
  }

  // The worker has counted it.
  #onWorkerFailure({ function: name, arguments: args, error }) {
    if (name === undefined) this.#reportPlainError(error, args)
    else this.#reportFunctionError(error, name, args)
  }

  #reportPlainError(error, n) {
    this.#reportError(error, { n }, n, n === undefined ? 'The handler failed' : `The handler failed for ${n}`)
  }

  #reportFunctionError(error, name, args) {
    const call = { function: name, arguments: args }
    this.#reportError(error, call, call, `The function ${name} failed`)
  }

  // `call` is what the channel publishes about the call, and `argument` is what `onError` is passed.
  #reportError(error, call, argument, what) {
    events.handlerFailed(this, error, call)
    const { onError } = this.#options
    if (onError !== undefined) {
      this.#callOnError(onError, error, argument)
    } else if (!this.#hasWarnedOfError) {
      this.#hasWarnedOfError = true
      process.emitWarning(
        `${what}. This warning comes once: pass onError to receive every failure; ` +
          `stats().handlerErrors counts them.\n${printable(error)}`,
        { code: 'RINGCALL_HANDLER_ERROR' }
      )
    }
  }

  #onWorkerExit({ threadId, error, exitCode, restartIn }) {
    const isHeard = events.workerExited(this, { threadId, error, exitCode, restartIn })
    if (isHeard || this.#hasWarnedOfExit) return
    this.#hasWarnedOfExit = true
    const what = exitCode === null ? 'could not be started' : `has ended with the exit code ${exitCode}`
    const cure = cureOfExit(error)
    process.emitWarning(
      `A worker ${what}.${cure === undefined ? '' : ` ${cure}`} This warning comes once: subscribe to ` +
        'ringcall:worker-exit of node:diagnostics_channel for every one; stats().workers counts restarts.' +
        `${error === null ? '' : `\n${printable(error)}`}`,
      { code: 'RINGCALL_WORKER_EXIT' }
    )
  }

  // `onError` may be async. Its own errors must not end the process.
  async #callOnError(onError, error, argument) {
    try {
      await onError(error, argument)
    } catch (thrown) {
      process.emitWarning(`onError itself failed: ${printable(thrown)}`, { code: 'RINGCALL_ON_ERROR' })
    }
  }
}

// `makeError` makes an error of a sentence.
function refuseConflict(table, options, makeError) {
  const conflict = healthConflictOf(table, options)
  if (conflict !== undefined) throw makeError(conflict)
}

function nothingToReload() {
  return loadError(
    'The server has no module to reload, because it was passed functions. Pass the module that exports ' +
      "them: serverListen(8000, new URL('./functions.js', import.meta.url))."
  )
}

function otherKind() {
  return loadError(
    'The module changes between one plain function and functions by name or a declared one. That needs another ' +
      'server.'
  )
}

function printable(thrown) {
  try {
    return String(thrown?.stack ?? thrown)
  } catch {
    return 'an error that cannot be printed'
  }
}

function removePaths() {
  for (const engine of enginesOnPaths) engine.removePath()
}

function closeInCluster() {
  for (const close of closesInCluster) close()
}

module.exports = { serverListen }
