'use strict'

// The pool of workers that have loaded a module, without any engine: how it loads, what it reports, how it ends.

const { EventEmitter, once } = require('node:events')
const { writeFileSync } = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const test = require('ava')
const { Pool } = require('../lib/workers/pool.js')
const { file, folder } = require('./commands.js')
const { root, startMain, until } = require('./helpers.js')

const ringcall = JSON.stringify(root)

// A pool of the module in that file, which ends with the test. Each exit of a worker is in `exits`, and an event.
function poolOf(t, module, { count = 1, ...workerOptions } = {}) {
  const events = new EventEmitter()
  const exits = []
  const lost = []
  const pool = new Pool({
    url: pathToFileURL(module).href,
    count,
    workerOptions: { loadTimeout: 60_000, ...workerOptions },
    callbacks: {
      onWorkerExit(exit) {
        exits.push(exit)
        events.emit('exit', exit)
      },
      onLost: (seat) => lost.push(seat)
    }
  })
  t.timeout(100_000)
  t.teardown(() => pool.end())
  return { pool, exits, lost, exit: () => once(events, 'exit').then(([exit]) => exit) }
}

function namesOf({ isPlain, functions }) {
  return isPlain ? 'a plain function' : functions.map(({ name }) => name).join()
}

const untilLoaded = (pool) => until(() => pool.stats().every(({ state }) => state === 'idle'))

const modules = {
  'a CommonJS module': ['a.js', 'module.exports = (n) => n', 'a plain function'],
  'a CommonJS module with exports': ['a.js', 'exports.sum = (a, b) => a + b; exports.PI = 3', 'sum'],
  'a compiled ES module': [
    'a.js', 'exports.__esModule = true; exports.default = { sum() {} }; exports.b = () => 1', 'sum'
  ],
  'an ES module': ['a.mjs', 'export default (n) => n', 'a plain function'],
  'a default export, which wins over named ones': [
    'a.mjs', 'export default { sum() {} }; export const b = () => 1', 'sum'
  ],
  'an ES module with named exports': ['a.mjs', 'export const sum = () => 1, PI = 3; export class A {}', 'sum'],
  'a module with a top-level await': [
    'a.mjs', 'const a = await new Promise((r) => setTimeout(r, 1, 1)); export const sum = () => a', 'sum'
  ],
  'a declared function': [
    'a.js', `module.exports = require(${ringcall}).typed('(n: int) => int', function one(n) {})`, 'one'
  ],
  'a module that keeps its thread alive': ['a.js', 'setInterval(() => {}, 1e6); exports.sum = () => 1', 'sum'],
  'a module that listens to its parent': [
    'a.js', 'require("worker_threads").parentPort.on("message", () => {}); exports.a = () => 1', 'a'
  ]
}

for (const [what, [name, source, expected]] of Object.entries(modules)) {
  test(`${what} is loaded when load() returns, and the pool ends`, async (t) => {
    const { pool, exits } = poolOf(t, file(t, name, source))
    t.is(namesOf(pool.load()), expected)
    t.like(pool.stats(), [{ state: 'idle', calls: 0, restarts: 0 }])
    t.true(pool.stats()[0].heapUsed > 0)
    await pool.end()
    t.deepEqual(pool.stats(), [{ state: 'down', threadId: null, calls: 0, restarts: 0, heapUsed: 0 }])
    t.deepEqual(exits, [])
  })
}

test('a folder, or a name without its extension, is loaded as require would load it', (t) => {
  const made = folder(t)
  writeFileSync(path.join(made, 'index.js'), 'exports.sum = () => 1')
  t.is(namesOf(poolOf(t, made).pool.load()), 'sum')
  t.is(namesOf(poolOf(t, path.join(made, 'index')).pool.load()), 'sum')
})

test('a module in TypeScript is loaded where Node.js strips types, and refused with advice elsewhere', (t) => {
  const load = () => poolOf(t, file(t, 'a.ts', 'export const sum = (a: number): number => a')).pool.load()
  if (process.features.typescript) t.is(namesOf(load()), 'sum')
  else t.throws(load, { code: 'ERR_WORKER_LOAD', message: /does not run TypeScript\. .*tsx\/cjs.*\("\.\/a\.ts"\)\.$/ })
})

