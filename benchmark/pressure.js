'use strict'

// The memory that a server keeps for slow clients: those that have sent half of a body, and those that do not read
// their answer.

const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const { setTimeout: sleep } = require('node:timers/promises')
const { exchange } = require('./check')
const { LOADS, run } = require('./load')
const { startServer } = require('./measure')
const processes = require('./processes')
const { align, count, mebibytes, signed } = require('./report')
const { SERVERS } = require('./servers')

const CLIENTS_SECONDS_MAX = 120
const SETTLE_MS = 2_000
const PAGE = 4096

const halfBodies = kind('half-bodies', 10_000, 65_536, 'connections that have each sent half of a body of 64 KiB')
const slowReaders = kind('slow-readers', 1_000, 1_000_000, 'connections that do not read their answers of 1 MB')
// More than the kernel buffers for a server.
const largeAnswers = kind('slow-readers', 100, 16_000_000, 'connections that do not read their answers of 16 MB')

function kind(name, connections, size, title) {
  const measure = async (_load, { servers, progress }, cores) => {
    const measured = []
    for (const server of servers) {
      const { title } = SERVERS[server]
      progress(`${name}: ${title}`)
      const held = await hold(server, [name, connections, size], cores)
      measured.push({ name: server, title, connections, failed: 0, ...held })
    }
    return { servers: measured }
  }
  return { title: `${count(connections)} ${title}`, service: 'functions', measure, table }
}

// The clients run in their own process, so that their memory does not count as the server's.
async function hold(name, [kind, connections, size], cores) {
  const server = await startServer(name, { core: cores.server, service: 'functions' })
  const script = path.join(__dirname, 'pressure-clients.js')
  let clients
  try {
    await run(LOADS['sum-json'], server.where, { seconds: 1, core: cores.client })
    const before = memory(server)
    const command = [process.execPath, script, kind, server.where.port, connections, size]
    clients = processes.start(command.map(String), { core: cores.client })
    const lines = readline.createInterface({ input: clients.stdout })
    const next = async () => {
      const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(CLIENTS_SECONDS_MAX * 1000) })
      return JSON.parse(line)
    }
    const meanwhile = await next()
    await sleep(SETTLE_MS)
    const held = memory(server)
    const [{ status }] = await exchange(server.where, [{ path: LOADS['sum-path'].path }])
    clients.stdin.write('\n')
    const atEnd = await next()
    await processes.stop(clients)
    await sleep(SETTLE_MS)
    return { before, held, after: memory(server), meanwhile, other: status, atEnd }
  } finally {
    if (clients) await processes.stop(clients)
    await server.stop()
  }
}

// `kernel` is the memory of all TCP sockets of the machine, both ends of each connection.
function memory(server) {
  const pages = Number(/^TCP:.* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'latin1'))[1])
  return { rss: processes.usage(server.pid).rss, kernel: pages * PAGE }
}

function table({ title, servers }) {
  const head = ['', 'MiB before', 'MiB more', 'bytes each', 'kernel MiB more', 'MiB more at the end',
    'others', 'meanwhile', 'at the end']
  const rows = servers.map(({ title, connections, before, held, after, other, meanwhile, atEnd }) => [
    title, mebibytes(before.rss), signed(held.rss - before.rss), count((held.rss - before.rss) / connections),
    signed(held.kernel - before.kernel), signed(after.rss - before.rss), other, listed(meanwhile), listed(atEnd)
  ])
  return `${title}\n${align([head, ...rows])}`
}

function listed(outcomes) {
  return Object.entries(outcomes).map(([outcome, n]) => `${outcome}: ${n}`).join(', ')
}

module.exports = { halfBodies, largeAnswers, slowReaders }
