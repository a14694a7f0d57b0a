'use strict'

// `npm run bench`: the same handler behind ringcall and its peers, the same load on each in turn, in one run.

const { writeFileSync } = require('node:fs')
const { parseArgs } = require('node:util')
const badArguments = require('./bad-arguments')
const { isBuilt } = require('./examples')
const { CHECKED, GOALS } = require('./goals')
const { LOADS } = require('./load')
const machine = require('./machine')
const memory = require('./memory')
const open = require('./open')
const { list, pick, positive } = require('./options')
const { present } = require('./peers')
const { writePlots } = require('./plot')
const { halfBodies, largeAnswers, slowReaders } = require('./pressure')
const report = require('./report')
const { SERVERS, SERVICES, addCheckout, available, version } = require('./servers')
const { takeTurns } = require('./turns')
const { failure, judge, table: verdictTable } = require('./verdicts')

// By the names that `--loads` takes: the service to ask, how to measure it, and the table of its figures.
const KINDS = {
  ...Object.fromEntries(Object.entries(LOADS).map(([name, load]) =>
    [name, { ...load, measure: takeTurns, table: report.table }]
  )),
  ...open,
  'bad-arguments': badArguments,
  memory,
  'half-bodies': halfBodies,
  'slow-readers': slowReaders,
  'large-answers': largeAnswers
}

// Names for several.
const GROUPS = {
  functions: Object.keys(LOADS).filter((name) => LOADS[name].service === 'functions')
}

const DEFAULTS = { servers: ['ringcall', 'node-http'], loads: ['keep-alive', 'pipelined'] }
const CAPACITY_OF = 'node-http'

// The options that `--check` does not take: the goals are for the loads as they are.
const UNCHECKED = ['connections', 'capacity', 'unpinned']

const OPTIONS = {
  servers: { type: 'string' },
  loads: { type: 'string' },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '3' },
  connections: { type: 'string' },
  capacity: { type: 'string' },
  check: { type: 'boolean', default: false },
  json: { type: 'string' },
  plots: { type: 'string' },
  unpinned: { type: 'boolean', default: false },
  against: { type: 'string', multiple: true, default: [] },
  help: { type: 'boolean', default: false }
}

const HELP = `npm run bench -- [options]

  --servers LIST     ${list(SERVERS)}, or all   [${DEFAULTS.servers}]
                     here is ringcall with ringThreads: 0; promise, bigint and rings have an async handler, a bigint
                     handler, and two ring threads; native has no JavaScript, uws is uWebSockets.js
  --loads LIST       ${list(KINDS)}; ${list(GROUPS)}, or all
                     [${DEFAULTS.loads}]
  --rounds N         measurements of each server under each load, in turn   [5]
  --seconds N        length of each   [3]
  --connections N    instead of the loads' own numbers
  --capacity SERVER  the open loops' rate is a share of its capacity   [${CAPACITY_OF}]
  --check            compares the run with the goals of benchmark/goals.js, and fails if one is missed; without
                     --servers and --loads it measures everything that the goals name
  --json FILE        every round's figures
  --plots DIR        the medians as SVG
  --unpinned         server and client run wherever the scheduler puts them
  --against DIR      also the ringcall of another checkout, built there; may be given again

Figures are medians over the rounds, with the lowest and highest in brackets. CPU is the time of the server's processes
per request, and switches are their context switches. Others is the share of the machine's time that everything else
took meanwhile; a measurement that loses more than 5% to it is repeated, at most twice, but not if there is only one
round, which only shows that everything runs. Latencies of open-50 and open-80 count from when a request was due, at
random times, the same for every server. All others are from a closed loop: each connection waits for its answer before
it asks again; wrk adds the waits that this hides.`

async function main() {
  const options = parseOptions()
  const cores = options.unpinned ? { server: null, client: null } : machine.cores()
  const { servers, rounds, seconds } = options
  const versions = Object.fromEntries(servers.map((name) => [SERVERS[name].title, version(name)]))
  const result = { machine: machine.describe(), versions, cores, rounds, seconds, loads: [] }
  console.log(report.heading(result, report.placement(cores)))
  for (const [name, load] of options.loads) {
    const able = serving(servers, name, load, cores)
    if (able.length === 0) continue
    const measured = { name, title: load.title, ...await load.measure(load, { ...options, servers: able }, cores) }
    result.loads.push(measured)
    console.log(`\n${load.table(measured)}`)
  }
  if (options.check) {
    result.goals = judge(GOALS, result.loads)
    console.log(`\n${verdictTable(result.goals)}`)
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  if (options.plots) writePlots(result, options.plots)
  const failed = result.loads.some((load) => load.servers.some((server) => server.failed > 0))
  if (failed) throw new Error('some requests were not answered with 200: these figures mean nothing')
  const missed = options.check && failure(result.goals)
  if (missed) throw new Error(missed)
}

// Progress is for the person waiting; the tables on stdout can go to a file.
function progress(line) {
  console.error(`  ${line}`)
}

function parseOptions() {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) {
    console.log(HELP)
    process.exit()
  }
  for (const name of UNCHECKED) {
    if (values.check && values[name]) throw new Error(`--check takes no --${name}: its goals are for the loads as they are`)
  }
  const wanted = values.check ? CHECKED : DEFAULTS
  const rounds = positive(values.rounds, '--rounds')
  const seconds = positive(values.seconds, '--seconds')
  const loads = pick(values.loads ?? wanted.loads.join(), KINDS, '--loads', GROUPS).map(([name, load]) => {
    if (!values.connections || !Object.hasOwn(LOADS, name)) return [name, load]
    const connections = positive(values.connections, '--connections')
    return [name, { ...load, connections, title: load.title.replace(/\d+/, connections) }]
  })
  const others = values.against.map(addCheckout)
  const names = pick(values.servers ?? wanted.servers.join(), SERVERS, '--servers').map(([name]) => name)
  const named = present(names, SERVERS, (name) => Object.keys(SERVICES).some((service) => available(name, service)))
  const servers = [...named, ...others]
  if (servers.length === 0) throw new Error('none of these servers is installed')
  const [[capacity]] = pick(values.capacity ?? CAPACITY_OF, SERVERS, '--capacity')
  return { ...values, servers, loads, rounds, seconds, capacity, progress }
}

// The servers that have the service and the Unix socket that a load needs.
function serving(names, loadName, load, cores) {
  const lacks = unmet(load, cores)
  if (lacks) {
    console.error(`Left out: ${loadName} needs ${lacks}.`)
    return []
  }
  const { service } = load
  return names.filter((name) => {
    if (available(name, service)) return true
    console.error(`Left out of ${loadName}: ${SERVERS[name].title} has no ${SERVICES[service]}.`)
    return false
  })
}

function unmet({ needs, oneCore, ownCore }, cores) {
  if (needs === 'load-client' && !isBuilt(needs)) return 'cargo, to build its client'
  if (needs === 'wrk' && !machine.installed(needs)) return needs
  if (oneCore && cores.server === null) return 'taskset and a second core'
  if (ownCore && machine.describe().cores < 2) return 'a second core'
  return undefined
}

main().then(() => process.exit(), (error) => {
  console.error(`bench: ${error.message}`)
  process.exit(1)
})
