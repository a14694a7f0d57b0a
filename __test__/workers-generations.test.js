'use strict'

// The loads of a module one after another, as `reload()` makes them, with real workers and without an engine.

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const test = require('ava')
const { Generations } = require('../lib/workers/generations.js')
const { until } = require('./helpers.js')

// The generations of a module that the test writes, loaded once. `replaced` has the names that `replace` was told of.
function load(t, source, { count = 1, check = () => {} } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  const file = path.join(folder, 'functions.js')
  const write = (text) => writeFileSync(file, text)
  const lost = []
  write(source)
  const module = { url: pathToFileURL(file).href, count, workerOptions: { loadTimeout: 60_000 } }
  const generations = new Generations(module, {
    check, onWorkerExit: () => {}, onLost: (...where) => lost.push(where), onFailure: () => {}
  })
  t.timeout(100_000)
  t.teardown(async () => {
    await generations.end()
    rmSync(folder, { recursive: true })
  })
  // An engine would have each worker begin to serve.
  const ticketFor = () => ({ transfer: [] })
  generations.load().open(ticketFor)
  const replaced = []
  const reload = () => generations.reload((table) => {
    replaced.push(namesOf(table))
    return { ticketFor }
  })
  return { generations, lost, replaced, reload, write }
}

const namesOf = ({ functions }) => functions.map(({ name }) => name).join()

test('a reload has what the module is now, in other threads', async (t) => {
  const { generations, replaced, reload, write } = load(t, 'exports.a = () => 1', { count: 2 })
  await until(() => generations.stats().every(({ state }) => state === 'idle'))
  const before = generations.stats().map(({ threadId }) => threadId)
  write('exports.b = () => 1')
  t.is(await reload(), undefined)
  t.deepEqual(replaced, ['b'])
  t.is(namesOf(generations.table), 'b')
  const after = generations.stats()
  t.deepEqual(after.map(({ state, restarts }) => [state, restarts]), [['idle', 0], ['idle', 0]])
  t.false(after.some(({ threadId }) => before.includes(threadId)))
})

test('a reload of a module that does not load rejects with what it throws, and changes nothing', async (t) => {
  const { generations, replaced, reload, write } = load(t, 'exports.a = () => 1')
  const before = generations.stats()
  write('throw new RangeError("no")')
  await t.throwsAsync(reload(), { instanceOf: RangeError, message: 'no' })
  write('exports.a = class {}')
  await t.throwsAsync(reload(), { code: 'ERR_WORKER_LOAD', message: /does not export a function/ })
  t.deepEqual(replaced, [])
  t.is(namesOf(generations.table), 'a')
  t.is(generations.stats()[0].threadId, before[0].threadId)
  write('exports.b = () => 1')
  await reload()
  t.deepEqual(replaced, ['b'])
})

test('a reload of functions that the server cannot have rejects, and leaves no worker', async (t) => {
  const refusal = new Error('no')
  let isRefused = false
  const check = () => {
    if (isRefused) throw refusal
  }
  const { replaced, reload } = load(t, 'exports.a = () => 1', { check })
  isRefused = true
  t.is(await t.throwsAsync(reload()), refusal)
  t.deepEqual(replaced, [])
})

test('reloads while one runs are joined into one that follows it, and has what came meanwhile', async (t) => {
  // The first has read the module by then.
  let onLoaded = () => {}
  const { replaced, reload, write } = load(t, 'exports.a = () => 1', { check: () => onLoaded() })
  write('exports.b = () => 1')
  const first = reload()
  const [second, third] = [reload(), reload()]
  t.is(second, third)
  t.not(first, second)
  onLoaded = () => write('exports.c = () => 1')
  await first
  await second
  t.deepEqual(replaced, ['b', 'c'])
  await reload()
  t.deepEqual(replaced, ['b', 'c', 'c'])
})