test('the table arrives as it is declared, without what only its own thread can have', (t) => {
  const { pool } = poolOf(t, file(t, 'a.js', `
    const { typed } = require(${ringcall})
    const User = { '~standard': { version: 1, vendor: 'a', validate: (value) => ({ value }) } }
    exports.greet = typed('(user: User, xRequestId: header, loud?: boolean) => string', () => '', {
      types: { User }, summary: 'Greets.', examples: [[{}]]
    })`))
  t.deepEqual(pool.load(), {
    isPlain: false,
    isRoot: false,
    functions: [{
      name: 'greet',
      isDeclared: true,
      arguments: [
        { name: 'user', type: 'User', isOptional: false, schema: true },
        { name: 'xRequestId', type: 'header', isOptional: false, field: 'x-request-id', schema: undefined },
        { name: 'loud', type: 'boolean', isOptional: true, schema: undefined }
      ],
      result: 'string',
      fewest: 1,
      signature: '(user: User, xRequestId: header, loud?: boolean) => string',
      summary: 'Greets.',
      description: undefined,
      examples: [[{}]],
      deprecated: false
    }],
    jsonSchemas: [{ input: { User: { missing: 'a provides no JSON Schema' } }, output: {} }]
  })
})

test('an error that a module throws is rethrown with its name, message, stack, code and cause', async (t) => {
  const module = file(t, 'a.js', `
    class OwnError extends Error { name = 'OwnError' }
    const cause = Object.assign(new RangeError('too far'), { code: 'EFAR' })
    function thrower() { throw Object.assign(new OwnError('no', { cause }), { code: 'ENO' }) }
    thrower()`)
  const { pool, exits } = poolOf(t, module, { count: 2 })
  const error = t.throws(() => pool.load())
  t.like(error, { name: 'OwnError', message: 'no', code: 'ENO' })
  t.true(error.stack.startsWith('OwnError: no\n') || error.stack.startsWith('Error: no\n'), error.stack)
  t.true(error.stack.includes(`thrower (${module}:4`), error.stack)
  t.true(error.cause instanceof RangeError)
  t.like(error.cause, { message: 'too far', code: 'EFAR' })
  await pool.end()
  t.deepEqual(exits, [])
})

for (const [thrown, expected] of [
  ['null', null], ['undefined', undefined], ['"no"', 'no'], ['{ a: 1 }', { a: 1 }],
  ['() => 1', '[Function (anonymous)]']
]) {
  test(`${thrown}, thrown by a module, is rethrown`, (t) => {
    const { pool } = poolOf(t, file(t, 'a.js', `throw (${thrown})`))
    let caught = 'nothing'
    try {
      pool.load()
    } catch (error) {
      caught = error
    }
    t.deepEqual(caught, expected)
  })
}

const refused = {
  'a top-level await that never settles': ['a.mjs', 'await new Promise(() => {}); export const a = 1', /never settles/],
  'an export named `then`': ['a.mjs', 'export const then = () => {}', /one of its exports is named `then`/],
  'an await that a timer keeps alive': [
    'a.mjs', 'setInterval(() => {}, 1e6); await new Promise(() => {})', /longer than 200 ms/, 200
  ],
  'an endless loop': ['a.js', 'for (;;);', /longer than 200 ms \(workerOptions\.loadTimeout\)/, 200],
  'a module that ends its process': ['a.js', 'process.exit(7)', /ended its thread, with the exit code 7/],
  'a module without a function': ['a.js', 'exports.a = 1', /does not export a function\. A module is/],
  'a module of JSON': ['a.json', '{}', /is not a module/],
  'a module that starts a server of its own': [
    'a.js', `require(${ringcall}).serverListen({ port: 0, host: '127.0.0.1' }, (n) => n); exports.a = () => 1`,
    /started a server of its own .* `isMainThread`/
  ],
  'a module that starts a server of itself': [
    'a.js', `require(${ringcall}).serverListen({ port: 0, workers: 2 }, __filename); exports.a = () => 1`,
    /starts a server of itself.* `isMainThread`/
  ],
  'a module out of memory': ['a.js', 'const a = []; for (;;) a.push(new Array(1e5).fill({}))', /out of memory/]
}

