'use strict'

// The same server on Node's own http server, for systems without io_uring. Network and parser share the JavaScript
// thread, and so does the handler unless workers run it. docs/engines.md lists the differences.
//
// A `net.Server` listens and passes its sockets to an `http.Server` that does not listen. So connections beyond
// `maxConnections` can wait, and errors of the listen can be thrown.

const http = require('node:http')
const net = require('node:net')
const { clearInterval, clearTimeout, performance, setImmediate, setInterval, setTimeout } = require('../globals.js')
const { BodyQuota } = require('./node/body.js')
const { CLOSE_GRACE_MS, Connection } = require('./node/connection.js')
const { FIELDS_MAX, judge } = require('./node/head.js')
const { InProcess } = require('./node/in-process.js')
const { listen, whenQueueIsEmpty } = require('./node/listen.js')
const { CLOSING, NO_WORKER, WELL } = require('./node/health.js')
const { LATE_HANDLER, OVERLOADED, refusalAnswer } = require('./node/refusals.js')
const { preflightAnswer } = require('./node/cross-site.js')
const { Counters, addBytes } = require('./node/stats.js')
const { isLate, sweepInterval } = require('./node/timeouts.js')
const { Workers } = require('./node/workers.js')

class NodeEngine {
  name = 'node'
  options
  // The time of `close()`.
  closingSince
  counters = new Counters()
  // Bounds the bodies of all connections together.
  bodyQuota
  #listener
  #listenerClosed = false
  // The file of a Unix domain socket.
  #socketFile
  #http
  #address
  // Runs the calls of new requests.
  #executor
  // Replaced executors that still have calls.
  #retired = new Set()
  #isRetiringSoon = false
  #callbacks
  #connections = new Map()
  // Unread sockets beyond `maxConnections`.
  #waiting = new Set()
  // Calls without an answer: they wait, run, or have returned an unsettled promise.
  #pending = new Set()
  #referenced = true
  #cutting = false
  #sweeper
  // The timer that ends the grace period of idle connections after `close()`.
  #grace

