'use strict'

// Clients that do whatever the server must bear. Their answers do not matter; it matters that they are there, and leave
// without notice.

const { randomBytes } = require('node:crypto')
const { once, setMaxListeners } = require('node:events')
const net = require('node:net')
const { setTimeout: delay } = require('node:timers/promises')
const { request } = require('../__test__/helpers.js')
const { FLOOD, NEVER, N_MAX } = require('./answers')

const STAY_MS_MAX = 20_000
const PAUSE_MS_MAX = 200
const JSON_TYPE = { 'Content-Type': 'application/json' }
const LEAVE_MS_MAX = 1000

const random = (max) => Math.floor(Math.random() * max)
const pick = (list) => list[random(list.length)]
const anyTarget = () => `/${random(N_MAX)}`

// By the names they have in the summary. Each is one connection's life; `stay` resolves when it must leave.
const HOSTILE = {
  async drips(socket, stay) {
    const bytes = pick([
      `POST ${anyTarget()} HTTP/1.1\r\nX: ${'x'.repeat(10_000)}`,
      `POST ${anyTarget()} HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(10_000)}`,
      `POST ${anyTarget()} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(2000)}`
    ])
    for (let at = 0; at < bytes.length && !socket.destroyed && !stay.over(); at++) {
      socket.write(bytes[at])
      await delay(20 + random(50))
    }
  },
  async 'half a request'(socket, stay) {
    const whole = request(anyTarget(), { body: 'x'.repeat(random(1000)) })
    socket.write(whole.slice(0, random(whole.length)))
    await stay(STAY_MS_MAX)
  },
  async resets(socket) {
    const bytes = request(anyTarget(), { body: 'x'.repeat(random(100)) }).repeat(1 + random(100))
    socket.write(bytes.slice(0, bytes.length - random(200)))
    await delay(random(5))
    socket.resetAndDestroy()
  },
  async garbage(socket, stay) {
    const bytes = randomBytes(1 + random(pick([10, 1000, 60_000])))
    socket.write(pick([bytes, Buffer.concat([Buffer.from(request(anyTarget())), bytes])]))
    await stay(100)
  },
  async 'a huge head'(socket, stay) {
    const head = `POST ${anyTarget()} HTTP/1.1\r\nHost: a\r\n`
    socket.write(pick([
      `${head}X: ${'x'.repeat(100_000)}\r\n\r\n`, `${head}${'X: y\r\n'.repeat(10_000)}\r\n`, `POST /${'1'.repeat(100_000)}`
    ]))
    await stay(100)
  },
  async 'reads nothing'(socket, stay) {
    socket.pause()
    socket.write(request(anyTarget()).repeat(20_000))
    await stay(STAY_MS_MAX)
  },
  async 'says nothing'(socket, stay) {
    await stay(1.5 * STAY_MS_MAX)
  },
  async floods(socket, stay) {
    await stay(1000)
    socket.write(request(`/${FLOOD}`).repeat(random(1000)))
    await stay(300)
  },
  async 'waits forever'(socket, stay) {
    socket.write(request(`/${NEVER}`))
    await stay(2 * STAY_MS_MAX)
  },
  async 'two lengths'(socket, stay) {
    socket.write(`POST ${anyTarget()} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `0\r\n\r\n${request(anyTarget())}`)
    await stay(100)
  }
}

// The same for functions by name.
const HOSTILE_TO_FUNCTIONS = {
  async 'drips a body'(socket, stay) {
    const bytes = pick([
      request('/data', { headers: { 'X-Tag': 'a' }, body: 'x'.repeat(60_000) }),
      request('/document', { headers: JSON_TYPE, body: `[${'['.repeat(100)}${'"é",'.repeat(10_000)}` })
    ])
    for (let at = 0; at < bytes.length && !socket.destroyed && !stay.over(); at += 1 + random(100)) {
      socket.write(bytes.slice(at, at + 1))
      await delay(20 + random(50))
    }
  },
  async 'half a body'(socket, stay) {
    const whole = request('/data', { headers: { 'X-Tag': 'a' }, body: 'x'.repeat(random(200_000)) })
    socket.write(whole.slice(0, random(whole.length)))
    await stay(STAY_MS_MAX)
  },
  async 'no arguments'(socket, stay) {
    const long = [`[${'1,'.repeat(10_000)}1]`, '['.repeat(10_000)]
    const bodies = [...long, '[', '{"a":1,"a":2}', '[1e400,1]', '["\\ud800"]', '{"__proto__":1}']
    socket.write(bodies.map((body) => request('/sum', { headers: JSON_TYPE, body })).join('').repeat(1 + random(20)))
    await stay(100)
  },
  async 'reads no long answer'(socket, stay) {
    socket.pause()
    socket.write(request('/long/1').repeat(1 + random(10)))
    await stay(STAY_MS_MAX)
  },
  async 'resets with a body'(socket) {
    const body = JSON.stringify(['x'.repeat(random(5_000)), ['a']])
    const bytes = request('/document', { headers: JSON_TYPE, body }).repeat(1 + random(50))
    socket.write(bytes.slice(0, bytes.length - random(500)))
    await delay(random(5))
    socket.resetAndDestroy()
  },
  garbage: HOSTILE.garbage
}

// Runs `each` clients of every kind on the port until `stop()` has resolved.
function startHostile(port, each, kinds) {
  const counts = Object.fromEntries(Object.keys(kinds).map((name) => [name, 0]))
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal) // One for each client that stays.

  async function live(name) {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {}) // Expected: they deserve it.
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await once(socket, 'connect').catch(() => {})
    socket.resume()
    counts[name]++
    // Until some time has passed, the server has ended the connection, or the soak ends.
    const stay = (ms) => {
      return Promise.race([delay(random(ms), undefined, { signal: stopping.signal }).catch(() => {}), closed])
    }
    stay.over = () => stopping.signal.aborted
    await kinds[name](socket, stay)
    pick([() => socket.end(), () => socket.destroy(), () => socket.resetAndDestroy()])()
    await Promise.race([closed, delay(LEAVE_MS_MAX)])
    socket.destroy()
  }

  const clients = Object.keys(kinds).flatMap((name) => Array.from({ length: each }, async () => {
    while (!stopping.signal.aborted) {
      await live(name)
      await delay(random(PAUSE_MS_MAX))
    }
  }))
  return {
    counts,
    async stop() {
      stopping.abort()
      await Promise.all(clients)
    }
  }
}

module.exports = { HOSTILE, HOSTILE_TO_FUNCTIONS, startHostile }