for (const [what, [name, source, message, loadTimeout = 60_000]] of Object.entries(refused)) {
  test(`${what} is refused with advice`, async (t) => {
    const module = file(t, name, source)
    const { pool, exits } = poolOf(t, module, { loadTimeout, resourceLimits: { maxOldGenerationSizeMb: 16 } })
    const error = t.throws(() => pool.load(), { code: 'ERR_WORKER_LOAD', message })
    t.true(error.message.startsWith(module), error.message)
    await pool.end()
    t.deepEqual(exits, [])
  })
}

test('an uncaught error while a module is loaded is rethrown', (t) => {
  const source = 'setTimeout(() => { throw new RangeError("late") }); await new Promise((r) => setTimeout(r, 1e6))'
  const { pool } = poolOf(t, file(t, 'a.mjs', source))
  t.throws(() => pool.load(), { instanceOf: RangeError, message: 'late' })
})

test('exports that cannot be served are refused like passed functions, and named as exports', (t) => {
  const load = (source) => () => poolOf(t, file(t, 'a.js', source)).pool.load()
  const message = /a\.js cannot be served: what it exports /
  t.throws(load('module.exports = class A {}'), { code: 'ERR_INVALID_ARG_VALUE', message })
  t.throws(load('module.exports = [() => 1]'), { code: 'ERR_INVALID_ARG_TYPE', message })
})

test('a missing file is refused, and so is a folder without a module', (t) => {
  const made = folder(t)
  const load = (name) => () => poolOf(t, path.join(made, name)).pool.load()
  const notFound = /^There is no file .*none\.js\. .*import\.meta\.url.*path\.join\(__dirname, 'functions\.js'\)\.$/
  t.throws(load('none.js'), { code: 'MODULE_NOT_FOUND', message: notFound })
  t.throws(load(''), { code: 'MODULE_NOT_FOUND', message: /is a folder without an index\.js/ })
})

test('options that Node.js refuses leave no thread', async (t) => {
  const { pool, exits } = poolOf(t, file(t, 'a.js', 'exports.a = () => 1'), { count: 3, execArgv: ['--none'] })
  t.throws(() => pool.load(), { code: 'ERR_WORKER_INVALID_EXEC_ARGV' })
  await t.throwsAsync(poolOf(t, file(t, 'a.js', ''), { execArgv: ['--none'] }).pool.loadAll(), {
    code: 'ERR_WORKER_INVALID_EXEC_ARGV'
  })
  await pool.end()
  t.deepEqual(exits, [])
})

test('a module has its own workerData, environment and arguments, whichever way it asks', (t) => {
  const source = `
    import { workerData } from 'node:worker_threads'
    import { createRequire } from 'node:module'
    const again = createRequire(import.meta.url)('worker_threads').workerData
    export const names = Object.fromEntries([workerData.name, again.name, process.env.NAME, process.argv[2]]
      .map((name, i) => [name + i, () => 1]))
    export default names`
  const { pool } = poolOf(t, file(t, 'a.mjs', source), { workerData: { name: 'a' }, env: { NAME: 'b' }, argv: ['c'] })
  t.is(namesOf(pool.load()), 'a0,a1,b2,c3')
})

test('a pool is loaded in a worker thread', async (t) => {
  const module = file(t, 'a.js', 'exports.sum = () => 1')
  const child = startMain(t, (_, module) => {
    const { Worker } = require('node:worker_threads')
    const source = `(${nested})(require('./lib/workers/pool.js'), ${JSON.stringify(module)})`
    new Worker(source, { eval: true })
    function nested({ Pool }, module) {
      const url = require('node:url').pathToFileURL(module).href
      const pool = new Pool({ url, count: 2, workerOptions: { loadTimeout: 60_000 }, callbacks: {} })
      console.log(require('node:worker_threads').isMainThread, pool.load().functions[0].name)
      pool.end()
    }
  }, { args: [module] })
  t.is(await child.line(), 'false sum')
  t.like(await child.exited, { code: 0, stderr: '' })
})

