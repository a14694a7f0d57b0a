'use strict'

// RINGCALL_TEST_ENGINE=node runs the contract on Node's own http server, without the files that are about ring threads
// or measure them, or start examples, which choose for themselves. There server and clients share a thread, so one test
// at a time: none is to be late by another's load.
const RING_ONLY = [
  'conformance', 'cost', 'examples', 'production', 'real-prometheus', 'refused-ring', 'refused-start', 'rings',
  'rolling-examples', 'rolling-restart', 'scarce', 'soak'
]

const onNode = process.env.RINGCALL_TEST_ENGINE === 'node'

module.exports = {
  files: ['__test__/**/*.test.js', ...(onNode ? RING_ONLY.map((name) => `!__test__/${name}.test.js`) : [])],
  serial: onNode,
  workerThreads: false,
  timeout: '2m'
}
