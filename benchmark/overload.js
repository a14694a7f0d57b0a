'use strict'

// `npm run bench:overload`: the throughput that a server, whose handler computes for a known time, keeps under several
// times as many requests as it can answer.

const { once } = require('node:events')
const path = require('node:path')
const readline = require('node:readline')
const { parseArgs } = require('node:util')
const machine = require('./machine')
const processes = require('./processes')
const { count, decimal, spread } = require('./report')

const OPTIONS = {
  microseconds: { type: 'string', default: '200' },
  times: { type: 'string', default: '5' },
  'in-flight': { type: 'string', default: '100' },
  connections: { type: 'string', default: '1024' },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '5' },
  apart: { type: 'boolean', default: false },
  unpinned: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false }
}

const HELP = `npm run bench:overload -- [options]

  --microseconds N   the handler computes for that long   [200]
  --times N          that many times as many requests as it can answer   [5]
  --in-flight N      maxInFlight   [100]
  --connections N    of the overloading client   [1024]
  --rounds N         alternating with a load that just meets the capacity   [5]
  --seconds N        length of each   [5]
  --apart            the ring thread runs on the client's core, so that the handler has one to itself
  --unpinned         server and client run wherever the scheduler puts them

Capacity is the rate of answers to 16 connections that ask again when they are answered, goodput the rate of 200s under
overload. An accepted request waits for at most maxInFlight calls, so the bound on its latency is maxInFlight / goodput.
CPU is the cost of a 503: the time of the server's process under overload, less that of as many 200s at capacity, per
503. Medians, with the lowest and highest in brackets.`

const CAPACITY_CONNECTIONS = 16

async function main() {
  const { microseconds, times, 'in-flight': inFlight, connections, rounds, seconds, apart, unpinned } = parseOptions()
  const cores = unpinned ? { server: null, client: null } : machine.cores()
  if (apart && cores.client === null) throw new Error('--apart needs two cores, taskset, and no --unpinned')
  const script = path.join(__dirname, 'servers', 'busy.js')
  const server = processes.start([process.execPath, script, String(microseconds), String(inFlight)], { core: cores.server })
  const [line] = await once(readline.createInterface({ input: server.stdout }), 'line')
  if (apart) processes.pinThreads(server.pid, 'ringcall', cores.client)
  const ask = (...load) => measure(server, [line.split(' ')[1], ...load, seconds], cores.client)

  const measured = []
  for (let round = 1; round <= rounds; round++) {
    const alone = await ask(CAPACITY_CONNECTIONS, 0)
    const capacity = alone.accepted.count / alone.seconds
    const crowd = await ask(connections, times * capacity)
    const goodput = crowd.accepted.count / crowd.seconds
    measured.push({
      capacity,
      goodput,
      share: (100 * goodput) / capacity,
      shareOfCpu: (100 * alone.cpu * crowd.accepted.count) / (crowd.cpu * alone.accepted.count),
      offered: crowd.asked / crowd.seconds / capacity,
      p99: crowd.accepted.p99 / 1000,
      bound: (1000 * inFlight) / goodput,
      refusedP99: crowd.refused.p99 / 1000,
      cpu: (crowd.cpu - (crowd.accepted.count * alone.cpu) / alone.accepted.count) / crowd.refused.count,
      rss: crowd.rss / 2 ** 20
    })
    console.error(`  round ${round} of ${rounds}: ${count(goodput)} of ${count(capacity)} 200s/s`)
  }
  await processes.stop(server)

  const { cpu, cores: cpus, kernel, node, date } = machine.describe()
  console.log(`${cpu}, ${cpus} cores; ${kernel}; Node.js ${node}; ${date}`)
  console.log(`a handler of ${microseconds} µs, maxInFlight ${inFlight}; ${connections} connections; ` +
    `${rounds} rounds of ${seconds} s; ${placement(cores, { apart, unpinned })}\n`)
  for (const [name, title, format] of [
    ['capacity', 'capacity, 200s/s', count],
    ['goodput', 'goodput, 200s/s', count],
    ['share', 'goodput, % of the capacity', decimal],
    ['shareOfCpu', 'the same by its CPU time, %', decimal],
    ['offered', 'asked, times the capacity', decimal],
    ['p99', 'p99 of the 200s, ms', decimal],
    ['bound', 'its bound, ms', decimal],
    ['refusedP99', 'p99 of the 503s, ms', decimal],
    ['cpu', 'CPU of a 503, µs', decimal],
    ['rss', 'resident MiB', decimal]
  ]) {
    const { median, min, max } = spread(measured.map((figures) => figures[name]))
    console.log(`  ${title.padEnd(28)}${format(median).padStart(9)}  (${format(min)}–${format(max)})`)
  }
}

// One client's counts, and the CPU time of the server's process meanwhile.
async function measure(server, load, core) {
  const command = [process.execPath, path.join(__dirname, 'overload-clients.js'), ...load.map(String)]
  const client = processes.start(command, { core })
  const lines = readline.createInterface({ input: client.stdout })
  await once(lines, 'line') // It has warmed up.
  const before = processes.usage(server.pid)
  const [line] = await once(lines, 'line')
  const after = processes.usage(server.pid)
  const figures = JSON.parse(line)
  if (figures.wrong > 0) throw new Error(`${figures.wrong} answers were wrong`)
  return { ...figures, cpu: after.user + after.system - before.user - before.system, rss: after.rss }
}

function parseOptions() {
  const { values: { help, apart, unpinned, ...values } } = parseArgs({ options: OPTIONS })
  if (help) {
    console.log(HELP)
    process.exit()
  }
  const numbers = Object.entries(values).map(([name, text]) => {
    if (Number(text) > 0) return [name, Number(text)]
    throw new Error(`--${name} takes a positive number, not ${text}`)
  })
  return { ...Object.fromEntries(numbers), apart, unpinned }
}

function placement(cores, { apart, unpinned }) {
  if (unpinned) return 'unpinned'
  return `${apart ? 'handler' : 'server'} on core ${cores.server}, ${apart ? 'ring thread and ' : ''}client on core ${cores.client}`
}

main().then(() => process.exit(), (error) => {
  console.error(`bench:overload: ${error.message}`)
  process.exit(1)
})
