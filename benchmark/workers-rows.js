'use strict'

// The rows that take turns in workers.js: each is started once and measured again and again, for some seconds. `cores`
// are the server's and the client's.

const { once } = require('node:events')
const path = require('node:path')
const readline = require('node:readline')
const { leastDisturbed, measure, observe, startCommand, warmUp } = require('./measure')
const processes = require('./processes')

// Calls of the quick function per second, and the connections they use in turn.
const QUICK_RATE = 180
const QUICK_CONNECTIONS = 256
const WARM_UP_SECONDS_MAX = 6
const CLIENTS_SECONDS_MAX = 20 // beyond those that are measured
const BARE_MS_MAX = 10_000

// A server under one of load.js's loads.
async function startLoaded({ title, command, service, load, workers }, cores, { rounds, seconds, attemptsMax }) {
  const server = await startCommand(command, { title, core: cores.server, service })
  try {
    const secondsMax = Math.min(rounds * seconds, WARM_UP_SECONDS_MAX)
    await warmUp(server, load, { core: cores.client, secondsMax, compilers: Math.max(1, workers) })
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    stop: () => server.stop(),
    async measure() {
      const figures = await measure(server, load, { seconds, core: cores.client, attemptsMax })
      return { ...figures, cpu: figures.ran, client: (1e6 * figures.client) / figures.requestsPerSecond }
    }
  }
}

// A server whose quick function is called beside a slow one that always runs; `quick` and `slow` are their rounds.
async function startBesideSlow({ title, command, quick, slow }, cores, { seconds, attemptsMax }) {
  const server = await startCommand(command, { title, core: cores.server, service: 'neighbours' })
  const clients = [
    process.execPath, path.join(__dirname, 'neighbour-clients.js'),
    ...[server.where.port, quick, slow, QUICK_RATE, QUICK_CONNECTIONS, seconds].map(String)
  ]
  const timeout = (seconds + CLIENTS_SECONDS_MAX) * 1000
  const ask = async () => JSON.parse(await processes.output(clients, { core: cores.client, timeout }))
  return {
    stop: () => server.stop(),
    measure: () => leastDisturbed(async () => {
      const { result: { failed, quick, slow, late }, others } = await observe(server, ask)
      return { failed, p50: quick.p50, p99: quick.p99, max: quick.max, slow: slow.p50, late: late.p99, others }
    }, attemptsMax)
  }
}

// Threads that call the same function without a server.
async function startBare({ command }, cores, { seconds, attemptsMax }) {
  const child = processes.start(command, { core: cores.server })
  const lines = readline.createInterface({ input: child.stdout })
  const next = async () => {
    const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(BARE_MS_MAX + seconds * 1000) })
    return line
  }
  const stop = () => processes.stop(child)
  try {
    await next()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    stop,
    measure: () => leastDisturbed(async () => {
      const { result, spent, rss, others } = await observe(child, async () => {
        child.stdin.write(`${seconds}\n`)
        return JSON.parse(await next())
      })
      const { requests } = result
      return {
        failed: 0, requestsPerSecond: requests / result.seconds, cpu: spent.ran / requests,
        switches: (spent.voluntary + spent.involuntary) / requests, rss, others
      }
    }, attemptsMax)
  }
}

module.exports = { QUICK_RATE, startBare, startBesideSlow, startLoaded }
