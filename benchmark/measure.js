'use strict'

// One server's life under measurement: started, checked, loaded, stopped.

const { once } = require('node:events')
const { rmSync } = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')
const { ANSWER, TARGET, run } = require('./load')
const { cpuTime } = require('./machine')
const processes = require('./processes')
const { SERVERS } = require('./servers')

const START_MS_MAX = 10_000
const CHECK_MS_MAX = 5_000
const WARM_UP_REQUESTS = 30_000
const WARM_UP_SECONDS_MAX = 10
const OTHERS_MAX = 0.05 // of the machine's CPU time
const ATTEMPTS_MAX = 3

// Starts the server `name` on `core`; on a unix socket where asked. Resolves when it listens and has answered right.
async function startServer(name, { core, unix = false }) {
  const socket = unix ? path.join(os.tmpdir(), `ringcall-bench-${process.pid}-${name}.sock`) : undefined
  const command = SERVERS[name].command()
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
    await check(server.where)
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

// A server that answers wrong, or out of order, would be a fast one.
async function check(where) {
  const numbers = [15, 17, ...Array(16).keys(), 15]
  const expected = numbers.map((n) => String(fibonacci(n)))
  const requests = numbers.map((n, i) => request(`/${n}`, i === numbers.length - 1))
  const answers = await exchange(where, requests.join(''))
  if (answers.join() !== expected.join()) {
    throw new Error(`answers ${answers.join()} to POST /N with N of ${numbers.join()}: expected ${expected.join()}`)
  }
  const [first] = await exchange(where, request(TARGET, true))
  if (first !== String(ANSWER)) throw new Error(`answers ${first} to POST ${TARGET}: expected ${ANSWER}`)
}

function fibonacci(n) {
  return n < 2 ? BigInt(n) : fibonacci(n - 1) + fibonacci(n - 2)
}

function request(target, last) {
  return `POST ${target} HTTP/1.1\r\nHost: localhost\r\n${last ? 'Connection: close\r\n' : ''}\r\n`
}

// The bodies of all answers until the server closes, of those with status 200.
async function exchange(where, bytes) {
  const socket = net.connect({ ...where, host: '127.0.0.1' })
  const timer = setTimeout(() => socket.destroy(new Error('did not answer in time')), CHECK_MS_MAX)
  socket.setEncoding('latin1').write(bytes)
  let text = ''
  try {
    for await (const chunk of socket) text += chunk
  } finally {
    clearTimeout(timer)
  }
  return text.split('HTTP/1.1 ').slice(1).map((answer) => {
    return answer.startsWith('200 ') ? answer.slice(answer.indexOf('\r\n\r\n') + 4) : answer.split('\r\n')[0]
  })
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
    others: Math.max(0, (after.others - before.others) / (after.total - before.total)),
    latency: result.latency
  }
}

// All CPU time that is neither the server's nor the load generator's, which is a child of ours that has ended by then,
// is others'.
function snapshot({ pid }) {
  const server = processes.usage(pid)
  const { used, total } = cpuTime()
  return { server, total, others: used - server.user - server.system - processes.ownTime() }
}

module.exports = { measure, startServer, warmUp }
