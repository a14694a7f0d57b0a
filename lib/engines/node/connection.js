'use strict'

// One client's connection: requests from Node's parser, answers in their order, and a close that loses no answer to a
// reset.
//
// The engine owns every `Connection` and calls `request`, `failed` and `expire`. Node keeps the answers in order; this
// class keeps track of the answers that are owed, and of the last one.

const { clearTimeout, nextTick, performance, setImmediate, setTimeout } = require('../../globals.js')
const { Body } = require('./body.js')
const { isCall } = require('./head.js')
const {
  BODY_TOO_LONG, EMPTY_LINES_MAX, LATE_BODY, LATE_HEAD, NO_ROOM, NOT_WRITTEN, TOO_MANY_EMPTY_LINES, closingResponse,
  isOfHead, refusalOf
} = require('./refusals.js')
const { corsHeaders } = require('./cross-site.js')

// How long an idle connection is kept after the server's close, so that a request that has already been sent is
// answered.
const CLOSE_GRACE_MS = 500
// How long a connection waits, after its last answer, for the client to end its side. An earlier close would reset it,
// and the answer could be lost (RFC 9112 section 9.6).
const LINGER_MS = 2_000
// The number of unanswered requests at which reading pauses, until half of them are answered. Node still passes on the
// requests that it has read by then.
const PIPELINE_DEPTH_MAX = 64
// The number of unsent answer bytes at which reading pauses. Requests that were read by then wait.
const UNSENT_BYTES_MAX = 256 * 1024
// The least size that is expected of a running call's answer. It bounds how many calls run to the number of requests
// that may be unanswered. For functions by name a connection begins with few calls, because answers may be large.
const EXPECTED_SIZE_MIN = UNSENT_BYTES_MAX / PIPELINE_DEPTH_MAX
const FIRST_CALLS_MAX = 8

class Connection {
  #engine
  #socket
  // Requests that have not been run: their bodies or earlier ones are incomplete, or too many bytes are unsent.
  #reading = []
  // The last request that will be answered.
  #newest
  // The number of requests that the parser has begun, if it tells, and of heads that it has read.
  #begun
  #heads = 0
  // The number of answers that have not been sent.
  #unsent = 0
  #unsentBytes = 0
  // Since when they have been too many, and for how many milliseconds in all before that.
  #fullSince
  #fullMs = 0
  // The number of requests that run.
  #running = 0
  #isRunningComplete = false
  // The expected size of each of their answers, from earlier ones.
  #expectedSize
  // True: no request after `#newest` is run, and the connection ends with its answer.
  #ended = false
  // True: the client has ended its side, so no request follows.
  #peerEnded = false
  // True: reading is paused.
  #isFull = false
  // The answer to malformed input, which is sent after the other answers.
  #closingResponse
  // The timer after our side has ended.
  #lingering
  #isInputIgnored = false
  #idleSince = performance.now()
  // How many bytes the client had sent at the end of its last request.
  #bytesAtRest = 0

