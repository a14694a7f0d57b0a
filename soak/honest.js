'use strict'

// Clients that send valid HTTP in different ways, and check every answer: that it comes, in order, with the right
// value, exactly framed, and with nothing after the last.
//
// A request is lost if its connection ends, fails or is silent for ANSWER_MS_MAX before its answer. That applies to
// each request of which a byte was written, because these clients leave only when they have all their answers. Two
// outcomes are not the server's fault: a 503 with Retry-After, because there are floods; and any end of requests that a
// paused client took SEND_MS_MAX to send, so that a timeout struck.

const { setTimeout: delay } = require('node:timers/promises')
const { connect, request } = require('../__test__/helpers.js')
const { N_MAX, expected } = require('./answers')
const { askedOf } = require('./functions')

const ANSWER_MS_MAX = 60_000
const SEND_MS_MAX = 5_000 // half of the shortest timeout
const PAUSE_MS_MAX = 10
const TOLD_MAX = 20

const random = (max) => Math.floor(Math.random() * max)
const pick = (list) => list[random(list.length)]
const numbers = (count) => Array.from({ length: count }, () => random(N_MAX))

// By the names they are reported with. Each is one connection's life; `stopping()` ends it early.
const HONEST = {
  async 'one after another'(exchange, stopping) {
    for (let left = random(200); left >= 0 && !stopping(); left--) {
      await exchange(numbers(1))
      await delay(random(PAUSE_MS_MAX))
    }
  },
  async pipelined(exchange, stopping) {
    for (let left = random(20); left >= 0 && !stopping(); left--) {
      await exchange(numbers(1 + random(pick([8, 64, 300]))))
      await delay(random(PAUSE_MS_MAX))
    }
  },
  async 'a connection for each'(exchange) {
    await exchange(numbers(1), { headers: { Connection: 'close' }, last: true })
  },
  async 'HTTP/1.0'(exchange) {
    await exchange(numbers(1), { version: 'HTTP/1.0', last: true })
  },
  async bodies(exchange, stopping) {
    for (let left = random(20); left >= 0 && !stopping(); left--) {
      await exchange(numbers(1 + random(5)), { body: 'x'.repeat(random(pick([10, 1000, 60_000]))) })
      await delay(random(PAUSE_MS_MAX))
    }
  },
  async chunks(exchange, stopping) {
    for (let left = random(20); left >= 0 && !stopping(); left--) {
      const body = chunked('x'.repeat(random(pick([10, 1000, 30_000]))))
      await exchange(numbers(1 + random(5)), { headers: { 'Transfer-Encoding': 'chunked' }, body, slices: 1 + random(10) })
    }
  },
  async 'bit by bit'(exchange) {
    await exchange(numbers(1 + random(3)), { headers: { 'User-Agent': 'slow' }, slices: 30 })
  },
  async 'half-closed'(exchange) {
    await exchange(numbers(1 + random(100)), { end: true, last: true })
  }
}

function chunked(body) {
  const chunks = []
  for (let at = 0; at < body.length;) {
    const chunk = body.slice(at, at + 1 + random(5000))
    chunks.push(`${chunk.length.toString(16)}${pick(['', ';name=value'])}\r\n${chunk}\r\n`)
    at += chunk.length
  }
  return `${chunks.join('')}0\r\n${pick(['', 'X-Trailer: 1\r\n'])}\r\n`
}

// The clients' requests, by their numbers: a request's bytes, and whether an answer is right.
const PLAIN = {
  bytesOf: (n, options) => request(`/${n}`, options),
  isRight(n, { status, body }) {
    const right = expected(n)
    return status === right.status && body === right.body
  }
}

// These have their own bodies, whatever the options say; in chunks if the options have a Transfer-Encoding.
const NAMED = {
  bytesOf(n, { version, headers = {} }) {
    const { path, body = '', headers: own } = askedOf(n).request
    const isChunked = 'Transfer-Encoding' in headers
    // Bytes as characters, so that chunks are counted in bytes.
    const bytes = Buffer.from(body).toString('latin1')
    const framing = isChunked || body === '' ? {} : { 'Content-Length': bytes.length }
    const head = request(path, { version, headers: { ...own, ...headers, ...framing } })
    return head + (isChunked ? chunked(bytes) : bytes)
  },
  isRight: (n, response) => askedOf(n).isRight(response)
}

// Runs `count` clients that send `PLAIN` or `NAMED` requests to the port until `stop()` has resolved, which waits for
// every answer due. They add to `counts`.
function startHonest(port, count, { bytesOf, isRight }, counts) {
  let told = 0
  let stopped = false
  const names = Object.keys(HONEST)

  function fault(kind, name, sentence) {
    if (told++ < TOLD_MAX) console.error(`${kind}: ${name}: ${sentence}`)
  }

  async function live(name) {
    let client
    let due = 1 // A connection that is not made loses its request.
    let silence
    let silent = false
    let since = Infinity // When it last had all its answers,
    let sent // and when all the requests after that were written.
    const late = () => !silent && (sent ?? performance.now()) - since >= SEND_MS_MAX
    try {
      client = await connect({ teardown() {} }, port)
      counts.connections++
      silence = setTimeout(() => {
        silent = true
        client.destroy()
      }, ANSWER_MS_MAX)
      since = performance.now()
      await HONEST[name](async (asked, { slices = 1, end = false, last = false, ...options } = {}) => {
        due = asked.length
        sent = undefined
        const bytes = asked.map((n) => bytesOf(n, options)).join('')
        const sending = send(client, bytes, { slices, end }).then(() => (sent = performance.now()))
        sending.catch(() => {}) // A failure shows in the missing answer, or is awaited below.
        for (const n of asked) {
          const answer = await client.response()
          if (answer.status === 408 && late()) throw new Error('sent too late')
          check(name, n, answer)
          counts.requests++
          due--
          silence.refresh()
        }
        await sending
        since = performance.now()
        if (last) ended(name, await client.rest())
      }, () => stopped)
      client.end()
      ended(name, await client.rest())
    } catch (error) {
      // Even with nothing due, a connection must not end like this.
      if (late()) return counts.late += due
      counts.lost += Math.max(1, due)
      fault('lost', name, `${due} answers: ${error.message.slice(0, 500)}`)
    } finally {
      clearTimeout(silence)
      client?.destroy()
    }
  }

  function check(name, n, response) {
    const { status, headers, body } = response
    if (status === 503 && 'retry-after' in headers) return counts.refused++
    if (isRight(n, response)) return
    counts.wrong++
    fault('wrong', name, `${n}: ${status} ${JSON.stringify(body.slice(0, 500))}`)
  }

  function ended(name, rest) {
    if (rest === '') return
    counts.wrong++
    fault('wrong', name, `after the last answer came ${JSON.stringify(rest.slice(0, 100))}`)
  }

  const clients = Array.from({ length: count }, async (_, i) => {
    for (let life = i; !stopped; life++) {
      await live(names[life % names.length])
      await delay(random(PAUSE_MS_MAX))
    }
  })
  return {
    async stop() {
      stopped = true
      await Promise.all(clients)
    }
  }
}

// Writes the bytes in `slices` slices, some of them after a pause.
async function send(client, bytes, { slices, end }) {
  const length = Math.ceil(bytes.length / slices) || 1
  for (let at = 0; at < bytes.length; at += length) {
    if (at > 0) await delay(random(3))
    const slice = Buffer.from(bytes.slice(at, at + length), 'latin1')
    if (end && at + length >= bytes.length) client.end(slice)
    else await client.write(slice)
  }
}

module.exports = { NAMED, PLAIN, startHonest }
