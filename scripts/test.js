'use strict'

// `npm test`, `npm run test:quick` and `npm run test:programs`: one step after another, and how long each took. The
// commands of a step run side by side: the first one's output is shown as it comes, of the others only the counts. A step
// that fails is the last one, and the output of the commands that failed comes last.
//
// ava.config.cjs says which tests a run in another mode leaves out, and why.

const { spawn } = require('node:child_process')
const { readdirSync } = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..')
const AVA = [process.execPath, path.join(ROOT, 'node_modules', 'ava', 'entrypoints', 'cli.mjs')]
const BUILD = { name: 'the addon is built', command: [process.execPath, path.join(ROOT, 'bin', 'ringcall.js'), 'build'] }
const CARGO_TEST = ['cargo', 'test', '--quiet']

const cargoTest = (name, args = [], env = {}) => ({ name, command: [...CARGO_TEST, ...args], env })
const ava = (name, env = {}, files = []) => ({ name, command: [...AVA, ...files], env })
const ringThreads = (count) => ({ RINGCALL_TEST_RING_THREADS: String(count) })

// Cargo builds the addon and the tests in separate folders. The addon is mostly one unit for the compiler, and so keeps
// one core busy.
const build = (...args) => [
  BUILD,
  cargoTest('the Rust tests are built', [...args, '--no-run'])
]

// The parts of the engine node run one test at a time, and the longest Rust tests have one thread. Many JavaScript tests
// wait for the time to pass. So five commands beside one another keep two cores busy, and no more.
const FULL = [
  build(),
  [
    ava('JavaScript, io_uring', { RINGCALL_TEST_PROGRAMS: 'no' }),
    engineNode('1/2'),
    engineNode('2/2'),
    [
      cargoTest('Rust'),
      ...[0, 2, 4].map(serverTest),
      ava('JavaScript, io_uring without ring threads', { RINGCALL_TEST_PROGRAMS: 'no', ...ringThreads(0) })
    ]
  ]
]

// The tests that `npm test` leaves out, because they drive others' programs.
const PROGRAMS = [
  BUILD,
  [
    ava('JavaScript, io_uring', { RINGCALL_TEST_PROGRAMS: 'only' }),
    [
      ava('JavaScript, engine node', { RINGCALL_TEST_PROGRAMS: 'only', RINGCALL_TEST_ENGINE: 'node' }),
      ava('JavaScript, io_uring without ring threads', { RINGCALL_TEST_PROGRAMS: 'only', ...ringThreads(0) })
    ]
  ]
]

function engineNode(part) {
  return ava(`JavaScript, engine node, part ${part}`, {
    RINGCALL_TEST_PROGRAMS: 'no', RINGCALL_TEST_ENGINE: 'node', RINGCALL_TEST_PART: part
  })
}

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

const PLANS = { full: FULL, quick: QUICK, programs: PROGRAMS }

async function main([plan = 'full']) {
  const took = []
  const started = performance.now()
  const failed = await runPlan(PLANS[plan], took)
  took.push([failed.length === 0 ? 'all' : 'all until a failure', performance.now() - started])
  for (const { name, output } of failed) {
    process.stdout.write(output)
    console.error(`failed: ${name}`)
  }
  for (const [name, ms] of took) console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`)
  if (plan === 'quick') tellLeftOut()
  if (failed.length > 0) process.exitCode = 1
}

// Returns the commands that failed.
async function runPlan(steps, took) {
  for (const step of steps) {
    const lanes = [step].flat().map((lane) => [lane].flat())
    const failed = (await Promise.all(lanes.map((lane, i) => runLane(lane, i > 0, took)))).flat()
    if (failed.length > 0) return failed
  }
  return []
}

// Runs the commands of a lane one after another, up to the first that fails, which it returns with its output.
async function runLane(commands, isBeside, took) {
  for (const { name, command, env } of commands) {
    const started = performance.now()
    const { status, output } = await run(command, env, isBeside)
    took.push([name, performance.now() - started])
    if (status !== 0) return [{ name, output }]
    for (const [line] of output.matchAll(COUNTS)) console.log(`${name}: ${line.trim()}`)
  }
  return []
}

// The last lines of cargo test and ava.
const COUNTS = /^(?:test result: .*|  \d+ tests? [a-z ]+)$/gm

// Returns the status, and the output of a command that runs beside another one.
function run([program, ...args], env, isBeside) {
  const stdio = isBeside ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit']
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio })
  const chunks = []
  for (const stream of isBeside ? [child.stdout, child.stderr] : []) stream.on('data', (data) => chunks.push(data))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ output: `ringcall: ${program} could not be started: ${error.message}\n` }))
    child.on('close', (status) => resolve({ status, output: Buffer.concat(chunks).toString() }))
  })
}

function tellLeftOut() {
  const names = readdirSync(path.join(ROOT, '__test__')).filter((name) => name.endsWith('.test.js'))
  const others = names.map((name) => path.basename(name, '.test.js')).filter((name) => !QUICK_JAVASCRIPT.includes(name))
  const text = 'Not run here: the engine node; other numbers of ring threads; Rust tests other than ' +
    `${QUICK_RUST.join(' ')}; and of __test__/: ${others.join(', ')}. \`npm test\` runs them, and \`npm run ` +
    'test:programs` those that drive browsers, proxies and compilers.'
  console.log(`\n${wrapped(text)}`)
}

// In lines of at most 80 columns.
function wrapped(text) {
  return text.replace(/(?=.{80})(.{1,79}) /g, '$1\n')
}

main(process.argv.slice(2))
