'use strict'

// One server's life under measurement: started, checked, loaded, stopped.

const { once } = require('node:events')
const { rmSync } = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')
const { check } = require('./check')
const { run } = require('./load')
const { cpuTime } = require('./machine')
const processes = require('./processes')
const { SERVERS } = require('./servers')

const START_MS_MAX = 10_000
const WARM_UP_REQUESTS = 30_000
const WARM_UP_SECONDS_MAX = 10
const OTHERS_MAX = 0.05 // of the machine's CPU time
const ATTEMPTS_MAX = 3

// Starts what the server `name` has for `service` on `core`; on a unix socket where asked. Resolves when it listens and
// has answered right.
async function startServer(name, { core, service = 'number', unix = false }) {
  const socket = unix ? path.join(os.tmpdir(), `ringcall-bench-${process.pid}-${name}.sock`) : undefined
  const command = SERVERS[name][service]()
  const child = processes.start(socket ? [...command, socket] : command, { core })
  const server = {
    name,
    pid: child.pid,
    where: undefined,
    async stop() {
      await processes.stop(child)
      if (socket) rmSync(socket, { force: true })
    }
  }
  try {
    server.where = await listening(child)
    await check(server.where, service)
  } catch (error) {
    await server.stop()
    throw new Error(`${SERVERS[name].title}: ${error.message}`)
  }
  return server
}

async function listening(child) {
  const lines = readline.createInterface({ input: child.stdout })
  const ended = once(child, 'close').then(([code, signal]) => {
    throw new Error(`ended with ${signal ?? code} before it listened`)
  })
  const [line] = await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(START_MS_MAX) }), ended])
  ended.catch(() => {}) // its end is no longer ours to report
  const [what, value] = line.split(' ')
  return what === 'PATH' ? { path: value } : { port: Number(value) }
}

// A just-in-time compiler needs requests rather than seconds.
async function warmUp(server, load, { core }) {
  let requests = 0
  for (let second = 0; second < WARM_UP_SECONDS_MAX && requests < WARM_UP_REQUESTS; second++) {
    requests += (await run(load, server.where, { seconds: 1, core })).requests
  }
}

// One round's figures. Where other processes or the hypervisor take much of the machine meanwhile, it is measured
// again: a busy machine is not a slow server. The least disturbed attempt counts.
async function measure(server, load, options) {
  let best
  for (let attempt = 0; attempt < ATTEMPTS_MAX && !(best?.others <= OTHERS_MAX); attempt++) {
    const figures = await attemptMeasure(server, load, options)
    if (!best || figures.others < best.others) best = figures
  }
  return best
}

// Loads a server and returns what it did and what that cost the server's processes, by the request.
async function attemptMeasure(server, load, { seconds, core }) {
  const before = snapshot(server)
  const result = await run(load, server.where, { seconds, core })
  if (result.requests === 0) throw new Error(`${SERVERS[server.name].title} answered not one request`)
  const after = snapshot(server)
  const spent = (name) => after.server[name] - before.server[name]
  const perRequest = (...names) => names.reduce((sum, name) => sum + spent(name), 0) / result.requests
  return {
    requests: result.requests,
    failed: result.failed,
    requestsPerSecond: result.requests / result.seconds,
    cpu: perRequest('user', 'system'),
    user: perRequest('user'),
    system: perRequest('system'),
    switches: perRequest('voluntary', 'involuntary'),
    rss: after.server.rss,
    refused: result.refused,
    client: (after.own - before.own) / (result.seconds * 1e6),
    others: Math.max(0, (after.others - before.others) / (after.total - before.total)),
    latency: result.latency
  }
}

// `own` is the load generator's CPU time: a child of ours that has ended by then. All that is neither its nor the
// server's is others'.
function snapshot({ pid }) {
  const server = processes.usage(pid)
  const own = processes.ownTime()
  const { used, total } = cpuTime()
  return { server, own, total, others: used - server.user - server.system - own }
}

module.exports = { measure, startServer, warmUp }