  constructor(engine, socket) {
    this.#engine = engine
    this.#socket = socket
    this.#expectedSize = engine.hasShortAnswers ? EXPECTED_SIZE_MIN : UNSENT_BYTES_MAX / FIRST_CALLS_MAX
    // Node would resume reading with each request and each answer.
    const { resume } = socket
    socket.resume = () => (this.#isFull ? socket : resume.call(socket))
    // Node ends the connection by this after the last answer.
    socket.destroySoon = () => this.#linger()
    socket.once('close', () => this.#onClose())
    // Node loses track of it after a header was removed.
    socket.once('end', () => (this.#peerEnded = true))
  }

  // Makes Node's parser, which the socket has by now, report when a request begins. The parser skips empty lines before
  // a request silently, and nothing else distinguishes half a head from them.
  listen() {
    const { parser } = this.#socket
    const event = parser?.constructor.kOnMessageBegin
    if (event === undefined) return // Another runtime's parser does not tell.
    this.#begun = 0
    parser[event] = () => this.#begun++
    // Node reuses parsers.
    this.#socket.prependOnceListener('close', () => (parser[event] = null))
  }

  // A head has arrived.
  request(request, response) {
    this.#heads++
    // Requests after the last one are not run.
    const isBehind = this.#ended || (this.#engine.closingSince !== undefined && this.#newest?.isAnswered === false)
    if (isBehind) return this.#stopReading()
    const head = this.#engine.judge(request)
    const transaction = {
      request, response, head, body: undefined, since: 0, size: 0, isComplete: false, isAnswered: false
    }
    this.#newest = transaction
    this.#unsent++
    this.#reading.push(transaction)
    if (!head.keepAlive) this.#ended = true
    response.once('finish', () => this.#sent(transaction))
    this.#pauseIfFull()
    // If the body would be dropped, and the client waits for `100 Continue`, it is not asked to send the body.
    if (head.hasBody && !head.isFatal && (isCall(head) || !head.expectsContinue)) this.#readBody(transaction)
    else this.#complete(transaction)
  }

  // Node's parser has rejected the input, or the connection has broken.
  failed(error) {
    if (error.code === 'HPE_INVALID_EOF_STATE') return this.#abandonRequest()
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return this.#late()
    const why = refusalOf(error, this.#unread)
    if (why !== undefined) this.#refuse(why, isOfHead(error, this.#unread))
    else if (error.syscall !== undefined) this.#socket.destroy()
  }

  // Returns the error if the answer could not be written. Then 500 is sent, or the connection ends.
  answer(transaction, answer) {
    if (transaction.isAnswered) return
    transaction.isAnswered = true
    this.#running--
    if (this.#socket.destroyed) return
    const { response, head } = transaction
    const isNewest = transaction === this.#newest && this.#closingResponse === undefined
    const isEnding = this.#ended || this.#peerEnded || this.#engine.closingSince !== undefined
    const isLast = !head.keepAlive || (isNewest && isEnding)
    if (isLast) this.#ended = true
    const connection = isLast ? 'close' : head.saysKeepAlive ? 'keep-alive' : undefined
    if (connection === undefined) response.removeHeader('Connection') // Or Node says `keep-alive`.
    let thrown
    try {
      this.#write(transaction, answer, connection)
    } catch (error) {
      thrown = error
      this.#writeFailure(transaction, connection)
    }
    this.#pauseIfFull()
    this.#runComplete()
    return thrown
  }

  #write(transaction, { status, headers, body }, connection) {
    const { response, head } = transaction
    const all = { ...headers, ...corsHeaders(head.allowedOrigin) }
    if (connection !== undefined) all.Connection = connection
    response.writeHead(status, all)
    this.#engine.counters.count(status)
    transaction.size = body.length
    if (isCall(head)) this.#expectedSize = Math.max(body.length, this.#expectedSize / 2, EXPECTED_SIZE_MIN)
    this.#unsentBytes += body.length
    if (this.#unsentBytes >= UNSENT_BYTES_MAX) this.#fullSince ??= performance.now()
    response.end(body)
  }

  #writeFailure(transaction, connection) {
    const { response } = transaction
    try {
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      this.#write(transaction, this.#engine.refusalAnswer(NOT_WRITTEN), connection)
    } catch {
      this.#socket.destroy()
    }
  }

  // No answer can be sent.
  abort() {
    this.#socket.destroy()
  }

  // CONNECT: Node detaches the socket, because the client may use it as a tunnel.
  refuseTunnel({ refusal }) {
    this.#refuse(refusal)
  }

  // Between two requests, with nothing to send.
  get isIdle() {
    return !this.#ended && this.#unsent === 0 && !this.#isReadingHead
  }

  get #isReadingHead() {
    return this.#begun === undefined ? this.#unread > 0 : this.#begun > this.#heads
  }

  // The bytes that have arrived since the end of the last request.
  get #unread() {
    return this.#socket.bytesRead - this.#bytesAtRest
  }

  // Whether it has a request for this executor that has not been run.
  reads(executor) {
    return this.#reading.some(({ head }) => head.executor === executor)
  }

  // Enforces the timeouts. Returns whether the connection has idled longer than `keepAliveTimeout`.
  expire(now, { keepAliveTimeout }) {
    if (!this.isIdle) return false
    // These bytes have arrived without beginning a request.
    if (this.#unread > EMPTY_LINES_MAX * '\r\n'.length + 1) {
      this.#refuse(TOO_MANY_EMPTY_LINES)
      return false
    }
    const { closingSince } = this.#engine
    const isLate = keepAliveTimeout > 0 && now - this.#idleSince >= keepAliveTimeout
    // A connection that was just accepted gets the grace period, too: its bytes may not have been read yet.
    const isOver = closingSince !== undefined && now - Math.max(closingSince, this.#idleSince) >= CLOSE_GRACE_MS
    if (isLate || isOver) this.#socket.destroy()
    return isLate
  }

  #readBody(transaction) {
    const { request, response, head } = transaction
    let allowance = this.#engine.options.maxBodySize
    request.on('data', (bytes) => {
      allowance -= bytes.length
      if (allowance < 0) this.#refuse(BODY_TOO_LONG)
      else if (isCall(transaction.head) && head.route !== undefined) this.#keep(transaction, bytes)
    })
    request.once('end', () => this.#complete(transaction))
    if (head.expectsContinue) response.writeContinue()
  }

  #keep(transaction, bytes) {
    const { head } = transaction
    if (transaction.isComplete) return
    if (head.bodyRefusal !== undefined) {
      transaction.head = { ...head, refusal: head.bodyRefusal }
      return
    }
    transaction.body ??= new Body(this.#engine.bodyQuota, head.bodySize)
    if (transaction.body.add(bytes)) return
    this.#engine.counters.overloaded++
    this.#refuse(NO_ROOM)
  }

  // The request has arrived or is refused. It can be run, and so can those that waited for it.
  #complete(transaction) {
    if (transaction.isComplete) return
    transaction.isComplete = true
    transaction.since = this.#clock()
    this.#bytesAtRest = this.#socket.bytesRead
    this.#runComplete()
  }

  // The time, by a clock that stands still while the client has not read enough of its answers. A call that waits for
  // the client does not become late by it.
  #clock() {
    return (this.#fullSince ?? performance.now()) - this.#fullMs
  }

  #runComplete() {
    // An immediate answer calls this again.
    if (this.#isRunningComplete || this.#socket.destroyed) return
    this.#isRunningComplete = true
    try {
      while (this.#reading[0]?.isComplete && this.#hasRoom) {
        this.#running++
        const transaction = this.#reading.shift()
        transaction.since += this.#fullMs
        this.#engine.run(this, transaction)
      }
    } finally {
      this.#isRunningComplete = false
    }
  }

  get #hasRoom() {
    return this.#unsentBytes + this.#running * this.#expectedSize < UNSENT_BYTES_MAX
  }

  // The input is malformed, and no request can follow it. It is answered in order, and the connection ends.
  #refuse(why, isHead) {
    if (this.#closingResponse !== undefined || this.#lingering !== undefined) return
    const current = this.#reading.at(-1)
    if (current !== undefined && !current.request.complete) {
      current.head = { ...current.head, refusal: why, keepAlive: false }
      this.#ended = true
      this.#complete(current)
    } else if (!this.#ended) {
      this.#ended = true
      this.#engine.counters.requests++
      this.#engine.counters.count(why.status)
      this.#engine.counters.countTooLarge(why.status)
      this.#closingResponse = closingResponse(this.#engine.refusalAnswer(why), isHead)
      if (this.#unsent === 0) this.#sendClosingResponse()
    }
  }

  // The client has ended its side within a request. Earlier requests are still answered.
  #abandonRequest() {
    this.#ended = true
    const current = this.#reading.at(-1)
    if (current !== undefined && !current.request.complete) {
      this.#reading.pop().body?.giveBack()
      this.#unsent--
    }
    if (this.#unsent === 0) this.#linger()
  }

  // A request takes too long, unless the rest has arrived and is unread, or the request has not begun: Node measures
  // from the beginning of the connection.
  #late() {
    const bytesAtRest = this.#bytesAtRest
    setImmediate(setImmediate, () => {
      if (this.#bytesAtRest === bytesAtRest && !this.#socket.destroyed) this.#refuseLate()
    })
  }

  #refuseLate() {
    const { counters, options: { headersTimeout, requestTimeout } } = this.#engine
    const current = this.#reading.at(-1)
    const isInBody = current !== undefined && !current.request.complete
    if (!isInBody && (this.#ended || !this.#isReadingHead)) return
    const isLateHead = !isInBody && headersTimeout > 0 && (requestTimeout === 0 || headersTimeout <= requestTimeout)
    counters[isLateHead ? 'headersTimeouts' : 'requestTimeouts']++
    this.#refuse(isLateHead ? LATE_HEAD : LATE_BODY)
  }

  #pauseIfFull() {
    const isFull = this.#unsent >= PIPELINE_DEPTH_MAX || this.#unsentBytes >= UNSENT_BYTES_MAX
    if (!isFull || this.#isFull || this.#isInputIgnored) return
    this.#isFull = true
    this.#socket.pause()
  }

  #sent({ size }) {
    this.#unsent--
    this.#unsentBytes -= size
    this.#idleSince = performance.now()
    if (this.#fullSince !== undefined && this.#unsentBytes < UNSENT_BYTES_MAX) {
      this.#fullMs += this.#idleSince - this.#fullSince
      this.#fullSince = undefined
    }
    const isFull = this.#unsent > PIPELINE_DEPTH_MAX / 2 || this.#unsentBytes > UNSENT_BYTES_MAX / 2
    if (this.#isFull && !isFull) {
      this.#isFull = false
      this.#socket.resume()
    }
    this.#runComplete()
    if (this.#unsent > 0) return
    if (this.#closingResponse !== undefined) this.#sendClosingResponse()
    else if (this.#ended || this.#peerEnded) this.#linger()
  }

  #onClose() {
    clearTimeout(this.#lingering)
    // An incomplete body is dropped.
    for (const transaction of this.#reading) {
      transaction.isComplete ||= transaction.body !== undefined
      transaction.body?.giveBack()
    }
  }

  #sendClosingResponse() {
    this.#socket.write(this.#closingResponse)
    this.#linger()
  }

  // Ends our side, then reads and drops input until the client ends its side.
  #linger() {
    if (this.#lingering !== undefined) return
    this.#ended = true
    this.#lingering = setTimeout(() => this.#socket.destroy(), LINGER_MS)
    this.#stopReading()
    this.#socket.end()
  }

  // Detaches the socket from Node's parser, which would go on making requests.
  #stopReading() {
    if (this.#isInputIgnored) return
    this.#isInputIgnored = true
    // The parser reads from the handle itself, and pauses it itself. It has to resume before another reader takes over,
    // which a 'data' listener does.
    this.#isFull = false
    this.#socket.resume()
    nextTick(() => {
      this.#socket.on('data', drop)
      for (const listener of this.#socket.listeners('data')) {
        if (listener !== drop) this.#socket.removeListener('data', listener)
      }
    })
  }
}

function drop() {}

module.exports = { CLOSE_GRACE_MS, Connection }
