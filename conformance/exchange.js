'use strict'

// One case on one connection: its bytes, cut into pieces or not, and their outcome.
//
// `faults` says what is wrong with the outcome. The case files say what is right: see README.md.

const { once } = require('node:events')
const net = require('node:net')
const { setImmediate: turn } = require('node:timers/promises')

// The numbers of requests: a case's own, the one that checks whether the connection goes on, and those that must never
// reach the handler: a request hidden in another one (98), and those behind the end of a connection.
const OWN = { 15: '610', 16: '987', 18: '2584' }
const FOLLOW_UP = { number: 17, value: '1597' }
const HIDDEN = 98
const BEHIND = 1000

// Only a faulty server makes a case wait that long.
const PATIENCE = 20_000

// A case's bytes, in which `{ "repeat": text, "times": n }` may stand for a long run. Each character is one byte.
function bytesOf(send) {
  const parts = Array.isArray(send) ? send : [send]
  const texts = parts.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times)))
  return Buffer.from(texts.join(''), 'latin1')
}

// The ways to cut a case: whole, byte by byte, and in two pieces: in the middle, or with `everywhere` at each place.
function cutsOf(bytes, { everywhere }) {
  const whole = [bytes]
  if (bytes.length < 2) return [whole]
  const inTwo = (at) => [bytes.subarray(0, at), bytes.subarray(at)]
  if (bytes.length > 1024) return [whole, inTwo(bytes.length >> 1)]
  const places = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
  const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
  return [whole, single, ...(everywhere ? places : [bytes.length >> 1]).map(inTwo)]
}

const post = (number) => `POST /${number} HTTP/1.1\r\nHost: localhost\r\n\r\n`

class Exchange {
  #socket
  #unread = Buffer.alloc(0)
  #headOnly
  #wake = () => {}
  answers = []
  ended = false

  constructor(socket, headOnly) {
    this.#socket = socket
    this.#headOnly = headOnly
    socket.setNoDelay(true)
    socket.on('error', () => {}) // A server may close before it has read everything: 'close' follows.
    socket.on('data', (data) => {
      this.#unread = Buffer.concat([this.#unread, data])
      this.#parse()
      this.#wake()
    })
    for (const event of ['end', 'close']) socket.on(event, () => ((this.ended = true), this.#wake()))
  }

  static async open(where, headOnly) {
    const socket = net.connect({ ...where, allowHalfOpen: true })
    await once(socket, 'connect')
    return new Exchange(socket, headOnly)
  }

  async write(pieces) {
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) await turn()
      this.#socket.write(piece)
    }
  }

  // Waits until `count` final answers are there, or the server has ended its side.
  untilFinals(count) {
    return this.#until(() => this.finals().length >= count)
  }

  // The same for answers of any kind, such as `100 Continue`.
  untilAnswers(count) {
    return this.#until(() => this.answers.length >= count)
  }

  untilEnd() {
    return this.#until(() => false)
  }