for (const [what, source, expected] of [
  ['a pool', 'exports.a = () => 1; setInterval(() => {}, 1e6)', 'loaded'],
  ['a pool that failed to load', 'setInterval(() => {}, 1e6); throw new Error("no")', 'no'],
  ['a pool that loads forever', 'for (;;);', undefined]
]) {
  test(`${what} does not keep the process alive`, async (t) => {
    const module = file(t, 'a.js', source)
    const child = startMain(t, (_, module, isLoaded) => {
      const { Pool } = require('./lib/workers/pool.js')
      const url = require('node:url').pathToFileURL(module).href
      const pool = new Pool({ url, count: 2, workerOptions: { loadTimeout: 60_000 }, callbacks: {} })
      if (!isLoaded) return void pool.loadAll()
      try {
        pool.load()
        console.log('loaded')
      } catch ({ message }) {
        console.log(message)
      }
    }, { args: [module, expected === undefined ? '' : 'yes'] })
    if (expected !== undefined) t.is(await child.line(), expected)
    t.like(await child.exited, { code: 0, stderr: '' })
  })
}

test('a worker that is terminated is reported with the reason and replaced, later each time', async (t) => {
  const { pool, exits, exit } = poolOf(t, file(t, 'a.js', 'exports.a = () => 1'), { count: 2 })
  pool.load()
  await untilLoaded(pool)
  const [first, second] = pool.stats()
  const why = new Error('why')
  for (const restartIn of [100, 200]) {
    const { threadId } = pool.stats()[0]
    pool.terminate(0, why)
    t.deepEqual(await exit(), { seat: 0, threadId, error: why, exitCode: 1, restartIn })
    t.is(pool.stats()[0].state, 'down')
    await untilLoaded(pool)
  }
  t.like(pool.stats(), [{ restarts: 2 }, { threadId: second.threadId, restarts: 0 }])
  t.not(pool.stats()[0].threadId, first.threadId)
  t.is(exits.length, 2)
})

// A module whose workers run the code that is posted to a channel.
const obeying = `
  const channel = new BroadcastChannel(require('node:worker_threads').workerData)
  channel.onmessage = ({ data }) => new Function(data)()
  exports.a = () => 1`

function tell(name, text) {
  const channel = new BroadcastChannel(name)
  channel.postMessage(text)
  channel.close()
}

for (const [what, source, expected] of [
  ['throws', 'throw new RangeError("no")', { error: { name: 'RangeError', message: 'no' }, exitCode: 1 }],
  ['rejects', 'Promise.reject(new RangeError("no"))', { error: { name: 'RangeError', message: 'no' }, exitCode: 1 }],
  ['ends its process', 'process.exit(3)', { error: null, exitCode: 3 }],
  ['outgrows its memory', 'const a = []; for (;;) a.push(new Array(1e5).fill({}))', {
    error: { code: 'ERR_WORKER_OUT_OF_MEMORY' }, exitCode: 1
  }]
]) {
  test(`a worker that ${what} is reported and replaced`, async (t) => {
    const options = { workerData: `${what} ${process.pid}`, resourceLimits: { maxOldGenerationSizeMb: 16 } }
    const { pool, exit } = poolOf(t, file(t, 'a.js', obeying), options)
    pool.load()
    tell(options.workerData, source)
    t.like(await exit(), { seat: 0, ...expected, restartIn: 100 })
    await untilLoaded(pool)
    t.is(pool.stats()[0].restarts, 1)
  })
}

test('a worker that cannot load its module again is reported with the reason, each time, until it can', async (t) => {
  const module = file(t, 'a.js', obeying)
  const options = { workerData: `again ${process.pid}` }
  const { pool, exit } = poolOf(t, module, options)
  pool.load()
  writeFileSync(module, 'throw new Error("not today")')
  tell(options.workerData, 'process.exit()')
  t.like(await exit(), { exitCode: 0, restartIn: 100 })
  t.like(await exit(), { error: { message: 'not today' }, restartIn: 200 })
  writeFileSync(module, 'exports.other = () => 1')
  t.like(await exit(), { error: { code: 'ERR_WORKER_LOAD' }, restartIn: 400 })
  writeFileSync(module, obeying)
  await untilLoaded(pool)
  t.is(pool.stats()[0].restarts, 3)
})

for (const [what, before, after, message] of [
  ['other functions', 'exports.a = () => 1', 'exports.b = () => 1', /changed its functions .*: they were a, and are b\.$/],
  ['one plain function', 'exports.a = () => 1', 'module.exports = () => 1', /were a, and are one plain function\.$/],
  ['a function of more arguments', 'exports.a = (n) => 1', 'exports.a = (n, m) => 1', /: a is declared differently\.$/]
]) {
  test(`a worker that has ${what} after a restart does not serve, and is reported`, async (t) => {
    const module = file(t, 'a.js', before)
    const { pool, exit } = poolOf(t, module)
    pool.load()
    let given = 0
    pool.open(() => ({ ticket: void given++, transfer: [] }))
    writeFileSync(module, after)
    pool.terminate(0)
    await exit()
    t.regex((await exit()).error.message, message)
    t.is(given, 1)
  })
}

