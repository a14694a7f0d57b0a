'use strict'

// The loads of workers.js. Each has `place`, the cores it is measured on; `columns`, the figures that are shown; and
// `rows(systems, pace)`, the rows that take turns, where `pace` is rounds per microsecond. A row's comparisons name
// another row, a figure, and the goal for their ratio, if any.

const path = require('node:path')
const { LOADS: { 'keep-alive': KEEP_ALIVE, pipelined: PIPELINED } } = require('./load')
const machine = require('./machine')
const { count, decimal, mebibytes, percent } = require('./report')
const { SYSTEMS, command } = require('./servers/workers')
const { QUICK_RATE, startBare, startBesideSlow, startLoaded } = require('./workers-rows')

const QUICK_MICROSECONDS = 10
const SLOW_MICROSECONDS = 50_000
const BARE = path.join(__dirname, 'servers', 'workers', 'bare-threads.js')

const milliseconds = (microseconds) => decimal(microseconds / 1000)

// The figure's name, its title, its format, and whether with its lowest and highest.
const COSTS = [
  ['requestsPerSecond', 'requests/s', count, true],
  ['cpu', 'CPU µs', decimal, true],
  ['switches', 'switches', decimal, false],
  ['client', 'client µs', decimal, false],
  ['rss', 'MiB', mebibytes, false],
  ['others', 'others', percent, false]
]
const WAITS = [
  ['p50', 'p50 ms', milliseconds, false],
  ['p99', 'p99', milliseconds, true],
  ['max', 'max', milliseconds, false],
  ['slow', 'slow p50', milliseconds, false],
  ['late', 'asked late, p99', milliseconds, false],
  ['others', 'others', percent, false]
]

// Titles of the figures that are compared.
const FIGURES = { cpu: 'CPU', p99: 'p99', requestsPerSecond: 'requests/s' }

const LOADS = {
  'keep-alive': priceOfWorkers(KEEP_ALIVE),
  pipelined: priceOfWorkers(PIPELINED),
  spare: spareWorkers('one'),
  'spare-unpinned': spareWorkers('any'),
  '1ms': scaling(1000, 1.85),
  '100us': scaling(100, 1.7),
  neighbours: neighbours(),
  cores: growth()
}

// One worker instead of none.
function priceOfWorkers(load) {
  const row = (name, workers) => loaded(name, workers, 'fibonacci', load)
  return {
    title: load.title,
    place: 'one',
    columns: COSTS,
    rows: (systems) => [
      row('ringcall', 0),
      ...systems.map((name) => compared(row(name, 1), 'ringcall-0', 'cpu', ofOurs(name, { most: 1.05 })))
    ]
  }
}

// Four workers for the work of one.
function spareWorkers(place) {
  return {
    title: `${KEEP_ALIVE.title}, a function that computes for 1 µs`,
    place,
    columns: COSTS,
    rows: (systems, pace) => systems.flatMap((name) => {
      const [one, four] = [1, 4].map((workers) => loaded(name, workers, 'busy', computing(1, pace)))
      return [one, compared(four, one.id, 'cpu', ofOurs(name, { most: 1.15 }))]
    })
  }
}

// Two workers on two cores, beside threads without a server, which are the ceiling.
function scaling(microseconds, least) {
  return {
    title: `${KEEP_ALIVE.title}, a function that computes for ${microseconds} µs`,
    place: 'two',
    columns: COSTS,
    rows: (systems, pace) => {
      const [oneThread, twoThreads] = [1, 2].map((threads) => bare(threads, microseconds * pace))
      const ceiling = [oneThread, compared(twoThreads, oneThread.id, 'requestsPerSecond')]
      return [...ceiling, ...systems.flatMap((name) => {
        const [one, two] = [1, 2].map((workers) => loaded(name, workers, 'busy', computing(microseconds, pace)))
        const gained = compared(two, one.id, 'requestsPerSecond', ofOurs(name, { least }))
        return [one, compared(gained, twoThreads.id, 'requestsPerSecond')]
      })]
    }
  }
}

