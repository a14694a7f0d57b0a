'use strict'

// RINGCALL_TEST_ENGINE=node runs the contract on Node's own http server, without the files that are about ring threads
// or measure them, or start examples, which choose for themselves. There server and clients share a thread, so one test
// at a time: none is to be late by another's load.
const RING_ONLY = [
  'conformance', 'cost', 'examples', 'production', 'real-prometheus', 'refused-ring', 'refused-start', 'rings',
  'rolling-examples', 'rolling-restart', 'scarce', 'soak'
]

// What runs deploy/ as it is, examples and all, is the same whatever the RINGCALL_TEST_ variables say.
const ONCE = ['balancers', 'deploy']

const { RINGCALL_TEST_ENGINE, RINGCALL_TEST_KERNEL_FEATURES, RINGCALL_TEST_RING_THREADS, RINGCALL_TEST_SMALLEST } = process.env
const onNode = RINGCALL_TEST_ENGINE === 'node'
const isVariant = onNode || RINGCALL_TEST_KERNEL_FEATURES || RINGCALL_TEST_RING_THREADS || RINGCALL_TEST_SMALLEST

const excluded = [...(onNode ? RING_ONLY : []), ...(isVariant ? ONCE : [])].map((name) => `!__test__/${name}.test.js`)

module.exports = {
  files: ['__test__/**/*.test.js', ...excluded],
  serial: onNode,
  workerThreads: false,
  timeout: '2m'
}
