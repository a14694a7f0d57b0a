'use strict'

// The place of one worker: starts its thread, reads its messages, ends it, and starts its replacement. The thread's
// side is worker.js. The owner is the pool, which decides what happens next.
//
// The owner has `loaded(seat)`, `exited(seat, { threadId, error, exitCode, hadTicket, isDone })` and `failed(seat,
// failure)`.

const path = require('node:path')
const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads')
const { clearTimeout, now, setTimeout } = require('../globals.js')
const { ROOT, UNBUNDLE } = require('../native.js')
const { BackOff } = require('./back-off.js')
const { Counts } = require('./counts.js')
const { markOwn, loadError, loadTimeoutError, startError } = require('./load-errors.js')
const { deserializeError, deserializeFailure } = require('./serialized-errors.js')

// How long a worker may take to end by itself when it has no calls or has failed, or to finish loading: a thread that
// is terminated can leak what Node.js has just opened for it. And how long to wait for a terminated thread, which may
// be stuck in a system call.
const END_MS = 1000
const TERMINATE_MS = 5000

class Seat {
  index
  counts = new Counts()
  restarts = 0
  // The current worker's functions, or the reason why it has none.
  table
  failure
  #owner
  #start
  #worker
  #port
  // Resolves when the worker has loaded the module, has failed to, or has ended.
  #reported
  #resolveReported
  #exited
  #loadedAt
  // The reason for terminating it, or its uncaught error.
  #error
  #hasTicket = false
  // True: its transport has reported that no call is left.
  #isDone = false
  #backOff = new BackOff()
  #timer

  // `start` has the module's `url`; `only`, the functions of WebAssembly to serve; the `workerOptions`; the `engine` to
  // expect; and the `signal`, a counter that each message of a worker increments.
  constructor(index, start, owner) {
    this.index = index
    this.#start = start
    this.#owner = owner
  }

  // Throws if no thread can be started.
  start() {
    const { url, only, workerOptions: { workerData, loadTimeout, ...options }, engine, signal } = this.#start
    if (ROOT === undefined) throw loadError(`ringcall is in a bundle, which cannot contain its worker threads. ${UNBUNDLE}`)
    const { port1, port2 } = new MessageChannel()
    let worker
    try {
      worker = new Worker(path.join(ROOT, 'lib', 'workers', 'worker.js'), {
        ...options,
        workerData: { port: port2, signal, memory: this.counts.memory, url, only, engine, workerData },
        transferList: [port2]
      })
    } catch (error) {
      port1.close()
      throw startError(error)
    }
    this.#worker = worker
    this.#port = port1
    this.table = this.failure = this.#error = undefined
    this.#hasTicket = this.#isDone = false
    worker.unref()
    worker.on('error', (error) => (this.#error ??= error))
    this.#reported = new Promise((resolve) => (this.#resolveReported = resolve))
    const { threadId } = worker
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (exitCode) => {
        this.#onExit(threadId, exitCode)
        resolve()
      })
    })
    port1.on('message', (message) => this.#onMessage(message))
    port1.unref()
    this.#timer = setTimeout(() => this.#onLoadTimeout(), loadTimeout).unref()
  }

  // True exactly when the worker can be given a ticket.
  get isLoaded() {
    return this.#worker !== undefined && this.table !== undefined && this.failure === undefined
  }

  // Whether the thread has ended, even if this thread's event loop does not turn and cannot see the event.
  // `postMessage` returns false if there is no receiver. Versions of Node.js in which it returns nothing cannot tell.
  isGone() {
    return this.#port.postMessage({}) === false
  }

  stats() {
    const { isBusy, calls, heapUsed } = this.counts
    const isThere = this.#worker !== undefined
    const state = !isThere ? 'down' : !this.isLoaded ? 'starting' : isBusy ? 'busy' : 'idle'
    return { state, threadId: isThere ? this.#worker.threadId : null, calls, restarts: this.restarts, heapUsed }
  }

  // Reads the worker's messages, even if the event loop does not turn.
  receive() {
    let received
    while ((received = receiveMessageOnPort(this.#port)) !== undefined) this.#onMessage(received.message)
  }

  give({ ticket, transfer }) {
    this.#hasTicket = true
    this.#port.postMessage({ ticket }, transfer)
  }

  // The worker cannot be used. The first reason is kept.
  fail(error) {
    this.failure ??= { error }
    this.#resolveReported()
    this.terminate(error)
  }

  // `exited` reports it, with this error unless there is another.
  terminate(error) {
    this.#error ??= error
    this.#worker?.terminate()
  }

  // Returns the milliseconds until the replacement is started. `onRefused` gets the error if it cannot be started.
  startLater(onRefused) {
    const lifetime = this.#loadedAt === undefined ? 0 : now() - this.#loadedAt
    const delay = this.#backOff.after(lifetime)
    this.#loadedAt = undefined
    this.#timer = setTimeout(() => {
      this.restarts++
      try {
        this.start()
      } catch (error) {
        onRefused(error)
      }
    }, delay).unref()
    return delay
  }

  // Resolves when the worker has ended. It is not replaced.
  async end() {
    clearTimeout(this.#timer)
    if (this.#worker === undefined) return
    const worker = this.#worker
    worker.ref()
    const endsByItself = this.#hasTicket || this.failure !== undefined
    await within(END_MS, endsByItself ? this.#exited : this.#reported)
    worker.terminate()
    if (!(await within(TERMINATE_MS, this.#exited))) worker.unref()
  }

  #onMessage(message) {
    switch (message.kind) {
      case 'loaded': return this.#onLoaded(message.table)
      case 'failed': return this.#onFailed(message)
      case 'failure':
        this.counts.releaseReport(message.bytes.length)
        return this.#owner.failed(this, deserializeFailure(message.bytes))
      case 'done':
        this.#isDone = true
    }
  }

  #onLoaded(table) {
    if (this.failure !== undefined) return
    clearTimeout(this.#timer)
    this.#loadedAt = now()
    this.table = table
    this.#resolveReported()
    this.#owner.loaded(this)
  }

  // The worker now ends by itself.
  #onFailed({ error: serialized, isOwn }) {
    const deserialized = deserializeError(serialized)
    const error = isOwn ? markOwn(deserialized) : deserialized
    this.failure ??= { error }
    this.#error ??= error
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#worker.terminate(), END_MS).unref()
  }

  #onLoadTimeout() {
    // This thread may be the one that is late.
    this.receive()
    if (this.table === undefined) this.fail(loadTimeoutError(this.#start))
  }

  #onExit(threadId, exitCode) {
    this.receive()
    this.#resolveReported()
    clearTimeout(this.#timer)
    this.#port.close()
    this.#worker = undefined
    this.counts.reset()
    const error = this.#error ?? null
    const isDone = this.#isDone && error === null
    this.#owner.exited(this, { threadId, error, exitCode, hadTicket: this.#hasTicket, isDone })
  }
}

// Whether the promise resolves within that time.
async function within(milliseconds, promise) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds, false)
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

module.exports = { Seat }
