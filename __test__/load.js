'use strict'

// Clients that send requests as fast as they are answered, on kept and on fresh connections, and must lose none. The
// kernel may reset a connection that is being set up when its listener closes (net.ipv4.tcp_migrate_req hands it on):
// its client has sent nothing, and tries again.

const http = require('node:http')
const { monitorEventLoopDelay } = require('node:perf_hooks')
const { setTimeout: delay } = require('node:timers/promises')
const { fibonacci } = require('./helpers.js')

// A client that pauses for longer than the server's grace of half a second is too late, and a busy machine pauses.
const PAUSE_MS_MAX = 200
// Up to this n a number holds fibonacci(n) exactly.
const N_MAX = 78

function post(agent, port, n) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST', path: `/${n}` }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode, body })).on('error', reject)
    })
    request.on('error', reject).end()
  })
}

// Sixteen clients against `port` of 127.0.0.1, which answers with fibonacci, divided evenly among `kinds`: true keeps
// connections, false does not. `more(n)` resolves when n more answers have come; `stop()` when all clients have
// stopped, and rejects if a request was lost.
function load(t, port, kinds = [true, false]) {
  const each = 16 / kinds.length
  const pauses = monitorEventLoopDelay({ resolution: 10 })
  pauses.enable()
  const agents = kinds.map((keepAlive) => new http.Agent({ keepAlive, maxSockets: each }))
  t.teardown(() => agents.forEach((agent) => agent.destroy()))
  let answered = 0
  let running = true
  const ask = async (agent, client) => {
    for (let i = 0; running; i++) {
      const n = (client + i) % N_MAX
      const answer = await post(agent, port, n).catch((error) => {
        if (error.syscall !== 'connect' && pauses.max < PAUSE_MS_MAX * 1e6) throw error
      })
      if (answer === undefined) {
        await delay(1)
        continue
      }
      t.deepEqual(answer, { status: 200, body: String(fibonacci(n)) })
      answered++
    }
  }
  const clients = Promise.all(agents.flatMap((agent) => Array.from({ length: each }, (_, client) => ask(agent, client))))
  clients.catch(() => {})
  return {
    async more(count) {
      const enough = answered + count
      while (running && answered < enough) await Promise.race([delay(1), clients])
    },
    stop() {
      running = false
      return clients
    },
    // Earlier pauses excuse no later failure.
    forgetPauses: () => pauses.reset(),
    answered: () => answered
  }
}

module.exports = { load }
