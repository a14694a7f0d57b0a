'use strict'

// The memory that a server keeps: resident memory after a million requests, and with many idle connections.

const { once } = require('node:events')
const path = require('node:path')
const readline = require('node:readline')
const { setTimeout: sleep } = require('node:timers/promises')
const { LOADS, run } = require('./load')
const { startServer } = require('./measure')
const processes = require('./processes')
const { memoryTable } = require('./report')
const { SERVERS } = require('./servers')

const WARM_UP_SECONDS = 5
const REQUESTS = 1_000_000
const REQUESTS_SECONDS_MAX = 300
const IDLE_CONNECTIONS = 10_000
const IDLE_SECONDS_MAX = 60
const SETTLE_MS = 1_000

async function measureMemory(_load, { servers, progress }, cores) {
  const measured = []
  for (const name of servers) {
    const { title } = SERVERS[name]
    progress(`memory: ${title}`)
    const requests = await withServer(name, cores, (server) => afterRequests(server, cores))
    const idle = await withServer(name, cores, (server) => withIdleConnections(server, cores))
    measured.push({ name, title, failed: 0, ...requests, ...idle })
  }
  return { servers: measured }
}

async function withServer(name, cores, use) {
  const server = await startServer(name, { core: cores.server })
  try {
    return await use(server)
  } finally {
    await server.stop()
  }
}

async function afterRequests(server, cores) {
  const idle = rss(server)
  await run(LOADS.pipelined, server.where, { seconds: WARM_UP_SECONDS, core: cores.client })
  const warm = rss(server)
  let requests = 0
  const started = Date.now()
  while (requests < REQUESTS) {
    if (Date.now() - started > REQUESTS_SECONDS_MAX * 1000) throw new Error(`${REQUESTS} requests took too long`)
    requests += (await run(LOADS.pipelined, server.where, { seconds: 2, core: cores.client })).requests
  }
  await sleep(SETTLE_MS)
  return { idle, warm, requests, loaded: rss(server) }
}

// The clients run in their own process, so that their memory does not count as the server's.
async function withIdleConnections(server, cores) {
  await run(LOADS['keep-alive'], server.where, { seconds: 1, core: cores.client })
  const uncrowded = rss(server)
  const script = path.join(__dirname, 'idle-clients.js')
  const command = [process.execPath, script, String(server.where.port), String(IDLE_CONNECTIONS)]
  const clients = processes.start(command, { core: cores.client })
  try {
    const lines = readline.createInterface({ input: clients.stdout })
    const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(IDLE_SECONDS_MAX * 1000) })
    await sleep(SETTLE_MS)
    return { uncrowded, connections: Number(line), crowded: rss(server) }
  } finally {
    await processes.stop(clients)
  }
}

function rss(server) {
  return processes.usage(server.pid).rss
}

module.exports = { title: 'memory', service: 'number', measure: measureMemory, table: memoryTable }