test('a reload that fails does not fail the one that follows it', async (t) => {
  const { replaced, reload, write } = load(t, 'exports.a = () => 1')
  write('throw new Error("no")')
  const first = reload()
  const second = reload()
  await t.throwsAsync(first, { message: 'no' })
  write('exports.b = () => 1')
  await second
  t.deepEqual(replaced, ['b'])
})

test('close ends a reload, and refuses the one that follows it and any other', async (t) => {
  const { generations, replaced, reload } = load(t, 'exports.a = () => 1')
  const reloads = [reload(), reload()]
  generations.close()
  for (const each of [...reloads, reload()]) await t.throwsAsync(each, { code: 'ERR_SERVER_NOT_RUNNING' })
  t.deepEqual(replaced, [])
})

test('the counts of a generation that has ended are kept', async (t) => {
  const { generations, reload } = load(t, 'exports.a = () => 1')
  const [{ threadId }] = generations.stats()
  generations.terminate(0, 0)
  await until(() => generations.stats()[0].restarts === 1 && generations.stats()[0].state === 'idle')
  await reload()
  t.like(generations.stats(), [{ restarts: 1 }])
  await generations.retire(0)
  t.like(generations.stats(), [{ restarts: 1 }])
  t.not(generations.stats()[0].threadId, threadId)
  t.deepEqual([...generations.functionCounts()], [['a', { errors: 0, refusals: 0 }]])
})

test('a worker of a generation before is told as lost there, and replaced until that is retired', async (t) => {
  const { generations, lost, reload } = load(t, 'exports.a = () => 1')
  await reload()
  generations.terminate(0, 0)
  await until(() => generations.stats()[0].restarts === 1)
  t.deepEqual(lost, [[0, 0]])
  await generations.retire(0)
  generations.terminate(0, 0)
  generations.terminate(1, 0)
  await until(() => lost.length > 1)
  t.deepEqual(lost, [[0, 0], [1, 0]])
})

test('a reload that the engine cannot take over rejects, and changes nothing', async (t) => {
  const { generations, reload, write } = load(t, 'exports.a = () => 1')
  const [before] = generations.stats()
  write('exports.b = () => 1')
  const refusal = new Error('no thread')
  const refused = generations.reload(() => {
    throw refusal
  })
  t.is(await t.throwsAsync(refused), refusal)
  t.is(namesOf(generations.table), 'a')
  t.is(generations.stats()[0].threadId, before.threadId)
  await reload()
  t.is(namesOf(generations.table), 'b')
})

test('a reload waits for workers that are ending, where there are many, and is not refused', async (t) => {
  // What is not done by itself is waited for, and then terminated.
  const { generations, reload } = load(t, 'exports.a = () => 1; setInterval(() => {}, 1e6)')
  const retired = []
  for (let i = 0; i < 6; i++) {
    await reload()
    retired.push(generations.retire(i))
  }
  t.is(generations.stats().length, 1)
  await Promise.all(retired)
})

// While no other test starts any.
test.serial('end() resolves when no worker is left, those of a reload that it has ended included', async (t) => {
  const { generations, reload, write } = load(t, 'exports.a = () => 1', { count: 2 })
  // A thread in a system call ends late, and later than one that serves.
  write('require("node:child_process").execFileSync("sleep", ["2"])')
  const workers = new Set()
  const onWorker = (worker) => {
    workers.add(worker)
    worker.once('exit', () => workers.delete(worker))
  }
  process.on('worker', onWorker)
  const reloading = reload()
  await until(() => workers.size === 4)
  process.off('worker', onWorker)
  await Promise.all([generations.end(), t.throwsAsync(reloading, { code: 'ERR_SERVER_NOT_RUNNING' })])
  t.is(workers.size, 0)
})

test('a fifth reload is refused while calls of four loads before go on', async (t) => {
  const { generations, reload } = load(t, 'exports.a = () => 1')
  for (let i = 0; i < 4; i++) await reload()
  await t.throwsAsync(reload(), { code: 'ERR_WORKER_LOAD', message: /4 times .* handlerTimeout/ })
  await generations.retire(0)
  await reload()
  t.pass()
})
