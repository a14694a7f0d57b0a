'use strict'

// One client's conversation: requests as Node's parser gives them, answers in their order, and an end that loses none of
// them to a reset.
//
// The engine owns every `Connection` and tells it what happens: `request`, `failed`, `expire`. Node keeps the answers in
// order; what is kept here is which of them are owed and which is the last.

const { clearTimeout, nextTick, performance, setImmediate, setTimeout } = require('../../globals.js')
const { Body } = require('./body.js')
const { isCall } = require('./head.js')
const {
  BODY_TOO_LONG, EMPTY_LINES_MAX, LATE_BODY, LATE_HEAD, NO_ROOM, NOT_WRITTEN, TOO_MANY_EMPTY_LINES, closingResponse,
  isOfHead, refusalOf
} = require('./refusals.js')
const { corsHeaders } = require('./cross-site.js')

// For how long a connection that waits for a request when the server closes is kept, so that one on its way is answered.
const CLOSE_GRACE_MS = 500
// For how long a connection that was answered for the last time waits for its client to end its side: closing it before
// would reset it, and the answer could be lost (RFC 9112 section 9.6).
const LINGER_MS = 2_000
// Requests without an answer, from which on nothing more is read until half of them have theirs. What Node has read by
// then is made requests of all the same.
const PIPELINE_DEPTH_MAX = 64
// The same for the bytes of answers that have not left; what is read by then is not run before.
const UNSENT_BYTES_MAX = 256 * 1024
// How long the answers of calls that run are taken to be, at least: so many run at most as may be without an answer. A
// connection of functions by name begins with few calls, as their answers may be of any length.
const EXPECTED_SIZE_MIN = UNSENT_BYTES_MAX / PIPELINE_DEPTH_MAX
const FIRST_CALLS_MAX = 8

class Connection {
  #engine
  #socket
  // Requests whose handler is not called yet: a body has not ended, theirs or an earlier one's, or too much is unsent.
  #reading = []
  // The last request that was read and is to be answered.
  #newest
  // Requests that the parser has begun to read, where it tells, and those whose head it has read.
  #begun
  #heads = 0
  // Answers that have not left.
  #unsent = 0
  #unsentBytes = 0
  // Requests that are run and have no answer.
  #running = 0
  #isRunningComplete = false
  // How long each of their answers is taken to be, by those before.
  #expectedSize
  // True: no request after `#newest` is run, and the connection ends with its answer.
  #ended = false
  // True: the client has ended its side, so that no request follows.
  #peerEnded = false
  // True: we do not read.
  #isFull = false
  // The answer to what was no request; it goes after the others.
  #closingResponse
  // The timer, once our side has ended.
  #lingering
  #isInputIgnored = false
  #idleSince = performance.now()
  // How many bytes the client had sent by the end of its last request.
  #bytesAtRest = 0

