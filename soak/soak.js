'use strict'

// `npm run soak`: minutes of honest and hostile clients that come and go, on a server in its own process. Every honest
// answer is checked; memory, descriptors and threads are read off the server's process, after a garbage collection.
// Half of the clients call one plain function, the others functions by name.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { parseArgs } = require('node:util')
const { connect, request } = require('../__test__/helpers.js')
const { expected } = require('./answers')
const { NAMED, PLAIN, startHonest } = require('./honest')
const { HOSTILE, HOSTILE_TO_FUNCTIONS, startHostile } = require('./hostile')

const OPTIONS = {
  minutes: { type: 'string', default: '20' },
  'ring-threads': { type: 'string', default: '1' },
  under: { type: 'string', default: '' },
  help: { type: 'boolean', default: false }
}

const HELP = `npm run soak -- [options]

  --minutes N        how long, fractions too   [20]
  --ring-threads N   of the server   [1]
  --under COMMAND    runs the server's process, for example valgrind

Prints a line each minute, and in the end the requests and the memory. Fails with a sentence if an honest request got a
wrong answer or none, if memory grew by 8 MiB or more after the first tenth of the time (at least two minutes), if a
descriptor or a thread was left, or if the server did not end in order. A run of less than four minutes says nothing
about memory.`

const MIB = 2 ** 20
const GROWTH_MAX = 8 * MIB
const GROWTH_MINUTES_MIN = 4
const WARMING_MS = 120_000 // V8 compiles, and clients that stay gather.
const HONEST_CLIENTS = 16 // on each of the two servers, like the next
const HOSTILE_OF_EACH = 2
const GONE_MS_MAX = 60_000
const LOOKS = 5
const TOOL_PATIENCE = 8
const NICENESS = 2 // The clients leave the server the processor.

// Timeouts that strike within minutes, and a limit that the floods cross.
const SERVER = {
  port: 0,
  host: '127.0.0.1',
  maxInFlight: 500,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 20_000,
  handlerTimeout: 5_000,
  sendTimeout: 10_000
}

async function main() {
  const { minutes, ringThreads, under } = parseOptions()
  const server = await startServer({ ...(under.length > 0 ? patient(SERVER) : SERVER), ringThreads }, under)
  os.setPriority(Math.min(19, os.getPriority() + NICENESS))
  try {
    const faults = await soak(server, minutes)
    for (const fault of faults) console.error(`soak: ${fault}`)
    console.log(faults.length === 0 ? 'passed' : 'FAILED')
    return faults.length === 0 ? 0 : 1
  } finally {
    server.kill()
  }
}

// A server under a tool is slow, which is not a fault.
function patient(options) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => {
    return [name, name.endsWith('Timeout') ? value * TOOL_PATIENCE : value]
  }))
}

async function soak(server, minutes) {
  const ms = minutes * 60_000
  await ask(server.port, 0)
  const start = await allGone(server)
  const counts = { requests: 0, connections: 0, refused: 0, late: 0, wrong: 0, lost: 0 }
  const clients = [
    startHonest(server.port, HONEST_CLIENTS, PLAIN, counts),
    startHonest(server.namedPort, HONEST_CLIENTS, NAMED, counts)
  ]
  const hostile = [
    startHostile(server.port, HOSTILE_OF_EACH, HOSTILE),
    startHostile(server.namedPort, HOSTILE_OF_EACH, HOSTILE_TO_FUNCTIONS)
  ]
  const report = reporter(counts)

  const warming = Math.max(ms / 10, Math.min(WARMING_MS, ms / 2))
  await delay(warming)
  const warm = await settled(server, ms)
  report(warm)
  const until = Date.now() + ms - warming
  while (Date.now() < until) {
    await delay(Math.min(60_000, until - Date.now()))
    if (Date.now() < until) report(await server.look())
  }
  const loaded = await settled(server, ms)
  report(loaded)

  await Promise.all([...clients, ...hostile].map((each) => each.stop()))
  const end = await allGone(server, start)
  report(end)
  for (const each of hostile) console.log(`hostile: ${told(each.counts)}`)
  console.log(`servers: ${told(end.stats)}`)
  const { wrong, lost, late, refused, requests } = counts
  const growth = loaded.rss - warm.rss
  console.log(`${requests} requests, ${refused} of them refused with 503, ${late} sent too late, ` +
    `${wrong} wrong, ${lost} lost; memory ${mebibytes(warm.rss)} MiB, then ${mebibytes(growth)} MiB more`)

  const faults = []
  const must = (holds, sentence) => holds || faults.push(sentence)
  must(requests > 0, 'no request was answered')
  must(wrong === 0, `${wrong} answers were wrong`)
  must(lost === 0, `${lost} requests were lost`)
  const refusals = end.stats.overloaded + end.stats.handlerTimeouts
  must(refused <= refusals, `${refused} requests were refused, ${refusals} by the server's count`)
  const steady = growth < GROWTH_MAX || minutes < GROWTH_MINUTES_MIN
  must(steady, `memory grew by ${mebibytes(growth)} MiB once it was warm`)
  must(end.descriptors <= start.descriptors, `${end.descriptors - start.descriptors} descriptors stayed`)
  must(end.threads <= start.threads, `${end.threads - start.threads} threads stayed`)
  must(end.stats.connectionsOpen === 0, `${end.stats.connectionsOpen} connections stayed`)
  must(end.stats.inFlight === 0, `${end.stats.inFlight} requests are in flight without clients`)
  for (const fault of await closing(server)) faults.push(fault)
  return faults
}

