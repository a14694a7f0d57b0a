'use strict'

// Successive loads of a module, as `reload()` makes them, with real workers and without an engine.

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const test = require('ava')
const { Generations } = require('../lib/workers/generations.js')
const { until } = require('./helpers.js')

// The generations of a module that the test writes, loaded once. `replaced` has the functions' names of each reload.
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
  // An engine's ticket would have each worker begin to serve.
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

test('a reload has the current functions of the module, in other threads', async (t) => {
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

test('a reload of a module that does not load rejects with its error, and changes nothing', async (t) => {
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

test('a reload of functions that the server refuses rejects, and leaves no worker', async (t) => {
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

test('reloads during a reload are joined into one that follows it and has the latest functions', async (t) => {
  // The first reload has read the module when this is called.
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

test('close ends a reload, and refuses the one that follows it and any later one', async (t) => {
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

test('a lost worker of an earlier generation is reported for that one, and replaced until it is retired', async (t) => {
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

test('a reload waits for ending workers where there are many, and is not refused', async (t) => {
  // A worker that does not end by itself is waited for, and then terminated.
  const { generations, reload } = load(t, 'exports.a = () => 1; setInterval(() => {}, 1e6)')
  const retired = []
  for (let i = 0; i < 6; i++) {
    await reload()
    retired.push(generations.retire(i))
  }
  t.is(generations.stats().length, 1)
  await Promise.all(retired)
})

// Serial, so that no other test starts workers meanwhile.
test.serial('end() resolves when no worker is left, not even one of a reload that it has ended', async (t) => {
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

test('a fifth reload is refused while calls of four earlier loads go on', async (t) => {
  const { generations, reload } = load(t, 'exports.a = () => 1')
  for (let i = 0; i < 4; i++) await reload()
  await t.throwsAsync(reload(), { code: 'ERR_WORKER_LOAD', message: /4 times .* handlerTimeout/ })
  await generations.retire(0)
  await reload()
  t.pass()
})
