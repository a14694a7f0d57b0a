'use strict'

// RINGCALL_TEST_ENGINE=node runs the contract on Node's own http server, without the files that are about ring threads
// or measure them.
const RING_ONLY = ['conformance', 'cost', 'refused-ring', 'refused-start', 'rings', 'scarce', 'soak']

const excluded = process.env.RINGCALL_TEST_ENGINE === 'node' ? RING_ONLY.map((name) => `!__test__/${name}.test.js`) : []

module.exports = {
  files: ['__test__/**/*.test.js', ...excluded],
  workerThreads: false,
  timeout: '2m'
}