// A function that may have to wait for another function's call.
function neighbours() {
  return {
    title: `a function of ${QUICK_MICROSECONDS} µs, ${QUICK_RATE} calls a second, beside one call of ` +
      `${SLOW_MICROSECONDS / 1000} ms that always runs`,
    place: 'two',
    columns: WAITS,
    rows: (systems, pace) => {
      const row = (name, workers) => besideSlow(name, workers, pace)
      const processes = row('ringcall-processes', 2)
      return [processes, ...systems.flatMap((name) => {
        const one = row(name, 1)
        const two = compared(row(name, 2), one.id, 'p99', ofOurs(name, { most: 0.2 }))
        return [one, compared(two, processes.id, 'p99', ofOurs(name, { most: 0.5 }))]
      })]
    }
  }
}

// As many threads or processes as cores: one, two, four and so on, up to this machine's number.
function growth() {
  const counts = () => [0, 1, 2, 3, 4, 5, 6].map((n) => 2 ** n).filter((n) => n === 1 || n <= machine.spreadOut().length)
  return {
    title: `${KEEP_ALIVE.title} for each core`,
    place: 'any',
    placed() {
      const { length } = machine.spreadOut()
      const shared = counts().filter((n) => n > 1 && n === length)
      return `this machine has ${length} cores to give` +
        (shared.length > 0 ? `, and the client shares them with the servers on ${shared}` : '')
    },
    columns: COSTS,
    rows: (systems) => systems.flatMap((name) => variants(name).flatMap((variant) => {
      const rows = counts().map((n) => onCores(name, n, variant))
      return rows.map((row) => row === rows[0] ? row : compared(row, rows[0].id, 'requestsPerSecond'))
    }))
  }
}

// ringcall's function is in the main thread, or in workers.
function variants(name) {
  return name === 'ringcall' ? [(n) => [0, n], (n) => [n, n]] : [(n) => [n]]
}

function onCores(name, n, variant) {
  const [workers, rings] = variant(n)
  const cores = machine.coresFor(n, n)
  const load = { ...KEEP_ALIVE, connections: n * KEEP_ALIVE.connections, threads: cores.client === null ? 1 : n }
  const row = loaded(name, workers, 'fibonacci', load, rings === undefined ? [] : ['none', String(rings)])
  const ringThreads = rings === undefined ? '' : `, ${numbered(rings, ['ring thread', 'ring threads'])}`
  const title = `${row.title}${ringThreads}, on ${numbered(n, ['core', 'cores'])}`
  return { ...row, id: `${row.id}-on-${n}`, title, cores }
}

function computing(microseconds, pace) {
  return { ...KEEP_ALIVE, path: `/${Math.round(microseconds * pace)}` }
}

// `more` are additional arguments of the server's command.
function loaded(name, workers, module, load, more = []) {
  const { command, ...rest } = rowOf(name, workers, module)
  const service = module === 'fibonacci' ? 'number' : module
  const row = { ...rest, command: [...command, ...more], service, load, workers }
  return { ...row, start: (...how) => startLoaded(row, ...how) }
}

function besideSlow(name, workers, pace) {
  const row = rowOf(name, workers, 'neighbours')
  const rounds = { quick: Math.round(QUICK_MICROSECONDS * pace), slow: Math.round(SLOW_MICROSECONDS * pace) }
  return { ...row, start: (...how) => startBesideSlow({ ...row, ...rounds }, ...how) }
}

function bare(threads, rounds) {
  const row = {
    id: `bare-${threads}`,
    title: `no server, ${numbered(threads, ['thread', 'threads'])}`,
    command: [process.execPath, BARE, String(threads), String(Math.round(rounds))],
    comparisons: []
  }
  return { ...row, start: (...how) => startBare(row, ...how) }
}

function rowOf(name, workers, module) {
  const { title, several, script } = SYSTEMS[name]
  return {
    id: `${name}-${workers}`,
    title: `${title}, ${workers === 0 ? 'in the main thread' : numbered(workers, several)}`,
    command: command(script, module, workers),
    comparisons: []
  }
}

function numbered(n, [one, more]) {
  return `${n} ${n === 1 ? one : more}`
}

// `asked` is { least } or { most }; for peers it is undefined.
function compared(row, against, figure, asked) {
  return { ...row, comparisons: [...row.comparisons, { against, figure, asked }] }
}

function ofOurs(name, asked) {
  return name === 'ringcall' ? asked : undefined
}

module.exports = { FIGURES, LOADS }
