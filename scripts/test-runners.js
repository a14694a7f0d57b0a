'use strict'

// Part of `npm run test:package`: the package under jest and vitest, as in its users' tests. Both can make timers fake,
// jest gives each test file its own globals and modules, and both run files beside each other, in processes or in
// threads. scripts/runners/ has the test files. Those of examples/testing/, which docs/testing.md shows, are run by
// jest, vitest, AVA and node:test.

const fs = require('node:fs')
const path = require('node:path')

// The newest versions that run on every supported Node.js.
const RUNNERS = ['jest@30', 'vitest@3.2', 'ava@7']

const INSTALL_MS_MAX = 300_000
const RUN_MS_MAX = 120_000
// No test needs that long; a machine may be slow.
const TEST_MS_MAX = 60_000

// The command of each run. A run that does not end by itself is killed, and fails. In CI, jest would fail on a new
// snapshot.
const JEST = ['node_modules/jest/bin/jest.js', '--rootDir', 'jest', '--testTimeout', TEST_MS_MAX, '--no-ci']
const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--dir', 'vitest', '--testTimeout', TEST_MS_MAX]
const RUNS = {
  'jest: files in parallel': [...JEST, '--maxWorkers', 4],
  'jest: no handle is left open': [...JEST, '--detectOpenHandles', '--testPathIgnorePatterns', 'left-open'],
  'jest: an unreferenced server may be': [...JEST, '--runInBand', 'left-open'],
  'vitest: files in processes': [...VITEST, '--pool', 'forks'],
  'vitest: files in threads': [...VITEST, '--pool', 'threads'],
  'jest: the example': ['node_modules/jest/bin/jest.js', '--rootDir', 'examples', 'jest.test', '--detectOpenHandles'],
  'vitest: the example': ['node_modules/vitest/vitest.mjs', 'run', '--dir', 'examples', 'vitest.test'],
  'AVA: the example': ['node_modules/ava/entrypoints/cli.mjs', 'examples/ava.test.js'],
  'node:test: the example': ['--test', '--test-reporter=tap', 'examples/node.test.js']
}

// Messages about a file that has passed but left something running.
const COMPLAINTS = /open handle|did not exit|failed to exit|close timed out|unhandled/i

function checkRunners({ folder, tarball, succeed, must }) {
  console.log('\n== jest, vitest, AVA, node:test')
  const project = path.join(folder, 'runners')
  fs.cpSync(path.join(__dirname, 'runners'), project, { recursive: true })
  fs.cpSync(path.join(__dirname, '..', 'examples', 'testing'), path.join(project, 'examples'), { recursive: true })
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true }')
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', tarball, ...RUNNERS]
  succeed('npm', args, { cwd: project, timeout: INSTALL_MS_MAX })
  for (const [what, argv] of Object.entries(RUNS)) {
    const { stdout, stderr } = succeed(process.execPath, argv.map(String), { cwd: project, timeout: RUN_MS_MAX })
    const said = `${stdout}${stderr}`
    must(!COMPLAINTS.test(said), `where ${what}, something is still running at the end:\n${said}`)
    console.log(`${what}: ${/Tests:? +(.*)|\d+ tests passed|# pass \d+/.exec(said)[0]}`)
  }
}

module.exports = { checkRunners }
