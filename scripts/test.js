'use strict'

// `npm test` and `npm run test:quick`: one step after another, and how long each took. The commands of a step run side
// by side, each keeping about one core busy. A step that fails is the last one.
//
// ava.config.cjs says which tests a run in another mode leaves out, and why.

const { spawn } = require('node:child_process')
const { readdirSync } = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..')
const AVA = [process.execPath, path.join(ROOT, 'node_modules', 'ava', 'entrypoints', 'cli.mjs')]
const BUILD = [process.execPath, path.join(ROOT, 'bin', 'ringcall.js'), 'build']
const CARGO_TEST = ['cargo', 'test', '--quiet']

const cargoTest = (name, args = [], env = {}) => ({ name, command: [...CARGO_TEST, ...args], env })
const ava = (name, env = {}, files = []) => ({ name, command: [...AVA, ...files], env })
const ringThreads = (count) => ({ RINGCALL_TEST_RING_THREADS: String(count) })

// Cargo builds the addon and the tests in separate folders. The addon is mostly one unit for the compiler, and so keeps
// one core busy.
const build = (...args) => [
  { name: 'the addon is built', command: BUILD },
  cargoTest('the Rust tests are built', [...args, '--no-run'])
]

const FULL = [
  build(),
  // The engine node runs one test at a time, and the longest Rust tests have one thread.
  [
    [cargoTest('Rust'), ...[0, 2, 4].map(serverTest)],
    ava('JavaScript, engine node', { RINGCALL_TEST_ENGINE: 'node' })
  ],
  ava('JavaScript, io_uring'),
  ava('JavaScript, io_uring without ring threads', ringThreads(0))
]

function serverTest(count) {
  return cargoTest(`Rust, ${count} ring threads`, ['--test', 'server'], ringThreads(count))
}

// Tests that soon find a mistake: of the wire, of the table of cases, and of declaring, calling and describing
// functions. They wait for no timeout, start hardly any process and measure nothing.
const QUICK_RUST = ['--lib', ...['tidy', 'cases', 'connection'].flatMap((name) => ['--test', name])]
const QUICK_JAVASCRIPT = [
  'arguments', 'call-arguments', 'close', 'conformance', 'cross-site', 'documents', 'function-errors', 'functions',
  'functions-table', 'handler-errors', 'header-fields', 'json-test-suite', 'limits', 'pipelining', 'promises', 'refusals',
  'reply', 'results', 'schemas', 'sentences', 'signature', 'split', 'stats', 'status-code', 'this', 'values', 'wasm', 'wire'
]

const QUICK = [
  build(...QUICK_RUST),
  [
    ava('JavaScript', {}, QUICK_JAVASCRIPT.map((name) => `__test__/${name}.test.js`)),
    cargoTest('Rust', QUICK_RUST)
  ]
]

async function main() {
  const isQuick = process.argv.includes('--quick')
  const took = []
  const started = performance.now()
  let isWell = true
  for (const step of isQuick ? QUICK : FULL) {
    const lanes = [step].flat().map((lane) => [lane].flat())
    isWell = (await Promise.all(lanes.map((lane, i) => runLane(lane, i > 0, took)))).every(Boolean)
    if (!isWell) break
  }
  took.push([`all${isWell ? '' : ' until a failure'}`, performance.now() - started])
  for (const [name, ms] of took) console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`)
  if (isQuick) tellLeftOut()
  if (!isWell) process.exitCode = 1
}

// Runs the commands of a lane one after another; returns whether all succeeded.
async function runLane(commands, isBeside, took) {
  for (const { name, command, env } of commands) {
    const started = performance.now()
    const status = await run(command, env, isBeside)
    took.push([name, performance.now() - started])
    if (status === 0) continue
    console.error(`failed: ${name}`)
    return false
  }
  return true
}

// The output of a command beside another one is shown in one piece, after its end.
function run([program, ...args], env, isBeside) {
  const stdio = isBeside ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit']
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio })
  const output = []
  for (const stream of isBeside ? [child.stdout, child.stderr] : []) stream.on('data', (data) => output.push(data))
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`ringcall: ${program} could not be started: ${error.message}`)
      resolve(error)
    })
    child.on('close', (status) => {
      process.stdout.write(Buffer.concat(output))
      resolve(status)
    })
  })
}

function tellLeftOut() {
  const names = readdirSync(path.join(ROOT, '__test__')).filter((name) => name.endsWith('.test.js'))
  const others = names.map((name) => path.basename(name, '.test.js')).filter((name) => !QUICK_JAVASCRIPT.includes(name))
  const text = `Left out, and run by \`npm test\`: the engine node, other numbers of ring threads, the Rust tests but ` +
    `${QUICK_RUST.join(' ')}, and of __test__/: ${others.join(', ')}.`
  console.log(`\n${wrapped(text)}`)
}

// In lines of at most 80 columns.
function wrapped(text) {
  return text.replace(/(?=.{80})(.{1,79}) /g, '$1\n')
}

main()
