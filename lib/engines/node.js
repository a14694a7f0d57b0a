'use strict'

// The same server on Node's own http server, for where there is no io_uring. Network, parser and handler share the
// JavaScript thread. docs/engines.md has what differs.
//
// A `net.Server` listens and hands its sockets to an `http.Server` that does not: so connections beyond `maxConnections`
// can wait, and the listen's errors can be thrown.

const http = require('node:http')
const net = require('node:net')
const { captureContexts } = require('../contexts.js')
const {
  clearInterval, clearTimeout, performance, queueMicrotask, setImmediate, setInterval, setTimeout
} = require('../globals.js')
const { Pool } = require('./node/body.js')
const { CLOSE_GRACE_MS, Connection } = require('./node/connection.js')
const { handlerOf } = require('./node/handlers.js')
const { FIELDS_MAX, judge } = require('./node/head.js')
const { listen } = require('./node/listen.js')
const { LATE_HANDLER, OVERLOADED, refusalAnswer } = require('./node/refusals.js')
const { Queue } = require('./node/queue.js')
const { PREFLIGHT_HEADERS } = require('./node/site.js')
const { Counters, addBytes } = require('./node/stats.js')
const turn = require('../turn.js')

// How often one looks whose time is over: twice in the shortest timeout, within these bounds.
const SWEEP_MS_MIN = 10
const SWEEP_MS_MAX = 250

class NodeEngine {
  name = 'node'
  options
  // When `close()` was called.
  closingSince
  counters = new Counters()
  // For the bodies of all connections.
  pool
  #listener
  #listenerClosed = false
  // Of a Unix domain socket.
  #socketFile
  #http
  #address
  #handler
  #onEnd
  #contexts = captureContexts()
  #connections = new Map()
  // Sockets beyond `maxConnections`, unread.
  #waiting = new Set()
  // Calls that have no answer, the oldest first: they wait, or what they have returned has not settled.
  #pending = new Set()
  #queue = new Queue()
  // True: promises were returned, and what they go on with is to run before the next call.
  #hasPromises = false
  #isDraining = false
  // True: calls have been run since the event loop turned.
  #isInTurn = false
  #referenced = true
  #cutting = false
  #sweeper
  // The timer of the grace in which a closing server keeps idle connections.
  #grace

