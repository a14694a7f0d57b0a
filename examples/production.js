'use strict'

// Fibonacci as a production service: on several cores, with probes and metrics on a separate port, new code on SIGHUP, and a
// shutdown in the order that Kubernetes and other load balancers need.
//
//   PORT           the service [8000]
//   WORKERS        threads that run fibonacci.js [one for each core except the ring thread's]; in a container, set
//                  as many as it has the cores and the memory for
//   ADMIN_PORT     GET /livez, /readyz and /metrics, for the platform only [8001]
//   HOST           the address of both [every address]
//   DRAIN_DELAY    milliseconds from SIGTERM to the end of accepting [5000]
//   CLOSE_TIMEOUT  milliseconds from then until remaining connections are cut [20000]
//
// The two together must be less than the pod's terminationGracePeriodSeconds, which is 30 by default.

const { createServer } = require('node:http')
const path = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { serverListen } = require('ringcall')
const { contentType, prometheus } = require('ringcall/metrics')

const PORT_MAX = 65_535
const DELAY_MAX = 2 ** 31 - 1

const { PORT = '8000', ADMIN_PORT = '8001', HOST, WORKERS, DRAIN_DELAY = '5000', CLOSE_TIMEOUT = '20000' } = process.env
const host = HOST || undefined
const port = integer('PORT', PORT, 0, PORT_MAX)
const adminPort = integer('ADMIN_PORT', ADMIN_PORT, 0, PORT_MAX)
const workers = WORKERS === undefined ? 'auto' : integer('WORKERS', WORKERS, 1, 1024)
const drainDelay = integer('DRAIN_DELAY', DRAIN_DELAY, 0, DELAY_MAX)
const closeTimeout = integer('CLOSE_TIMEOUT', CLOSE_TIMEOUT, 0, DELAY_MAX)

const server = serverListen({
  port,
  host,
  workers,
  onError: (error, n) => console.error(`fibonacci(${n}) failed:`, error)
}, path.join(__dirname, 'fibonacci.js'))

let isDraining = false

// An answered probe proves that this thread's event loop runs. A worker that hangs is replaced without a probe.
const admin = createServer((request, response) => {
  if (request.url === '/livez') {
    response.end('ok\n')
  } else if (request.url === '/readyz') {
    const state = isDraining ? 'draining' : hasWorker() ? 'ok' : 'no worker'
    response.writeHead(state === 'ok' ? 200 : 503).end(`${state}\n`)
  } else if (request.url === '/metrics') {
    response.setHeader('Content-Type', contentType).end(prometheus(server))
  } else {
    response.writeHead(404).end()
  }
})

admin.listen(adminPort, host, () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (admin.address())
  console.log(`listening on ${server.url} (POST /15 answers 610), admin on port ${port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, drain)
process.on('SIGHUP', reload)

// Without a worker, calls wait until there is one again.
function hasWorker() {
  return server.stats().workers?.some(({ state }) => state === 'idle' || state === 'busy')
}

async function reload() {
  try {
    await server.reload()
    console.log('reloaded')
  } catch (error) {
    // The old functions still serve.
    console.error('not reloaded:', error)
  }
}

async function drain() {
  // A second signal: do not wait.
  if (isDraining) process.exit(1)
  isDraining = true
  // Load balancers send requests until they have seen /readyz, and these requests are still answered.
  await delay(drainDelay)
  await server.close({ timeout: closeTimeout })
  admin.close()
  admin.closeAllConnections()
}

// Fails now, and not when it is needed at the end.
/** @param {string} name @param {string} text @param {number} min @param {number} max */
function integer(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  console.error(`${name} must be an integer from ${min} to ${max}, not ${JSON.stringify(text)}.`)
  process.exit(1)
}
