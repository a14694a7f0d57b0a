'use strict'

// Servers that share a port replace one another under load, and no request that was sent is lost. A connection that is
// being set up when its listener goes may be reset by the kernel (net.ipv4.tcp_migrate_req hands it on): its client has
// sent nothing, and tries again.

const http = require('node:http')
const { monitorEventLoopDelay } = require('node:perf_hooks')
const test = require('ava')
const { fibonacci, serve } = require('./helpers.js')

const RESTARTS = 20

// A client that pauses for longer than the server's grace of half a second is too late, and a busy machine pauses.
const PAUSE_MS_MAX = 200

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

for (const keepAlive of [true, false]) {
  const connections = keepAlive ? 'connections that are kept' : 'a connection for each request'
  test(`twenty restarts under load, ${connections}: every request is answered`, async (t) => {
    const pauses = monitorEventLoopDelay({ resolution: 10 })
    pauses.enable()
    const agent = new http.Agent({ keepAlive, maxSockets: 16 })
    t.teardown(() => agent.destroy())
    const options = { reusePort: true, host: '127.0.0.1' }
    let server = serve(t, options)
    options.port = server.port
    let running = true
    let answered = 0
    const clients = Promise.all(Array.from({ length: 16 }, async (_, client) => {
      for (let i = 0; running; i++) {
        const n = (client + i) % 78
        const answer = await post(agent, options.port, n).catch((error) => {
          if (error.syscall !== 'connect' && pauses.max < PAUSE_MS_MAX * 1e6) throw error
        })
        if (answer === undefined) continue
        t.deepEqual(answer, { status: 200, body: String(fibonacci(n)) })
        answered++
      }
    }))
    for (let restart = 0; restart < RESTARTS; restart++) {
      pauses.reset()
      const next = serve(t, options)
      const enough = answered + 50
      while (answered < enough) await Promise.race([new Promise(setImmediate), clients])
      await server.close()
      server = next
    }
    running = false
    await clients
    t.log(`${answered} requests`)
  })
}