  constructor(options, callbacks) {
    this.options = options
    this.pool = new Pool(options.maxBufferedBytes)
    this.#handler = handlerOf(callbacks)
    this.#onEnd = callbacks.onEnd
    this.#listener = net.createServer({
      allowHalfOpen: true, noDelay: true, pauseOnConnect: true, highWaterMark: 16 * 1024
    })
    // Out of descriptors: Node closes what it cannot take.
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
  }

  address() {
    return this.#address
  }

  stats() {
    const [oldest] = this.#pending
    const oldestInFlight = oldest === undefined ? 0 : performance.now() - oldest.since
    const counts = this.counters.read([...this.#connections.keys(), ...this.#waiting], oldestInFlight)
    return this.#handler.isTable ? { ...counts, functions: this.#handler.stats() } : counts
  }

  setReferenced(referenced) {
    this.#referenced = referenced
    for (const each of [this.#listener, ...this.#connections.keys(), ...this.#waiting]) {
      if (referenced) each.ref()
      else each.unref()
    }
  }

  removePath() {
    this.#socketFile?.remove()
  }

  close() {
    this.closingSince = performance.now()
    this.removePath()
    this.#grace = setTimeout(() => this.#sweepSoon(), CLOSE_GRACE_MS + 1)
    // What the kernel holds ready would be reset: it is accepted in the turn that begins now.
    setImmediate(setImmediate, () => {
      this.#listener.close(() => {
        this.#listenerClosed = true
        this.#endIfOver()
      })
      for (const socket of this.#waiting) this.#admit(socket)
    })
  }

  closeIdleConnections() {
    // What has arrived and is not read yet is read first, in a whole turn: who sent it does not idle.
    setImmediate(setImmediate, () => {
      for (const [socket, connection] of this.#connections) if (connection.isIdle) socket.destroy()
    })
  }

  // While it closes, who still comes is cut, too.
  closeAllConnections() {
    this.#cutting = this.closingSince !== undefined
    const sockets = [...this.#connections.keys(), ...this.#waiting]
    this.#waiting.clear()
    for (const socket of sockets) socket.destroy()
  }

  // Of one function for integers they are digits.
  get hasShortAnswers() {
    return !this.#handler.isTable
  }

  // What is to be done about a head.
  judge(request) {
    return judge(request, this.options, this.#handler.routes)
  }

  // An error's answer.
  refusalAnswer(refusal) {
    return refusalAnswer(refusal, this.#handler.isTable)
  }

  // A request is complete, and it is its turn.
  run(connection, exchange) {
    const { head, body } = exchange
    this.counters.requests++
    if (head.isPreflight) return connection.answer(exchange, { status: 204, headers: PREFLIGHT_HEADERS, body: '' })
    if (head.refusal !== undefined) {
      if (head.refusal === head.onBody) this.#handler.refused(head.route.form)
      return this.#refuse(connection, exchange, head.refusal)
    }
    const call = this.#handler.callOf(head)
    if (this.counters.inFlight >= this.options.maxInFlight) {
      const refusal = this.#handler.read(call, body?.bytes)
      if (refusal === undefined) this.counters.overloaded++
      return this.#refuse(connection, exchange, refusal ?? OVERLOADED)
    }
    call.connection = connection
    call.exchange = exchange
    this.#begin(call)
  }

  #refuse(connection, exchange, refusal) {
    exchange.body?.giveBack()
    this.counters.countTooLarge(refusal.status)
    connection.answer(exchange, this.refusalAnswer(refusal))
  }

  #begin(call) {
    this.counters.inFlight++
    call.since = performance.now()
    call.began = call.since
    this.#pending.add(call)
    this.#queue.add(call)
    // What has been pipelined comes in one go, whatever else this thread has to do.
    if (!this.#isDraining && !this.#hasPromises) this.#drain()
  }

  // Runs what waits for as long as it is the turn of handlers.
  #drain(continues = false) {
    let hasRun = continues
    let isDone = false
    let now
    this.#isDraining = true
    try {
      while (!this.#queue.isEmpty && !this.#hasPromises) {
        now = performance.now()
        if (!(hasRun || this.#isInTurn ? turn.goesOn(now) : this.#startTurn(now))) return
        const call = this.#queue.take()
        if (call.isOver) continue
        hasRun = true
        this.#contexts.run(() => this.#call(call))
      }
      isDone = true
      this.#isDraining = false
    } finally {
      if (!isDone) turn.resume(() => this.#drain(), hasRun, now)
    }
  }

  #startTurn(now) {
    this.#isInTurn = true
    setImmediate(() => (this.#isInTurn = false))
    return turn.begins(now, true)
  }

  // Its arguments are made only now, as they may be many times as large as the bytes that are counted.
  #call(call) {
    try {
      const { connection, exchange } = call
      const refusal = this.#handler.read(call, exchange.body?.bytes)
      exchange.body?.giveBack()
      if (refusal !== undefined) {
        this.#end(call)
        return this.#refuse(connection, exchange, refusal)
      }
      this.counters.batches++
      this.counters.batchSizes.add(1)
      call.began = performance.now()
      this.#take(call, this.#handler.invoke(call))
    } catch (error) {
      this.#fail(call, error)
    }
  }

  // What promises go on with runs before the next call, and is part of the turn.
  #goOnLater() {
    if (this.#hasPromises) return
    this.#hasPromises = true
    queueMicrotask(() => {
      this.#hasPromises = false
      if (!this.#isDraining) this.#drain(true)
    })
  }

  // Whatever a handler may return.
  #take(call, value) {
    const answer = this.#handler.answerOf(call, value, false)
    if (answer === undefined) this.#wait(call, value)
    else this.#settle(call, answer)
  }

  // Awaits what may be a promise: no thenable can answer twice, and its getters and methods throw in here.
  async #wait(call, promise) {
    this.#goOnLater()
    try {
      this.#settle(call, this.#handler.answerOf(call, await promise, true))
    } catch (error) {
      this.#fail(call, error)
    }
  }

  #fail(call, error) {
    let failure
    try {
      failure = this.#handler.failureOf(call, error)
      this.#settle(call, this.refusalAnswer(failure.refusal))
    } catch {
      // What was thrown cannot be told, whatever it is: nobody is to wait for it.
      this.#end(call)
      call.connection.abort()
    }
    failure?.tell?.()
  }

  #settle(call, answer) {
    const now = performance.now()
    this.counters.handlerTime.add(now - call.began)
    this.#handler.settled(call, now - call.began)
    this.#answer(call, answer, now)
  }

  #answer(call, answer, now) {
    if (!this.#end(call)) return
    this.counters.latency.add(now - call.since)
    const thrown = call.connection.answer(call.exchange, answer)
    if (thrown !== undefined) this.#handler.failureOf(call, thrown).tell?.()
  }

  // Nobody waits for it any more. Returns whether somebody did.
  #end(call) {
    if (call.isOver) return false
    call.isOver = true
    call.exchange.body?.giveBack()
    this.#pending.delete(call)
    this.counters.inFlight--
    return true
  }

  #createHttp(connectionsCheckingInterval) {
    const { headersTimeout, requestTimeout, sendTimeout, maxHeaderSize } = this.options
    const server = http.createServer({
      maxHeaderSize,
      // Node refuses one that is longer than `requestTimeout`, which then counts anyway.
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
    // Sockets are handed to it, so it never listens; this is what starts its timeouts.
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

  // The listener's close may be told before the last sockets' is.
  #endIfOver() {
    if (!this.#listenerClosed || this.#connections.size > 0) return
    clearInterval(this.#sweeper)
    clearTimeout(this.#grace)
    // Nobody waits for these.
    for (const call of this.#pending) call.isOver = true
    this.counters.inFlight -= this.#pending.size
    this.#pending.clear()
    this.#http.close()
    this.#onEnd()
  }

  // Node's timer stands still while bytes leave, however slowly.
  #onSocketTimeout(socket) {
    if (socket.writableLength === 0) return
    this.counters.sendTimeouts++
    socket.destroy()
  }

  // After a busy time what has arrived meanwhile is read first, in a whole turn, and is not late.
  #sweepSoon() {
    setImmediate(setImmediate, () => this.#sweep())
  }

  #sweep() {
    const now = performance.now()
    const { handlerTimeout } = this.options
    for (const call of this.#pending) {
      if (handlerTimeout === 0 || now - call.since < handlerTimeout) break
      this.counters.handlerTimeouts++
      this.#answer(call, this.refusalAnswer(LATE_HANDLER), now)
    }
    for (const connection of this.#connections.values()) {
      if (connection.expire(now, this.options)) this.counters.keepAliveTimeouts++
    }
  }
}

function sweepInterval({ headersTimeout, requestTimeout, keepAliveTimeout, handlerTimeout }) {
  const timeouts = [headersTimeout, requestTimeout, keepAliveTimeout, handlerTimeout].filter((timeout) => timeout > 0)
  return Math.max(SWEEP_MS_MIN, Math.min(SWEEP_MS_MAX, Math.floor(Math.min(...timeouts) / 2)))
}

module.exports = { NodeEngine }
