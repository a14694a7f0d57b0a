'use strict'

// The goals for ringcall, as ratios to others in the same run: `npm run bench -- --check`. Of several others, the one
// that leaves the least room counts.

const PEERS = ['node-http', 'fastify', 'deno', 'bun', 'elysia', 'uws']
// The servers that do what ringcall does for functions by name, without a schema framework in JavaScript.
const CHECKING = ['bun', 'deno', 'uws', 'elysia']
const NATIVE = ['native']
const FASTIFY = ['fastify'] // with a schema
const NODE = ['node-http']

// `ringcall` has one ring thread, `here` is ringThreads: 0.
const EITHER = ['ringcall', 'here']

const CPU = 'cpu'
const USER_CPU = 'user'
const REQUESTS = 'requestsPerSecond'
const P50 = '50'
const P99 = '99'
const P999 = '99.9'

const atMost = (most, load, of, figure, against) => ({ load, of, figure, against, most })
const atLeast = (least, load, of, figure, against) => ({ load, of, figure, against, least })

const GOALS = [
  atMost(0.95, 'keep-alive', 'ringcall', CPU, PEERS),
  atMost(1.12, 'keep-alive', 'ringcall', CPU, NATIVE),
  atMost(0.93, 'keep-alive', 'here', CPU, PEERS),
  atMost(1.12, 'keep-alive', 'here', CPU, NATIVE),

  atLeast(1.9, 'pipelined', 'ringcall', REQUESTS, PEERS),
  atMost(0.5, 'pipelined', 'ringcall', CPU, PEERS),
  atMost(1.3, 'pipelined', 'ringcall', CPU, NATIVE),

  ...[P50, CPU].flatMap((figure) => [
    atMost(1.25, '1-one-core', 'ringcall', figure, PEERS),
    atMost(1, '1-one-core', 'here', figure, PEERS)
  ]),
  ...[P50, CPU].flatMap((figure) => [
    atMost(1.05, '1', 'ringcall', figure, PEERS),
    atMost(1, '1', 'here', figure, PEERS)
  ]),

  ...EITHER.flatMap((of) => [
    atLeast(1.05, 'close', of, REQUESTS, PEERS),
    atMost(0.9, 'close', of, CPU, PEERS)
  ]),

  ...['512', '4096'].flatMap((load) => [
    atMost(0.92, load, 'ringcall', CPU, PEERS),
    atMost(1, load, 'ringcall', P99, PEERS)
  ]),

  atMost(1, 'open-80', 'ringcall', P999, PEERS),

  atMost(0.8, 'sum-json', 'ringcall', CPU, CHECKING),
  atMost(0.35, 'sum-json', 'ringcall', CPU, FASTIFY),
  atLeast(5, 'sum-json-pipelined', 'ringcall', REQUESTS, CHECKING),
  ...['greet', 'document', 'doubles'].map((load) => atMost(0.8, load, 'ringcall', CPU, PEERS)),
  atMost(0.4, 'doubles', 'ringcall', USER_CPU, NODE)
]

// All that has to be measured for the goals.
const CHECKED = {
  servers: unique(['ringcall', 'here', ...GOALS.flatMap(({ of, against }) => [of, ...against])]),
  loads: unique(GOALS.map(({ load }) => load))
}

function unique(names) {
  return [...new Set(names)]
}

module.exports = { CHECKED, GOALS }