  constructor(options, callbacks) {
    this.options = options
    this.bodyQuota = new BodyQuota(options.maxBufferedBytes)
    const { pool } = callbacks
    this.#callbacks = callbacks
    this.#executor = pool === undefined ? new InProcess(this, callbacks) : new Workers(this, callbacks)
    this.#listener = net.createServer({
      allowHalfOpen: true, noDelay: true, pauseOnConnect: true, highWaterMark: 16 * 1024
    })
    // The process is out of descriptors. Node closes what it cannot accept.
    this.#listener.on('error', ({ syscall }) => {
      if (syscall === 'accept') this.counters.acceptPauses++
    })
    this.#listener.on('connection', (socket) => this.#onSocket(socket))
    this.#socketFile = listen(this.#listener, options)
    this.#listener.maxConnections = options.maxConnections + options.backlog
    this.#address = options.path === undefined ? this.#listener.address() : { address: options.path }

    const interval = sweepInterval(options)
    this.#http = this.#createHttp(interval)
    this.#sweeper = setInterval(() => this.#sweepSoon(), interval).unref()
    const executor = this.#executor
    pool?.open((seat) => executor.ticketFor(seat))
  }

  address() {
    return this.#address
  }

  stats() {
    const now = performance.now()
    let oldest = now
    for (const { since } of this.#pending) oldest = Math.min(oldest, since)
    const counts = this.counters.read([...this.#connections.keys(), ...this.#waiting], now - oldest)
    const { handler } = this.#executor
    return handler.isTable ? { ...counts, functions: handler.stats() } : counts
  }

  setReferenced(referenced) {
    this.#referenced = referenced
    for (const each of [this.#listener, ...this.#connections.keys(), ...this.#waiting]) {
      if (referenced) each.ref()
      else each.unref()
    }
  }

  get #executors() {
    return [this.#executor, ...this.#retired]
  }

  // Requests whose head arrives from now on use this table and these documents. Returns what makes the tickets of the
  // new workers.
  replace(table, documents) {
    this.#retired.add(this.#executor)
    const executor = new Workers(this, { ...this.#callbacks, table, documents }, this.#executor)
    this.#executor = executor
    this.#retireSoon()
    return { ticketFor: (seat) => executor.ticketFor(seat) }
  }

  // The worker in that seat is gone.
  lost(generation, seat) {
    for (const executor of this.#executors) if (executor.generation === generation) executor.lost(seat)
  }

  removePath() {
    this.#socketFile?.remove()
  }

  close() {
    this.closingSince = performance.now()
    this.removePath()
    this.#grace = setTimeout(() => this.#sweepSoon(), CLOSE_GRACE_MS + 1)
    whenQueueIsEmpty(this.#listener, this.options, () => this.#cutting, () => {
      this.#listener.close(() => {
        this.#listenerClosed = true
        this.#endIfOver()
      })
      for (const socket of this.#waiting) this.#admit(socket)
    })
  }

  closeIdleConnections() {
    // First reads what has already arrived, in a whole turn: a connection that has sent a request is not idle.
    setImmediate(setImmediate, () => {
      for (const [socket, connection] of this.#connections) if (connection.isIdle) socket.destroy()
    })
  }

  // While the server closes, connections that still arrive are cut as well.
  closeAllConnections() {
    this.#cutting = this.closingSince !== undefined
    const sockets = [...this.#connections.keys(), ...this.#waiting]
    this.#waiting.clear()
    for (const socket of sockets) socket.destroy()
  }

  // Answers of a plain function are digits.
  get hasShortAnswers() {
    return !this.#executor.handler.isTable
  }

  // Decides what to do about a request, from its head.
  judge(request) {
    return judge(request, this.options, this.#executor)
  }

  // The answer for a refusal or an error.
  refusalAnswer(refusal, { handler } = this.#executor) {
    return refusalAnswer(refusal, handler.isTable)
  }

  // The request is complete, and earlier ones of its connection have been started.
  run(connection, transaction) {
    const { head, body } = transaction
    this.counters.requests++
    if (head.isPreflight) return connection.answer(transaction, preflightAnswer(head.allowed))
    const { executor } = head
    if (head.refusal !== undefined) {
      if (head.refusal === head.bodyRefusal) executor.handler.refused(head.route.form)
      return this.#refuse(connection, transaction, head.refusal)
    }
    if (head.isHealth) return connection.answer(transaction, this.#healthAnswer(executor))
    if (head.document !== undefined) {
      return connection.answer(transaction, head.document.answerTo(transaction.request, this.options.origins))
    }
    const call = executor.handler.callOf(head)
    if (this.counters.inFlight >= this.options.maxInFlight) {
      const refusal = executor.handler.read(call, body?.bytes)
      if (refusal === undefined) this.counters.overloaded++
      return this.#refuse(connection, transaction, refusal ?? OVERLOADED)
    }
    call.connection = connection
    call.transaction = transaction
    call.executor = executor
    this.#begin(call)
  }

  // This code runs, so the event loop turns.
  #healthAnswer(executor) {
    const { isClosing, hasWorker } = this.#callbacks.health()
    if (!isClosing && hasWorker) return WELL
    return this.refusalAnswer(isClosing ? CLOSING : NO_WORKER, executor)
  }

  #refuse(connection, transaction, refusal) {
    transaction.body?.giveBack()
    this.counters.countTooLarge(refusal.status)
    connection.answer(transaction, this.refusalAnswer(refusal, transaction.head.executor))
  }

  #begin(call) {
    this.counters.inFlight++
    call.since = call.transaction.since
    this.#pending.add(call)
    const now = performance.now()
    if (isLate(call, now, this.options)) this.#giveUp(call, now)
    else call.executor.add(call)
  }

  #giveUp(call, now) {
    this.counters.handlerTimeouts++
    call.executor.drop(call)
    this.answer(call, this.refusalAnswer(LATE_HANDLER, call.executor), now)
  }

  // Reads a call's arguments. Returns whether the call can be run; if the arguments do not fit, they have been refused.
  read(call) {
    const { connection, transaction, executor } = call
    const refusal = executor.handler.read(call, transaction.body?.bytes)
    transaction.body?.giveBack()
    if (refusal === undefined) return true
    this.#end(call)
    this.#refuse(connection, transaction, refusal)
    return false
  }

  // A call was run. `outcome` is the call, or what a worker reported of it.
  count({ handler }, outcome, milliseconds) {
    this.counters.handlerTime.add(milliseconds)
    handler.count(outcome, milliseconds)
  }

  answer(call, answer, now = performance.now()) {
    if (!this.#end(call)) return
    this.counters.latency.add(now - call.since)
    const thrown = call.connection.answer(call.transaction, answer)
    if (thrown !== undefined) this.#failureOf(call, thrown).report?.()
  }

  // The call has failed for a reason other than the function.
  fail(call, error) {
    const { refusal, report } = this.#failureOf(call, error)
    this.answer(call, this.refusalAnswer(refusal, call.executor))
    report?.()
  }

  // The outcome cannot be reported to the client.
  abandon(call) {
    call.executor.handler.count(call)
    if (this.#end(call)) call.connection.abort()
  }

  #failureOf(call, error) {
    const { handler } = call.executor
    const failure = handler.failureOf(call, error)
    handler.count(call)
    return failure
  }

  // The call no longer needs an answer. Returns whether it did.
  #end(call) {
    if (call.isOver) return false
    call.isOver = true
    call.transaction.body?.giveBack()
    this.#pending.delete(call)
    this.counters.inFlight--
    if (this.#retired.has(call.executor)) this.#retireSoon()
    return true
  }

  #createHttp(connectionsCheckingInterval) {
    const { headersTimeout, requestTimeout, sendTimeout, maxHeaderSize } = this.options
    const server = http.createServer({
      maxHeaderSize,
      // Node rejects a `headersTimeout` longer than `requestTimeout`, which then applies anyway.
      headersTimeout: requestTimeout > 0 ? Math.min(headersTimeout, requestTimeout) : headersTimeout,
      requestTimeout,
      connectionsCheckingInterval,
      keepAliveTimeout: 0, // `Connection` looks after it, as Node's does not begin before the first request.
      requireHostHeader: false, // `judge` does, with a sentence.
      insecureHTTPParser: false
    })
    server.timeout = sendTimeout
    server.maxHeadersCount = FIELDS_MAX + 1
    server.httpAllowHalfOpen = true // A client that has ended its side still gets its answers.
    const onRequest = (request, response) => this.#connections.get(request.socket)?.request(request, response)
    for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, onRequest)
    server.on('connect', (request, socket) => {
      this.#connections.get(socket)?.refuseTunnel(this.judge(request))
    })
    server.on('clientError', (error, socket) => this.#connections.get(socket)?.failed(error))
    server.on('timeout', (socket) => this.#onSocketTimeout(socket))
    // This server never listens, because it is passed sockets. The event starts its timeouts.
    server.emit('listening')
    return server
  }

  #onSocket(socket) {
    // 'close' follows.
    socket.once('error', () => this.counters.connectionErrors++).on('error', () => {})
    if (this.#cutting) return socket.destroy()
    if (!this.#referenced) socket.unref()
    if (this.#connections.size < this.options.maxConnections) return this.#admit(socket)
    if (this.#waiting.size === 0) this.counters.acceptPauses++
    this.#waiting.add(socket)
    socket.once('close', () => this.#waiting.delete(socket))
  }

  #admit(socket) {
    this.#waiting.delete(socket)
    const connection = new Connection(this, socket)
    this.#connections.set(socket, connection)
    this.counters.connectionsAccepted++
    this.counters.connectionsOpen++
    socket.once('close', () => this.#onSocketClose(socket))
    this.#http.emit('connection', socket)
    connection.listen()
    socket.resume()
  }

  #onSocketClose(socket) {
    addBytes(this.counters, socket)
    this.#connections.delete(socket)
    this.counters.connectionsOpen--
    const [next] = this.#waiting
    if (next !== undefined) this.#admit(next)
    else if (this.#connections.size === 0) this.#endIfOver()
  }

  // The listener's 'close' may come before that of the last sockets.
  #endIfOver() {
    if (!this.#listenerClosed || this.#connections.size > 0) return
    clearInterval(this.#sweeper)
    clearTimeout(this.#grace)
    // Their connections are gone, so nothing waits for these calls.
    for (const call of this.#pending) call.isOver = true
    this.counters.inFlight -= this.#pending.size
    this.#pending.clear()
    for (const executor of this.#executors) executor.end()
    this.#retired.clear()
    this.#http.close()
    this.#callbacks.onEnd()
  }

  // Node's timer stands still while bytes leave, however slowly.
  #onSocketTimeout(socket) {
    if (socket.writableLength === 0) return
    this.counters.sendTimeouts++
    socket.destroy()
  }

  // After a busy time, first reads what has arrived meanwhile, in a whole turn: it is not late.
  #sweepSoon() {
    setImmediate(setImmediate, () => this.#sweep())
  }

  #sweep() {
    const now = performance.now()
    for (const call of this.#pending) if (isLate(call, now, this.options)) this.#giveUp(call, now)
    for (const connection of this.#connections.values()) {
      if (connection.expire(now, this.options)) this.counters.keepAliveTimeouts++
    }
    for (const executor of this.#executors) executor.sweep(now)
    this.#retire()
  }

  #retireSoon() {
    if (this.#isRetiringSoon) return
    this.#isRetiringSoon = true
    setImmediate(() => {
      this.#isRetiringSoon = false
      this.#retire()
    })
  }

  // Ends the executors that have no calls and no unread requests.
  #retire() {
    for (const executor of this.#retired) {
      const isWanted = !executor.isIdle || [...this.#connections.values()].some((each) => each.reads(executor))
      if (isWanted) continue
      this.#retired.delete(executor)
      executor.end()
      this.#callbacks.onRetired(executor.generation)
    }
  }
}

module.exports = { NodeEngine }