  constructor(engine, socket) {
    this.#engine = engine
    this.#socket = socket
    this.#expectedSize = engine.hasShortAnswers ? EXPECTED_SIZE_MIN : UNSENT_BYTES_MAX / FIRST_CALLS_MAX
    // Node reads on with each request and each answer.
    const { resume } = socket
    socket.resume = () => (this.#isFull ? socket : resume.call(socket))
    // Node ends a connection so after its last answer.
    socket.destroySoon = () => this.#linger()
    socket.once('close', () => this.#onClose())
    // Node itself forgets it where a header was removed.
    socket.once('end', () => (this.#peerEnded = true))
  }

  // Has Node's parser, which the socket has by now, tell when a request begins: it takes empty lines before one without
  // a word, and nothing else tells half a head from them.
  listen() {
    const { parser } = this.#socket
    const event = parser?.constructor.kOnMessageBegin
    if (event === undefined) return // Another runtime's.
    this.#begun = 0
    parser[event] = () => this.#begun++
    // Node uses its parsers again.
    this.#socket.prependOnceListener('close', () => (parser[event] = null))
  }

  // A head has arrived.
  request(request, response) {
    this.#heads++
    // What stands behind the last request is not run.
    const isBehind = this.#ended || (this.#engine.closingSince !== undefined && this.#newest?.isAnswered === false)
    if (isBehind) return this.#stopReading()
    const head = this.#engine.judge(request)
    const transaction = { request, response, head, body: undefined, size: 0, isComplete: false, isAnswered: false }
    this.#newest = transaction
    this.#unsent++
    this.#reading.push(transaction)
    if (!head.keepAlive) this.#ended = true
    response.once('finish', () => this.#sent(transaction))
    this.#pauseIfFull()
    // A body that waits to be asked for is not, where it makes no difference.
    if (head.hasBody && !head.isFatal && (isCall(head) || !head.expectsContinue)) this.#readBody(transaction)
    else this.#complete(transaction)
  }

  // Node's parser has given up on what the client sends, or the client on us.
  failed(error) {
    if (error.code === 'HPE_INVALID_EOF_STATE') return this.#abandonRequest()
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return this.#late()
    const why = refusalOf(error, this.#unread)
    if (why !== undefined) this.#refuse(why, isOfHead(error, this.#unread))
    else if (error.syscall !== undefined) this.#socket.destroy()
  }

  // Returns what was thrown where the answer could not be written: it is 500 then, or the connection ends.
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

  // Nothing can be answered.
  abort() {
    this.#socket.destroy()
  }

  // CONNECT: Node hands over the socket, for the client may take it for a tunnel.
  refuseTunnel({ refusal }) {
    this.#refuse(refusal)
  }

  // Between requests, with nothing to send.
  get isIdle() {
    return !this.#ended && this.#unsent === 0 && !this.#isReadingHead
  }

  get #isReadingHead() {
    return this.#begun === undefined ? this.#unread > 0 : this.#begun > this.#heads
  }

  // How much has arrived since the last request's end.
  get #unread() {
    return this.#socket.bytesRead - this.#bytesAtRest
  }

  // Whether it has a request that is to be run by that executor, and is not yet.
  reads(executor) {
    return this.#reading.some(({ head }) => head.executor === executor)
  }

  // Acts on what has taken too long. Returns whether it has idled longer than `keepAliveTimeout`.
  expire(now, { keepAliveTimeout }) {
    if (!this.isIdle) return false
    // What has arrived without beginning a request.
    if (this.#unread > EMPTY_LINES_MAX * '\r\n'.length + 1) {
      this.#refuse(TOO_MANY_EMPTY_LINES)
      return false
    }
    const { closingSince } = this.#engine
    const isLate = keepAliveTimeout > 0 && now - this.#idleSince >= keepAliveTimeout
    // One that has just been accepted gets its grace, too: nothing of it may have been read.
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

  // The request has arrived, or is refused: it and what had to wait for it can be run.
  #complete(transaction) {
    if (transaction.isComplete) return
    transaction.isComplete = true
    this.#bytesAtRest = this.#socket.bytesRead
    this.#runComplete()
  }

  #runComplete() {
    // What is answered at once comes back here.
    if (this.#isRunningComplete || this.#socket.destroyed) return
    this.#isRunningComplete = true
    try {
      while (this.#reading[0]?.isComplete && this.#hasRoom) {
        this.#running++
        this.#engine.run(this, this.#reading.shift())
      }
    } finally {
      this.#isRunningComplete = false
    }
  }

  get #hasRoom() {
    return this.#unsentBytes + this.#running * this.#expectedSize < UNSENT_BYTES_MAX
  }

  // What arrives is no request that another one may follow. It is answered in its place, and the connection ends.
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

  // The client has ended its side in the middle of a request. It still gets the answers to those before.
  #abandonRequest() {
    this.#ended = true
    const current = this.#reading.at(-1)
    if (current !== undefined && !current.request.complete) {
      this.#reading.pop().body?.giveBack()
      this.#unsent--
    }
    if (this.#unsent === 0) this.#linger()
  }

  // A request takes too long, unless the rest of it has arrived and was not read yet, or it has not begun: Node's times
  // begin with the connection.
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
    // Half a body is for nobody.
    for (const transaction of this.#reading) {
      transaction.isComplete ||= transaction.body !== undefined
      transaction.body?.giveBack()
    }
  }

  #sendClosingResponse() {
    this.#socket.write(this.#closingResponse)
    this.#linger()
  }

  // Ends our side, and reads and drops what the client sends until it ends its own.
  #linger() {
    if (this.#lingering !== undefined) return
    this.#ended = true
    this.#lingering = setTimeout(() => this.#socket.destroy(), LINGER_MS)
    this.#stopReading()
    this.#socket.end()
  }

  // Takes the socket away from Node's parser, which would go on making requests of what arrives.
  #stopReading() {
    if (this.#isInputIgnored) return
    this.#isInputIgnored = true
    // The parser reads from the handle itself, and pauses it itself: it must go on before somebody else takes over, as
    // wanting the data does.
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
