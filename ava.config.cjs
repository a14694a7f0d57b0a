'use strict'

const { RINGCALL_TEST_ENGINE, RINGCALL_TEST_RING_THREADS, RINGCALL_TEST_SMALLEST } = process.env

// What runs the examples, deploy/ and scripts/ as they are, reads sources, or needs no server is the same whatever these
// variables say.
const ONCE = [
  'balancers', 'benchmark-goals', 'browser-example', 'build', 'call-arguments', 'cli', 'cli-openapi', 'cli-process',
  'cli-wasm', 'cli-watch', 'cli-workers', 'client-files', 'client-runtimes', 'deploy', 'docs', 'examples',
  'functions-table', 'hover', 'json-scanner', 'load-client', 'openapi-tools', 'page', 'page-use', 'production',
  'real-prometheus', 'regexes', 'reply', 'results', 'rolling-examples', 'schemas', 'sentences', 'signature',
  'testing-examples', 'wasm-bytes', 'wasm-compilers', 'workers-generations', 'workers-node', 'workers-options',
  'workers-parts', 'workers-pool'
]
const isVariant = RINGCALL_TEST_ENGINE || RINGCALL_TEST_RING_THREADS || RINGCALL_TEST_SMALLEST

// RINGCALL_TEST_ENGINE=node runs the contract on Node's own http server, without the files that are about ring threads
// or measure them. There server and clients share a thread, so one test at a time: none is to be late by another's load.
const RING_ONLY = [
  'conformance', 'cost', 'embedded', 'functions-engines', 'refused-ring', 'refused-start', 'rings', 'rolling-restart', 'scarce', 'soak'
]
const onNode = RINGCALL_TEST_ENGINE === 'node'

const excluded = [...(isVariant ? ONCE : []), ...(onNode ? RING_ONLY : [])]

module.exports = {
  files: ['__test__/**/*.test.js', ...excluded.map((name) => `!__test__/${name}.test.js`)],
  serial: onNode,
  workerThreads: false,
  timeout: '2m'
}