  #until(isThere) {
    const isOver = () => this.ended || isThere()
    if (isOver()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing more after ${this}`)), PATIENCE)
      this.#wake = () => {
        if (!isOver()) return
        clearTimeout(timer)
        resolve()
      }
    })
  }

  finals() {
    return this.answers.filter(({ status }) => status >= 200)
  }

  end() {
    this.#socket.end()
  }

  destroy() {
    this.#socket.destroy()
  }

  leftover() {
    return this.#unread.toString('latin1')
  }

  toString() {
    return JSON.stringify(this.answers.map(({ status }) => status))
  }

  #parse() {
    for (let end; (end = this.#unread.indexOf('\r\n\r\n')) !== -1; ) {
      const head = this.#unread.toString('latin1', 0, end).split('\r\n')
      const status = Number(/^HTTP\/1\.1 (\d{3}) [ -~]+$/.exec(head[0])?.[1])
      if (!status) return
      const fields = head.slice(1).map((line) => /^([\w-]+): ([ -~]*)$/.exec(line) ?? [])
      const headers = Object.fromEntries(fields.map(([, name, value]) => [name?.toLowerCase(), value]))
      const isBodyless = status < 200 || (this.#headOnly && this.finals().length === 0)
      const length = isBodyless ? 0 : Number(headers['content-length'])
      if (!(this.#unread.length >= end + 4 + length)) return
      this.answers.push({ status, headers, body: this.#unread.toString('latin1', end + 4, end + 4 + length) })
      this.#unread = this.#unread.subarray(end + 4 + length)
    }
  }
}

// Sends one case, and returns its answers and the state of the connection.
async function run(where, test, { pieces, id = 0 }) {
  const exchange = await Exchange.open(where, bytesOf(test.send).subarray(0, 5).equals(Buffer.from('HEAD ')))
  try {
    await exchange.write(pieces)
    const finals = test.answers.filter((status) => [status].flat()[0] >= 200).length
    if (test.then !== undefined) {
      await exchange.untilAnswers(test.answers.length - 1)
      await exchange.write([bytesOf(test.then)])
    }
    if (test.connection === 'closed') {
      await exchange.write([post(BEHIND + id)])
      await exchange.untilEnd()
      return { answers: exchange.answers, connection: 'closed', leftover: exchange.leftover() }
    }
    await exchange.untilFinals(finals)
    if (test.connection === 'waits') {
      // That a server does nothing cannot be seen, but when it has answered another request, it has read this one.
      const other = await Exchange.open(where)
      await other.write([post(15)])
      await other.untilFinals(1)
      other.destroy()
      const early = exchange.ended
      exchange.end()
      await exchange.untilEnd()
      return { answers: exchange.answers, connection: early ? 'closed' : 'waits', leftover: exchange.leftover() }
    }
    await exchange.write([post(FOLLOW_UP.number)])
    await exchange.untilFinals(finals + 1)
    const isKept = exchange.finals().length === finals + 1 && exchange.answers.at(-1).body === FOLLOW_UP.value
    if (isKept) exchange.answers.pop()
    return { answers: exchange.answers, connection: isKept ? 'kept' : 'closed', leftover: exchange.leftover() }
  } finally {
    exchange.destroy()
  }
}

// What is wrong with an outcome, or nothing.
function faults(test, { answers, connection, leftover }, isWhole) {
  const all = []
  // The cut decides whether the body had begun when the head was read, and so whether there is a `100 Continue`.
  const seen = answers.filter(({ status }) => isWhole || status >= 200)
  const expected = test.answers.filter((status) => isWhole || [status].flat()[0] >= 200)
  const statuses = JSON.stringify(seen.map(({ status }) => status))
  const isExpected = ({ status }, i) => [expected[i]].flat().includes(status)
  if (seen.length !== expected.length || !seen.every(isExpected)) {
    all.push(`answered ${statuses} instead of ${JSON.stringify(expected)}`)
  }
  if (connection !== test.connection) all.push(`the connection is ${connection} and should be ${test.connection}`)
  if (leftover !== '') all.push(`not an answer: ${JSON.stringify(leftover)}`)
  const served = answers.filter(({ status }) => status === 200)
  if (served.length > test.served) all.push(`served ${served.length} requests, at most ${test.served} may be`)
  for (const { body } of served) if (!Object.values(OWN).includes(body)) all.push(`served ${JSON.stringify(body)}`)
  for (const { status, headers } of answers) {
    if (status < 200) continue
    if (new Date(headers.date).toUTCString() !== headers.date) all.push('no Date (RFC 9110 6.6.1)')
    if (!headers['content-type']) all.push('no Content-Type (RFC 9110 8.3)')
    if (status === 405 && headers.allow !== 'POST') all.push('a 405 without Allow (RFC 9110 15.5.6)')
  }
  const last = answers.at(-1)?.headers.connection
  if (connection === 'closed' && answers.length > 0 && last !== 'close') all.push('closed unsaid (RFC 9112 9.6)')
  return all
}

// Whether the outcome is as the case's source wants it: one list of possible first answers, or a list for each answer.
function satisfies(wants, { answers, connection }) {
  const finals = answers.filter(({ status }) => status >= 200)
  const matches = (want, answer) => {
    if (want === 'close') return !answer && connection === 'closed'
    if (want === 'wait') return !answer && connection === 'waits'
    if (want === 'kept') return Boolean(answer) && connection === 'kept'
    if (want === '1xx') return answers.some(({ status }) => status < 200)
    const status = String(answer?.status)
    return want === status || (want.endsWith('xx') && want[0] === status[0])
  }
  if (!Array.isArray(wants[0])) return wants.some((want) => matches(want, finals[0]))
  return wants.length === finals.length && wants.every((some, i) => some.some((want) => matches(want, finals[i])))
}

module.exports = { BEHIND, HIDDEN, bytesOf, cutsOf, faults, post, run, satisfies }
