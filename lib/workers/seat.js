'use strict'

// The place of one worker: starts its thread, hears what it tells, ends it, and starts the next one. The thread's side
// is worker.js; the owner is the pool, which decides what is to follow.
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

// A worker that has no call any more, or has failed, may end by itself for so long, and one that loads the module may do
// so: what Node.js has just opened for a thread that is terminated then stays open. A thread that is terminated is waited
// for: one in a system call does not notice.
const END_MS = 1000
const TERMINATE_MS = 5000

class Seat {
  index
  counts = new Counts()
  restarts = 0
  // Of the worker that is there: the functions that it has told, or why it could not.
  table
  failure
  #owner
  #start
  #worker
  #port
  // Resolves when it has told what it has loaded, or why it has not, or has ended.
  #reported
  #resolveReported
  #exited
  #loadedAt
  // What it was ended for, or what it has not caught.
  #error
  #hasTicket = false
  // True: its transport has told that there are no calls any more.
  #isDone = false
  #backOff = new BackOff()
  #timer

  // `start` has the module's `url`, of WebAssembly the names of those functions that `only` are served, the
  // `workerOptions`, the `engine` to be expected, and the `signal` that rises with each message of a worker.
  constructor(index, start, owner) {
    this.index = index
    this.#start = start
    this.#owner = owner
  }

  // Throws where there can be no thread.
  start() {
    const { url, only, workerOptions: { workerData, loadTimeout, ...options }, engine, signal } = this.#start
    if (ROOT === undefined) throw loadError(`ringcall is in a bundle, and its worker threads cannot be. ${UNBUNDLE}`)
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

  // True exactly when its worker may have a ticket.
  get isLoaded() {
    return this.#worker !== undefined && this.table !== undefined && this.failure === undefined
  }

  // Whether the thread has ended, where this thread does not turn its event loop, and so is not told. Node.js says
  // whether a message has found somebody; where it does not say, nobody has ended.
  isGone() {
    return this.#port.postMessage({}) === false
  }

  stats() {
    const { isBusy, calls, heapUsed } = this.counts
    const isThere = this.#worker !== undefined
    const state = !isThere ? 'down' : !this.isLoaded ? 'starting' : isBusy ? 'busy' : 'idle'
    return { state, threadId: isThere ? this.#worker.threadId : null, calls, restarts: this.restarts, heapUsed }
  }

  // Takes what the worker has told, also where the event loop does not turn.
  receive() {
    let received
    while ((received = receiveMessageOnPort(this.#port)) !== undefined) this.#onMessage(received.message)
  }

  give({ ticket, transfer }) {
    this.#hasTicket = true
    this.#port.postMessage({ ticket }, transfer)
  }

  // What it has loaded, or has not, will not do. The first reason counts.
  fail(error) {
    this.failure ??= { error }
    this.#resolveReported()
    this.terminate(error)
  }

  // It is told by `exited`, with that error if there is no other.
  terminate(error) {
    this.#error ??= error
    this.#worker?.terminate()
  }

  // Returns in how many milliseconds the next worker is started; `onRefused` is told what was thrown if it was not.
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

  // Resolves when there is no worker any more, and there will be none.
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

  // It ends by itself now.
  #onFailed({ error: told, isOwn }) {
    const deserialized = deserializeError(told)
    const error = isOwn ? markOwn(deserialized) : deserialized
    this.failure ??= { error }
    this.#error ??= error
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#worker.terminate(), END_MS).unref()
  }

  #onLoadTimeout() {
    // This thread may be the one that was late.
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

// Whether the promise resolves in that time.
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
