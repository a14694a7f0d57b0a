'use strict'

const { readdirSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const path = require('node:path')

const {
  RINGCALL_TEST_ENGINE, RINGCALL_TEST_PART, RINGCALL_TEST_PROGRAMS, RINGCALL_TEST_RING_THREADS, RINGCALL_TEST_SMALLEST
} = process.env

// What runs the examples, deploy/ and scripts/ as they are, reads sources, needs no server, or says itself which engine
// and how many ring threads it is about is the same whatever these variables say.
const ONCE = [
  'assemble', 'balancers', 'batches', 'benchmark-goals', 'browser-example', 'build', 'call-arguments', 'cli', 'cli-openapi',
  'cli-process', 'cli-wasm', 'cli-watch', 'cli-workers', 'client-files', 'client-runtimes', 'deploy', 'docs', 'examples',
  'functions-node', 'functions-table', 'hover', 'json-scanner', 'layers', 'load-client', 'module', 'openapi-tools', 'page', 'page-use',
  'production', 'real-prometheus', 'refused-ring', 'regexes', 'reply', 'results', 'rolling-examples', 'schemas', 'sentences',
  'signature', 'testing-examples', 'wasm-bytes', 'wasm-compilers', 'workers-generations', 'workers-node', 'workers-options',
  'workers-parts', 'workers-pool'
]
const isVariant = RINGCALL_TEST_ENGINE || RINGCALL_TEST_RING_THREADS || RINGCALL_TEST_SMALLEST

// RINGCALL_TEST_ENGINE=node runs the contract on Node's own http server, without the files that are about ring threads
// or measure them. There server and clients share a thread, so one test at a time: none is to be late by another's load.
const RING_ONLY = [
  'conformance', 'cost', 'embedded', 'functions-engines', 'refused-start', 'rings', 'rolling-restart', 'scarce', 'soak'
]
const onNode = RINGCALL_TEST_ENGINE === 'node'

// RINGCALL_TEST_RING_THREADS=0 has another thread drive the ring, at other times. What is about the meaning of requests,
// values and descriptions, which that does not change, or about starts with ring threads, is left out:
const WITH_RING_THREADS = [
  // How requests and values are read is a function of their bytes. Of these, the table of cases (`functions`,
  // `functions-workers`) and what changes it at random (`functions-engines`) do run.
  'conformance', 'cross-site', 'functions-properties', 'header-fields', 'json-test-suite',
  // The description and the documents are made when the server starts; `functions` holds each answer to the description.
  'documents', 'openapi', 'openapi-values',
  // What JavaScript makes of a call and its end, once it has it.
  'metrics', 'this', 'wasm', 'wasm-traps',
  // The clients of functions see the answers that `functions` holds to the table; `real-clients` asks over the same ring.
  'client', 'functions-clients',
  // Options are read before there is a ring; these say how many ring threads they start.
  'arguments', 'refused-start', 'scarce'
]
const isEmbedded = RINGCALL_TEST_RING_THREADS === '0' && !RINGCALL_TEST_SMALLEST

// RINGCALL_TEST_PROGRAMS=no leaves out, and =only runs, the tests that drive others' programs: clients, proxies, browsers,
// compilers. `npm test` needs Node.js and Rust only; `npm run test:programs` runs these.
const PROGRAMS = [
  'balancers', 'browser-example', 'client-runtimes', 'functions-clients', 'page', 'page-use', 'real-clients',
  'real-prometheus', 'wasm-compilers'
]

// Those that take longest come first, so that none is left over at the end.
const LONG = [
  'page', 'cost', 'workers', 'page-use', 'workers-chaos', 'soak', 'cli', 'functions-workers', 'timeouts', 'client',
  'workers-server', 'cli-workers', 'rolling-examples', 'examples', 'workers-pool', 'paused', 'cli-wasm', 'abuse', 'hover',
  'client-runtimes', 'functions', 'ends', 'wasm-compilers', 'openapi-values', 'lifetime', 'scarce'
]
const rankOf = (name) => (LONG.includes(name) ? LONG.indexOf(name) : LONG.length)

const excluded = new Set([
  ...(isVariant ? ONCE : []), ...(onNode ? RING_ONLY : []), ...(isEmbedded ? WITH_RING_THREADS : []),
  ...(RINGCALL_TEST_PROGRAMS === 'no' ? PROGRAMS : [])
])
const names = readdirSync(path.join(__dirname, '__test__')).filter((name) => name.endsWith('.test.js'))
  .map((name) => path.basename(name, '.test.js'))
  .filter((name) => !excluded.has(name) && (RINGCALL_TEST_PROGRAMS !== 'only' || PROGRAMS.includes(name)))
  .sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
const placeOf = (file) => names.indexOf(path.basename(file, '.test.js'))

// RINGCALL_TEST_PART=2/3 runs every third file, beginning with the second.
const [part, parts] = (RINGCALL_TEST_PART ?? '1/1').split('/').map(Number)
const files = names.filter((_, i) => i % parts === part - 1).map((name) => `__test__/${name}.test.js`)

module.exports = {
  files,
  // Many tests wait for others: one file more than there are cores keeps those busy.
  concurrency: availableParallelism() + 1,
  serial: onNode,
  sortTestFiles: (a, b) => placeOf(a) - placeOf(b),
  workerThreads: false,
  timeout: '2m'
}
