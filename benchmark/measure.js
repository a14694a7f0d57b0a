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

const START_MS_MAX = 30_000
const WARM_UP_REQUESTS = 30_000
const WARM_UP_SECONDS_MAX = 10
const OTHERS_MAX = 0.05 // of the machine's CPU time
const ATTEMPTS_MAX = 3

// Starts the server `name` for `service` on `core`; on a Unix socket if asked.
async function startServer(name, { core, service = 'number', unix = false }) {
  const { title, [service]: command } = SERVERS[name]
  const socket = unix ? path.join(os.tmpdir(), `ringcall-bench-${process.pid}-${name}.sock`) : undefined
  return startCommand(socket ? [...command(), socket] : command(), { title, core, service, socket })
}

// Resolves when the command's server listens and has passed the check of `service`.
async function startCommand(command, { title, core, service, socket }) {
  const child = processes.start(command, { core })
  const server = {
    title,
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
    throw new Error(`${title}: ${error.message}`)
  }
  return server
}

async function listening(child) {
  const lines = readline.createInterface({ input: child.stdout })
  const ended = once(child, 'close').then(([code, signal]) => {
    throw new Error(`ended with ${signal ?? code} before it listened`)
  })
  const line = await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(START_MS_MAX) }), ended])
    .then(([line]) => line, (error) => {
      throw error.name === 'AbortError' ? new Error(`did not listen within ${START_MS_MAX} ms`) : error
    })
  ended.catch(() => {}) // from now on, its end is reported elsewhere
  const [what, value] = line.split(' ')
  return what === 'PATH' ? { path: value } : { port: Number(value) }
}

// A just-in-time compiler needs requests rather than seconds. Each of several threads or processes has its own
// compiler.
async function warmUp(server, load, { core, secondsMax = WARM_UP_SECONDS_MAX, compilers = 1 }) {
  let requests = 0
  for (let second = 0; second < secondsMax && requests < compilers * WARM_UP_REQUESTS; second++) {
    requests += (await run(load, server.where, { seconds: 1, core })).requests
  }
}

// One round's figures.
async function measure(server, load, { attemptsMax, ...options }) {
  const figures = await leastDisturbed(() => attemptMeasure(server, load, options), attemptsMax)
  if (figures.requests === 0) throw new Error(`${server.title} answered no request`)
  return figures
}

// If other processes or the hypervisor take much of the machine meanwhile, it is measured again: a busy machine is not
// a slow server. The least disturbed attempt counts, unless it was so disturbed that there was no request.
async function leastDisturbed(attempt, attemptsMax = ATTEMPTS_MAX) {
  let best
  for (let n = 0; n < attemptsMax && !(best?.others <= OTHERS_MAX); n++) {
    const figures = await attempt()
    if (!best || best.requests === 0 || (figures.others < best.others && figures.requests !== 0)) best = figures
  }
  return best.requests === 0 && attemptsMax === 1 ? leastDisturbed(attempt) : best
}

// Loads a server, and returns its figures and the cost to its processes, per request.
async function attemptMeasure(server, load, { seconds, core }) {
  const { result, spent, rss, client, others } = await observe(server, () => run(load, server.where, { seconds, core }))
  const perRequest = (...names) => names.reduce((sum, name) => sum + spent[name], 0) / result.requests
  return {
    requests: result.requests,
    failed: result.failed,
    requestsPerSecond: result.requests / result.seconds,
    cpu: perRequest('user', 'system'),
    ran: perRequest('ran'),
    user: perRequest('user'),
    system: perRequest('system'),
    switches: perRequest('voluntary', 'involuntary'),
    rss,
    refused: result.refused,
    client: client / (result.seconds * 1e6),
    others,
    latency: result.latency,
    // Of an open loop: how late the client was, and how many requests found no connection idle.
    late: result.late?.['99'],
    queued: result.queued / result.requests
  }
}

// The result of `use`, and its cost: of the server, and of clients that are children of ours and have ended by then,
// both in microseconds of CPU; and of all others, as a share of the machine's time.
async function observe(server, use) {
  const before = snapshot(server)
  const result = await use()
  const after = snapshot(server)
  const names = Object.keys(before.server)
  const spent = Object.fromEntries(names.map((name) => [name, after.server[name] - before.server[name]]))
  const others = Math.max(0, (after.others - before.others) / (after.total - before.total))
  return { result, spent, rss: after.server.rss, client: after.own - before.own, others }
}

// `own` is the load generator's CPU time. All other time, except the server's, is others'.
function snapshot({ pid }) {
  const server = processes.usage(pid)
  const own = processes.ownTime()
  const { used, total } = cpuTime()
  return { server, own, total, others: used - server.user - server.system - own }
}

module.exports = { leastDisturbed, measure, observe, startCommand, startServer, warmUp }
