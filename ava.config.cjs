'use strict'

// RINGCALL_TEST_ENGINE=node runs the contract on Node's own http server, without the files that are about ring threads
// or measure them.
const RING_ONLY = ['conformance', 'cost', 'refused-ring', 'refused-start', 'rings', 'scarce', 'soak']

// What runs the examples and deploy/ as they are is the same whatever the RINGCALL_TEST_ variables say.
const ONCE = ['balancers', 'deploy']

const { RINGCALL_TEST_ENGINE, RINGCALL_TEST_KERNEL_FEATURES, RINGCALL_TEST_RING_THREADS, RINGCALL_TEST_SMALLEST } = process.env
const isVariant = RINGCALL_TEST_ENGINE || RINGCALL_TEST_KERNEL_FEATURES || RINGCALL_TEST_RING_THREADS || RINGCALL_TEST_SMALLEST

const excluded = [...(RINGCALL_TEST_ENGINE === 'node' ? RING_ONLY : []), ...(isVariant ? ONCE : [])]
  .map((name) => `!__test__/${name}.test.js`)

module.exports = {
  files: ['__test__/**/*.test.js', ...excluded],
  workerThreads: false,
  timeout: '2m'
}
