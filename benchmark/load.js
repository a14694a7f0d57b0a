'use strict'

// The loads of a server, and the load generator of each.

const path = require('node:path')
const { example, isBuilt } = require('./examples')
const { installed } = require('./machine')
const { output } = require('./processes')
const { REQUESTS } = require('./requests')

const TARGET = '/15'
const ANSWER = 610n

// `body` is JSON; `bad` are bodies that take turns with it and must all be refused. `own` asks for our own load
// generator, clients/load-client/main.rs, and `rate` makes it an open loop. `threads` are wrk's.
const of64 = {
  service: 'number', path: TARGET, body: '', bad: [],
  connections: 64, depth: 1, close: false, unix: false, oneCore: false, own: false, rate: undefined, threads: 1
}

function functionsLoad(name, more) {
  const { title, path, body = '' } = REQUESTS[name]
  return { ...of64, service: 'functions', title: `64 connections, ${title}`, path, body, ...more }
}

// By the names that `--loads` takes.
const LOADS = {
  'keep-alive': { ...of64, title: '64 connections' },
  pipelined: { ...of64, depth: 16, title: '64 connections, 16 requests pipelined' },
  close: { ...of64, close: true, own: true, title: '64 at a time, a connection for each request' },
  unix: { ...of64, unix: true, title: '64 connections, unix socket' },
  1: { ...of64, connections: 1, own: true, title: '1 connection' },
  '1-one-core': {
    ...of64, connections: 1, own: true, oneCore: true, title: '1 connection, client on the server\'s core'
  },
  2: { ...of64, connections: 2, title: '2 connections' },
  8: { ...of64, connections: 8, title: '8 connections' },
  512: { ...of64, connections: 512, title: '512 connections' },
  4096: { ...of64, connections: 4096, title: '4096 connections' },
  'sum-path': functionsLoad('sum-path'),
  'sum-json': functionsLoad('sum-json'),
  'sum-json-pipelined': functionsLoad('sum-json', {
    depth: 16, title: `64 connections, 16 requests pipelined, ${REQUESTS['sum-json'].title}`
  }),
  greet: functionsLoad('greet'),
  document: functionsLoad('document'),
  'document-back': functionsLoad('document-back'),
  doubles: functionsLoad('doubles')
}

const AUTOCANNON = path.join(path.dirname(require.resolve('autocannon/package.json')), 'autocannon.js')
const WRK = installed('wrk')

// wrk reaches a fast server's limit with little CPU, but it takes an unannounced close for an error, does not count the
// time to connect, has no open loop and no Unix sockets, and counts in whole microseconds. Ours needs a Rust compiler.
function generatorFor(load) {
  if (load.own && isBuilt('load-client')) return 'load-client'
  return WRK && !load.unix ? 'wrk' : 'autocannon'
}

const GENERATORS = { 'load-client': loadClient, wrk, autocannon }

// Loads the server at `where` ({ port } or { path }) for `seconds`. Latencies are in microseconds, by percentile; there
// are none if the generator's would be wrong.
async function run(load, where, { seconds, core }) {
  const [command, parse] = GENERATORS[generatorFor(load)](load, where, seconds)
  return parse(await output(command, { core, timeout: seconds * 1000 + 20_000 }))
}

function loadClient(load, { port }, seconds) {
  const mode = load.rate ?? (load.close ? 'close' : 'keep-alive')
  return [[example('load-client'), ...[port, seconds, load.connections, mode, load.path, load.body].map(String)], (text) => {
    const { failure, ...figures } = JSON.parse(text)
    if (failure) console.error(`  load-client: ${failure}`)
    return figures
  }]
}

function wrk(load, { port }, seconds) {
  const command = ['wrk', `-t${load.threads}`, `-c${load.connections}`, `-d${seconds}s`, '--timeout', '10s',
    '-s', path.join(__dirname, 'wrk.lua'), `http://127.0.0.1:${port}${load.path}`,
    '--', String(load.depth), load.close ? 'close' : 'keep-alive', load.body, ...load.bad]
  return [command, (text) => {
    const { requests, refused, microseconds, unanswered, cut, latency } = JSON.parse(/^{.*}$/m.exec(text)[0])
    return {
      requests,
      refused,
      seconds: microseconds / 1e6,
      // Bun closes after the answer without announcing it, which wrk takes for a connection cut.
      failed: unanswered + (load.close ? 0 : cut) + (load.bad.length > 0 ? 0 : refused),
      // wrk adds the waits that coordinated omission hides, assuming one request at a time.
      latency: load.depth === 1 ? latency : {}
    }
  }]
}

function autocannon(load, where, seconds) {
  const command = [process.execPath, AUTOCANNON, '--json', '--no-progress', '-m', 'POST',
    '-c', String(load.connections), '-p', String(load.depth), '-d', String(seconds)]
  if (load.close) command.push('-H', 'Connection=close')
  if (load.body) command.push('-H', 'Content-Type=application/json', '-b', load.body)
  if (where.path) command.push('-S', where.path)
  command.push(`http://127.0.0.1:${where.port ?? 80}${load.path}`)
  return [command, (text) => {
    const { latency, duration, errors, timeouts, non2xx, '2xx': requests } = JSON.parse(text)
    const microseconds = (name) => latency[name] * 1000 // measured in whole milliseconds
    return {
      requests,
      seconds: duration,
      failed: errors + timeouts + non2xx,
      latency: {
        50: microseconds('p50'),
        75: microseconds('p75'),
        90: microseconds('p90'),
        99: microseconds('p99'),
        99.9: microseconds('p99_9'),
        99.99: microseconds('p99_99'),
        max: microseconds('max')
      }
    }
  }]
}

module.exports = { ANSWER, LOADS, TARGET, generatorFor, run }
