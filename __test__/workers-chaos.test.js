'use strict'

// Workers that end in every way there is, calls that never end, and reloads, all at once and under load: each request
// is answered once, in its place and with its own value, or with the right error. RINGCALL_TEST_FULL=1 runs the full
// counts, which take minutes.

const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { readdirSync } = require('node:fs')
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')
const test = require('ava').serial
const { connectMany, draws, request, serve, until, untilStats } = require('./helpers.js')

const FULL = process.env.RINGCALL_TEST_FULL === '1'
const MODULE = require.resolve('./modules/chaos.js')

// How often each happens.
const KILLS = FULL ? 200 : 12
const LOOPS = FULL ? 50 : 3
const EXHAUSTIONS = FULL ? 50 : 3
const RELOADS = FULL ? 200 : 12

const CONNECTIONS = 24
const PIPELINED_MAX = 6
const WORKERS = 3
const REQUESTS_MAX = 2 ** 22
const HANDLER_TIMEOUT = 1500
// The share of deadly requests, as long as some are left.
const DEADLY_PART = 0.02

// How much the process may grow after a quarter of the reloads, with whatever the allocator keeps.
const GROWTH_MAX = 128 * 2 ** 20

// Numbers from 0 up to, but not including, 1, the same for the same seed (mulberry32).
function randomOf(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const OK = [200]
const FAILED = [500, 'ERR_FAILED']
const LATE = [503, 'ERR_TIMEOUT']
// A call that returns no promise has ended before another begins, and so is never lost with its worker.
const AT_ONCE = [OK, LATE]
const LATER = [OK, LATE, FAILED]

// Makes requests of each kind from their numbers: `asks` is for `request()`, `body` is that of a 200, and `ends` has
// the outcomes that are allowed.
function kindsOf(random) {
  const integer = (max) => Math.floor(random() * max)
  const text = () => '🦀é"x\\'.repeat(integer(20)) + integer(1000)
  const value = () => [integer(1e6), random(), text(), { a: [null, true, text()] }]
  const withBody = (name, type, body) => [`/${name}`, { headers: { 'Content-Type': type }, body }]
  const withJson = (name, ...values) => withBody(name, 'application/json', JSON.stringify(values))
  const echoed = (name, ends) => (id) => {
    const body = `${id} `.padEnd(integer(4) === 0 ? integer(40_000) : 30, 'abc')
    return { asks: withBody(name, 'application/octet-stream', body), body, ends }
  }
  const wrapped = (name, ends) => (id) => {
    const given = value()
    return { asks: withJson(name, id, given), body: JSON.stringify({ id, value: given }), ends }
  }
  const ending = (name, ends) => (id) => ({ asks: [`/${name}/${id}`], body: String(id), ends })
  return {
    common: [
      (id) => ({ asks: [`/int/${id}/7`], body: String(7 * id), ends: AT_ONCE }),
      (id) => ({ asks: [`/float/${id}/0.5`], body: String(id + 0.5), ends: AT_ONCE }),
      (id) => {
        const given = text()
        return { asks: withJson('text', id, given), body: JSON.stringify(`${id} ${given}`), ends: AT_ONCE }
      },
      (id) => ({ asks: withJson('numbers', id, [1, 2.5]), body: JSON.stringify([id + 1, id + 2.5]), ends: AT_ONCE }),
      (id) => ({ asks: [`/compute/${id}/${integer(4)}`], body: String(id), ends: AT_ONCE }),
      echoed('bytes', AT_ONCE),
      wrapped('json', AT_ONCE),
      ending('fail', [FAILED, LATE]),
      ending('soon', LATER),
      wrapped('later', LATER),
      echoed('bytesLater', LATER),
      ending('failLater', [FAILED, LATE])
    ],
    kills: ['exit', 'exitLater', 'throwOutside'].map((name) => ending(name, [FAILED, LATE])),
    exhaustions: [ending('exhaust', [FAILED, LATE])],
    loops: [ending('spin', [LATE]), ending('spinAfterwards', AT_ONCE)]
  }
}

// What is wrong with an answer, or undefined. `count` is how often the call has begun: at most once, whatever became of
// its worker.
function wrongOf({ status, headers, body }, { asks, body: expected, ends }, count) {
  const code = headers['content-type'] === 'application/problem+json' ? JSON.parse(body).code : undefined
  const isAllowed = ends.some((end) => end[0] === status && end[1] === code)
  const isBegun = status === 200 ? count === 1 : count <= 1
  if (isAllowed && isBegun && (status !== 200 || body === expected)) return undefined
  return { asks: asks[0], status, code, count, body: body.slice(0, 200), expected }
}

function held() {
  return { threads: readdirSync('/proc/self/task').length, descriptors: readdirSync('/proc/self/fd').length }
}

function residentBytes() {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage.rss()
}

const ENDS = KILLS + LOOPS + EXHAUSTIONS

test(`${ENDS} ends of workers and ${RELOADS} reloads: no answer is lost, doubled or crossed`, async (t) => {
  const seed = draws.seed ?? Math.floor(Math.random() * 2 ** 31)
  const random = randomOf(seed)
  const pick = (all) => all[Math.floor(random() * all.length)]
  const { common, ...deadly } = kindsOf(random)
  const left = { kills: KILLS, exhaustions: EXHAUSTIONS, loops: LOOPS }
  const begun = new Int32Array(new SharedArrayBuffer(REQUESTS_MAX * Int32Array.BYTES_PER_ELEMENT))
  const before = held()
  const server = serve(t, {
    workers: WORKERS,
    handlerTimeout: HANDLER_TIMEOUT,
    onError() {},
    workerOptions: { workerData: begun.buffer, resourceLimits: { maxOldGenerationSizeMb: 24 } }
  }, MODULE)
  t.timeout(FULL ? 1_800_000 : 100_000)
  let exits = 0
  const onExit = (exit) => exit.server === server && exits++
  subscribe('ringcall:worker-exit', onExit)
  t.teardown(() => unsubscribe('ringcall:worker-exit', onExit))

  // Deaths since the last reload, which gives each seat a new back-off.
  let deaths = 0
  function nextKind() {
    const kinds = Object.keys(left).filter((kind) => left[kind] > 0)
    if (kinds.length === 0 || deaths >= WORKERS || random() >= DEADLY_PART) return pick(common)
    const kind = pick(kinds)
    left[kind]--
    deaths++
    return pick(deadly[kind])
  }

  let requests = 0
  let isOver = false
  const wrong = []
  const answers = {}
  async function ask(client) {
    while (!isOver) {
      const first = requests
      const all = Array.from({ length: 1 + Math.floor(random() * PIPELINED_MAX) }, () => nextKind()(requests++))
      await client.write(all.map(({ asks }) => request(...asks)).join(''))
      for (const [i, each] of all.entries()) {
        const answer = await client.response()
        const found = wrongOf(answer, each, begun[first + i])
        if (found !== undefined) wrong.push(found)
        answers[answer.status] = (answers[answer.status] ?? 0) + 1
      }
    }
  }

  let reloads = 0
  let warm
  async function reload() {
    while (reloads < RELOADS || Object.values(left).some((count) => count > 0)) {
      await until(() => deaths > 0 || random() < 0.01)
      try {
        await server.reload()
        deaths = 0
        reloads++
      } catch (error) {
        // Calls that never end keep earlier loads of the module alive until they time out.
        if (!/calls of what it was before went on/.test(error.message)) throw error
        await until(() => server.stats().oldestInFlight < HANDLER_TIMEOUT / 4)
      }
      if (reloads >= RELOADS / 4) warm ??= residentBytes()
    }
    isOver = true
  }

  const clients = await connectMany(t, server, CONNECTIONS)
  await Promise.all([...clients.map(ask), reload()])
  t.log(`seed ${seed}: ${requests} requests, ${JSON.stringify(answers)}, ${reloads} reloads, ${exits} exits`)
  t.deepEqual(wrong.slice(0, 10), [])
  await untilStats(server, { inFlight: 0, requests, overloaded: 0 })
  for (const client of clients) client.destroy()
  await server.close()
  await until(() => held().threads <= before.threads && held().descriptors <= before.descriptors)
  if (FULL) t.true(residentBytes() < warm + GROWTH_MAX, `${warm} bytes before, ${residentBytes()} after`)
})