// Requests that the handler has at `close()` are answered, and then the process ends by itself.
async function closing(server) {
  const faults = []
  const numbers = Array.from({ length: 32 }, (_, i) => 16 * i + 11)
  const clients = await Promise.all(numbers.map(() => connect({ teardown() {} }, server.port)))
  await Promise.all(clients.map((client, i) => client.write(request(`/${numbers[i]}`))))
  server.close()
  const answers = await Promise.allSettled(clients.map((client) => client.response()))
  for (const [i, { value, reason }] of answers.entries()) {
    const { body } = expected(numbers[i])
    if (value?.body !== body) faults.push(`at the close ${numbers[i]} was answered ${value?.body ?? reason.message}, not ${body}`)
  }
  const { code, signal, stderr } = await server.ended
  if (code !== 0) faults.push(`the server ended with ${signal ?? code}`)
  if (stderr !== '') faults.push(`the server's process said ${JSON.stringify(stderr.slice(0, 1000))}`)
  return faults
}

async function ask(port, n) {
  const client = await connect({ teardown() {} }, port)
  const { body } = await client.send(`/${n}`)
  client.destroy()
  if (body !== expected(n).body) throw new Error(`the server answers ${body} to ${n}`)
}

// The look with the least memory of several: floods come and go.
async function settled(server, ms) {
  let least
  for (let i = 0; i < LOOKS; i++) {
    const look = await server.look()
    if (!least || look.rss < least.rss) least = look
    await delay(Math.min(1000, ms / 100))
  }
  return least
}

// A look once the server knows that all clients are gone, or after GONE_MS_MAX.
async function allGone(server, { descriptors } = { descriptors: Infinity }) {
  const until = Date.now() + GONE_MS_MAX
  for (;;) {
    const look = await server.look()
    const gone = look.stats.connectionsOpen === 0 && look.stats.inFlight === 0 && look.descriptors <= descriptors
    if (gone || Date.now() > until) return look
    await delay(100)
  }
}

function reporter(counts) {
  const started = performance.now()
  let before = { at: started, requests: 0 }
  console.log('  minute    requests  requests/s  MiB (RSS)  descriptors  threads  refused  late  wrong  lost')
  return ({ rss, descriptors, threads }) => {
    const now = { at: performance.now(), requests: counts.requests }
    const rate = (1000 * (now.requests - before.requests)) / (now.at - before.at)
    before = now
    console.log([
      [((now.at - started) / 60_000).toFixed(2), 8], [now.requests, 12], [Math.round(rate), 12], [mebibytes(rss), 11],
      [descriptors, 13], [threads, 9], [counts.refused, 9], [counts.late, 6], [counts.wrong, 7], [counts.lost, 6]
    ].map(([value, width]) => String(value).padStart(width)).join(''))
  }
}

const told = (counts) => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ')
const mebibytes = (bytes) => (bytes / MIB).toFixed(1)

async function startServer(options, under) {
  const [execPath, ...execArgv] = [...under, process.execPath, '--expose-gc']
  const child = fork(path.join(__dirname, 'server.js'), [JSON.stringify(options)], {
    execPath,
    execArgv,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc']
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  // If the server ends meanwhile, so does the wait.
  const message = async () => {
    const answer = await Promise.race([once(child, 'message'), ended])
    if (Array.isArray(answer)) return answer[0]
    throw new Error(`the server's process ended: ${JSON.stringify(answer)}`)
  }
  const { port, namedPort } = await message()
  return {
    port,
    namedPort,
    ended,
    look() {
      child.send('look')
      return message()
    },
    close: () => child.send('close'),
    kill: () => child.kill('SIGKILL')
  }
}

function parseOptions() {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) {
    console.log(HELP)
    process.exit()
  }
  const number = (name, what, holds) => {
    const n = Number(values[name])
    if (holds(n)) return n
    throw new Error(`--${name} takes ${what}, not ${values[name]}`)
  }
  const under = values.under.split(' ').filter(Boolean)
  return {
    minutes: number('minutes', 'a positive number', (n) => n > 0 && n < Infinity),
    ringThreads: number('ring-threads', 'an integer from 0 on', (n) => Number.isInteger(n) && n >= 0),
    under
  }
}

main().then((code) => process.exit(code), (error) => {
  console.error(`soak: ${error.message}`)
  process.exit(1)
})