test('each worker that is loaded is given its ticket, later ones as well', async (t) => {
  const { pool, exit, lost } = poolOf(t, file(t, 'a.js', 'exports.a = () => 1'), { count: 2 })
  const given = []
  pool.load()
  pool.open((seat) => ({ ticket: void given.push(seat), transfer: [] }))
  await untilLoaded(pool)
  t.deepEqual(given.toSorted(), [0, 1])
  pool.terminate(1)
  await exit()
  t.deepEqual(lost, [1])
  await untilLoaded(pool)
  t.deepEqual(given.slice(2), [1])
})

test('loadAll resolves when all workers have loaded the module', async (t) => {
  const { pool } = poolOf(t, file(t, 'a.js', 'exports.sum = () => 1'), { count: 3 })
  t.is(namesOf(await pool.loadAll()), 'sum')
  t.deepEqual(pool.stats().map(({ state }) => state), ['idle', 'idle', 'idle'])
})

test('loadAll rejects where one worker does not load the module, and leaves none', async (t) => {
  const counter = `new Int32Array(require('node:worker_threads').workerData)`
  const source = `if (Atomics.add(${counter}, 0, 1) === 2) throw new RangeError('third'); exports.sum = () => 1`
  const { pool, exits } = poolOf(t, file(t, 'a.js', source), { count: 3, workerData: new SharedArrayBuffer(4) })
  await t.throwsAsync(pool.loadAll(), { instanceOf: RangeError, message: 'third' })
  await pool.end()
  t.deepEqual(pool.stats().map(({ state }) => state), ['down', 'down', 'down'])
  t.deepEqual(exits, [])
})

test('a worker that is late to load does not hold up the first, and is ended', async (t) => {
  const counter = `new Int32Array(require('node:worker_threads').workerData)`
  const source = `if (Atomics.add(${counter}, 0, 1) === 1) for (;;); exports.sum = () => 1`
  const options = { count: 2, workerData: new SharedArrayBuffer(4), loadTimeout: 5000 }
  const { pool, exit } = poolOf(t, file(t, 'a.js', source), options)
  t.is(namesOf(pool.load()), 'sum')
  t.regex((await exit()).error.message, /longer than 5000 ms/)
  await untilLoaded(pool)
  t.deepEqual(pool.stats().map(({ restarts }) => restarts).sort(), [0, 1])
})

test('end during loadAll rejects it', async (t) => {
  const { pool } = poolOf(t, file(t, 'a.js', 'for (;;);'))
  const loading = pool.loadAll()
  await Promise.all([t.throwsAsync(loading, { code: 'ERR_WORKER_LOAD' }), pool.end()])
  t.is(pool.stats()[0].state, 'down')
})

test('end lets a worker that is loading the module finish that', async (t) => {
  const source = `
    const words = new Int32Array(require('node:worker_threads').workerData)
    Atomics.store(words, 0, 1)
    Atomics.wait(words, 1, 0)
    Atomics.store(words, 2, 1)
    exports.sum = () => 1`
  const words = new Int32Array(new SharedArrayBuffer(12))
  const { pool } = poolOf(t, file(t, 'a.js', source), { workerData: words.buffer })
  const loading = pool.loadAll()
  await until(() => Atomics.load(words, 0) === 1)
  const ended = Promise.all([pool.end(), t.throwsAsync(loading, { code: 'ERR_WORKER_LOAD' })])
  Atomics.store(words, 1, 1)
  Atomics.notify(words, 1)
  await ended
  t.is(words[2], 1)
})

test('no worker is started after end', async (t) => {
  const { pool, exits, exit } = poolOf(t, file(t, 'a.js', 'exports.a = () => 1'))
  pool.load()
  pool.terminate(0)
  await exit()
  await pool.end()
  t.like(pool.stats(), [{ state: 'down', restarts: 0 }])
  t.is(pool.end(), pool.end())
  t.is(exits.length, 1)
})
