'use strict'

// Runs the tests with the smallest resources and with every seventh `io_uring_enter` failing, for each error that the
// kernel may return in normal operation: `npm run test:faults [-- EINTR]`. Needs strace.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const ERRORS = ['EINTR', 'EAGAIN', 'EBUSY']

const errors = process.argv.length > 2 ? process.argv.slice(2) : ERRORS
const cwd = path.join(__dirname, '..')
const ava = path.join(cwd, 'node_modules', 'ava', 'entrypoints', 'cli.mjs')
const env = { ...process.env, RINGCALL_TEST_SMALLEST: '1' }

for (const error of errors) {
  const faults = ['-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', 'trace=io_uring_enter',
    '-e', `inject=io_uring_enter:error=${error}:when=7+7`]
  // Built outside strace; only the tests run under it.
  for (const [command, ...argv] of [
    ['cargo', 'test', '--quiet', '--test', 'server', '--no-run'],
    ['strace', ...faults, 'cargo', 'test', '--quiet', '--test', 'server'],
    ['strace', ...faults, process.execPath, ava]
  ]) {
    console.log(`\n${error}: ${command} ${argv.join(' ')}`)
    const { status, error: failed } = spawnSync(command, argv, { cwd, env, stdio: 'inherit' })
    if (failed !== undefined) console.error(`${command} could not be started: ${failed.message}`)
    if (status !== 0) process.exit(1)
  }
}
