'use strict'

const { readFileSync } = require('node:fs')
const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava')
const { reply, typed } = require('../index.js')
const {
  connect, connectMany, engine, gate, post, promptTest, request, ringTest, ringThreads, root, serve, startMain,
  threadTest, until, untilStats
} = require('./helpers.js')

const counts = [
  'connectionsOpen', 'connectionsAccepted', 'connectionErrors', 'requests', 'responses2xx', 'responses3xx', 'responses4xx',
  'responses5xx', 'handlerErrors', 'inFlight', 'oldestInFlight', 'batches', 'overloaded', 'headersTooLarge', 'bodiesTooLarge',
  'headersTimeouts', 'requestTimeouts', 'keepAliveTimeouts', 'handlerTimeouts', 'sendTimeouts', 'acceptPauses',
  'bytesReceived', 'bytesSent', 'ringCompletions', 'ringWakeups', 'ringBufferShortages'
]
const histograms = ['latency', 'handlerTime', 'dispatchDelay', 'batchSizes']

test('a new server has counted nothing', (t) => {
  const { ringTurns, responsesByStatus, ...stats } = serve(t).stats()
  t.true(ringTurns <= Math.max(ringThreads, 1))
  t.deepEqual(responsesByStatus, { 200: 0 })
  for (const name of histograms) {
    const { bounds, counts, ...totals } = stats[name]
    t.deepEqual(totals, { count: 0, sum: 0 })
    t.deepEqual(counts, Array(bounds.length + 1).fill(0))
    t.deepEqual(bounds, [...bounds].sort((a, b) => a - b))
    delete stats[name]
  }
  t.deepEqual(stats, { ...Object.fromEntries(counts.map((name) => [name, 0])), engine })
})

test('index.d.ts has every count, and no other', (t) => {
  const declared = /interface ServerStats \{\n([^]*?)\n\}/.exec(readFileSync(`${root}/index.d.ts`, 'utf8'))[1]
  const ofModules = ['functions', 'workers']
  const names = [...declared.matchAll(/^  (\w+)\??:/gm)].map(([, name]) => name).filter((name) => !ofModules.includes(name))
  t.deepEqual(names.sort(), Object.keys(serve(t).stats()).sort())
})

test('stats are a fresh object each time', (t) => {
  const server = serve(t)
  t.not(server.stats(), server.stats())
  server.stats().requests = 610
  t.is(server.stats().requests, 0)
})

test('requests and answers are counted by their outcome', async (t) => {
  const server = serve(t, { onError: () => {} }, (n) => {
    if (n === 404) throw Object.assign(new Error('no'), { statusCode: 404 })
    if (n === 503) throw Object.assign(new Error('no'), { statusCode: 503 })
    return n === 500 ? 'no integer' : n
  })
  const client = await connect(t, server)
  for (const target of ['/1', '/2', '/x', '/404', '/503', '/500', '/3']) await client.send(target)
  await client.send('/1', { method: 'GET' })
  await client.send('/1', { method: 'BREW' })
  await untilStats(server, {
    connectionsAccepted: 1,
    requests: 9,
    responses2xx: 3,
    responses4xx: 3,
    responses5xx: 3,
    inFlight: 0
  })
  t.is(server.stats().handlerErrors, 2)
  t.deepEqual(server.stats().responsesByStatus, { 200: 3, 400: 1, 404: 1, 405: 1, 500: 1, 501: 1, 503: 1 })
})

threadTest(test)('no count of responses or calls goes down while they are counted', async (t) => {
  const server = serve(t, { workers: 1 }, require.resolve('./modules/statuses.js'))
  // The clients are in a process of their own, and the functions in a worker, because this thread only reads.
  const clients = startMain(t, (_, port) => {
    let left = 20_000
    const requests = ['ok', 'created', 'refuse'].map((name) => `POST /${name} HTTP/1.1\r\nHost: a\r\n\r\n`)
    const fields = 'Host: a\r\nContent-Type: application/json\r\nContent-Length: 3'
    requests.push(`POST /refuse HTTP/1.1\r\n${fields}\r\n\r\n[1]`)
    const ask = (socket) => left-- > 0 && socket.write(requests[left % 4])
    const sockets = Array.from({ length: 4 }, () => require('node:net').connect(port, '127.0.0.1'))
    for (const socket of sockets) {
      socket.on('connect', () => ask(socket)).on('data', () => {
        if (!ask(socket)) socket.end()
      })
    }
  }, { args: [String(server.port)] })
  let ended = false
  clients.exited.then(() => (ended = true))
  const before = {}
  while (!ended) {
    const { responsesByStatus, responses2xx, functions } = server.stats()
    const { calls, refusals } = functions.refuse
    for (const [name, count] of Object.entries({ ...responsesByStatus, responses2xx, calls, refusals })) {
      if (count < before[name]) return t.fail(`${name}: ${count} after ${before[name]}`)
      before[name] = count
    }
    await new Promise(setImmediate)
  }
  t.like(server.stats(), {
    responses2xx: 15_000,
    responsesByStatus: { 200: 10_000, 201: 5_000, 400: 5_000 },
    functions: { refuse: { calls: 5_000, refusals: 5_000 } }
  })
})

test('functions by name are counted separately', async (t) => {
  const validate = (value) => (value === 1 ? { value } : { issues: [{ message: 'must be 1' }] })
  const types = { One: { '~standard': { version: 1, vendor: 'test', validate } } }
  const server = serve(t, { onError: () => {} }, {
    sum: (a, b) => a + b,
    refuse() { throw Object.assign(new Error('no'), { statusCode: 404 }) },
    fail() { throw new Error('no') },
    one: typed('(value: One) => int', (value) => value, { types }),
    moved: () => reply(null, { status: 303, headers: { Location: '/sum' } }),
    idle: () => 0
  })
  const client = await connect(t, server)
  for (const target of ['/sum/1/2', '/sum/3/4', '/sum/1', '/sum/x/y', '/refuse', '/fail', '/moved', '/none']) await client.send(target)
  const headers = { 'Content-Type': 'application/json' }
  for (const body of ['[1]', '[2]', '[']) await client.send('/one', { body, headers })
  await client.send('/sum', { method: 'GET' })
  await client.send('/sum', { body: '[1,2]' })
  await untilStats(server, { requests: 13, inFlight: 0 })
  const { functions, responses3xx, responsesByStatus } = server.stats()
  t.deepEqual(Object.keys(functions), ['sum', 'refuse', 'fail', 'one', 'moved', 'idle'])
  const counted = Object.entries(functions).map(([name, { calls, errors, refusals }]) => [name, calls, errors, refusals])
  t.deepEqual(counted, [
    ['sum', 2, 0, 3], ['refuse', 1, 0, 0], ['fail', 1, 1, 0], ['one', 1, 0, 2], ['moved', 1, 0, 0], ['idle', 0, 0, 0]
  ])
  t.is(responses3xx, 1)
  t.deepEqual(responsesByStatus, { 200: 3, 303: 1, 400: 4, 404: 2, 405: 1, 415: 1, 500: 1 })
  for (const { calls, handlerTime: { bounds, counts, sum } } of Object.values(functions)) {
    t.is(counts.length, bounds.length + 1)
    t.is(sum > 0, calls > 0)
  }
})

test('connections are counted as they come and go', async (t) => {
  const server = serve(t)
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, server)))
  await untilStats(server, { connectionsOpen: 5, connectionsAccepted: 5 })
  clients[0].end()
  clients[1].reset()
  await untilStats(server, { connectionsOpen: 3, connectionsAccepted: 5 })
  t.pass()
})

test('calls that wait for a promise are in flight', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  await client.write(request('/1') + request('/2'))
  await held(2)
  await untilStats(server, { inFlight: 2 })
  release(2, 2)
  release(1, 1)
  t.is((await client.responses(2)).length, 2)
  await untilStats(server, { inFlight: 0 })
})

ringTest(test)('pipelined requests share calls into JavaScript', async (t) => {
  const usual = { ringEntries: 256, receiveBuffers: 512, receiveBufferSize: 1024 }
  const server = serve(t, usual)
  const client = await connect(t, server)
  await client.write(request('/1').repeat(1000))
  await client.responses(1000)
  await untilStats(server, { requests: 1000 })
  const { batches } = server.stats()
  t.true(batches >= 1 && batches <= 500, `${batches} batches`)
})

test('a refused request never reaches JavaScript', async (t) => {
  const server = serve(t)
  for (const target of ['/x', '/1.5', '/']) await post(t, server, target)
  t.is(server.stats().batches, 0)
})

// One at a time the JavaScript thread sends the answers itself; many at a time the ring thread does.
for (const [how, clients, pipelined] of [['one after the other', 1, 1], ['many at a time', 20, 16]]) {
  test(`every answer is in the histograms and its bytes in the counts, ${how}`, async (t) => {
    const server = serve(t)
    const bytes = request('/15').repeat(pipelined)
    let received = 0
    const count = 10 * clients * pipelined
    for (const client of await connectMany(t, server, clients)) {
      for (let i = 0; i < 10; i++) {
        await client.write(bytes)
        for (const { headers } of await client.responses(pipelined)) {
          const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
          received += `HTTP/1.1 200 OK\r\n${head}\r\n610`.length
        }
      }
    }
    await until(() => server.stats().latency.count === count)
    const { bytesReceived, bytesSent, batches, batchSizes, latency, handlerTime, dispatchDelay } = server.stats()
    if (engine === 'io_uring') {
      t.deepEqual([batchSizes.count, batchSizes.sum], [batches, count])
      t.true(dispatchDelay.count >= 1 && dispatchDelay.count <= batches)
    }
    t.is(bytesReceived, (bytes.length / pipelined) * count)
    await untilStats(server, { bytesSent: received })
    t.true(bytesSent <= received)
    t.is(handlerTime.count, count)
    t.true(latency.sum > 0 && latency.sum < 2000 * count)
  })
}

test('a slow promise is slow in latency and handlerTime, and is the oldest in flight meanwhile', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  const asked = performance.now()
  await client.write(request('/1'))
  await held(1)
  const waited = performance.now() - asked
  await until(() => server.stats().oldestInFlight >= 120)
  release(1, 1)
  await client.response()
  await untilStats(server, { inFlight: 0, oldestInFlight: 0 })
  await until(() => server.stats().latency.count === 1)
  const { latency, handlerTime } = server.stats()
  t.true(latency.sum >= 120 && handlerTime.sum <= latency.sum + 1, `${handlerTime.sum} of ${latency.sum}`)
  t.true(handlerTime.sum >= 119 - waited, `${handlerTime.sum} of 120, ${waited} before the call`)
  for (const { bounds, counts, sum } of [latency, handlerTime]) {
    t.is(counts[bounds.findIndex((bound) => sum <= bound)], 1)
  }
})

// Before the other tests, as it blocks their thread.
threadTest(test.serial)('a blocked event loop shows in dispatchDelay, and not in handlerTime', async (t) => {
  const server = serve(t)
  const client = await connect(t, server)
  // Repeated, because on a busy machine the ring thread may be paused as well.
  let stats
  do {
    await client.write(request('/1'))
    // The kernel has the request; the ring thread reads it while this thread is blocked.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
    t.is((await client.response()).status, 200)
    stats = server.stats()
  } while (stats.dispatchDelay.sum <= 50 || stats.handlerTime.sum >= stats.dispatchDelay.sum / 2)
  t.pass()
})

promptTest(test)('a call given up by handlerTimeout is no longer in flight, and its latency is the timeout or more', async (t, timeout) => {
  const { handler, held } = gate()
  const server = serve(t, { handlerTimeout: timeout }, handler)
  const client = await connect(t, server)
  await client.write(request('/1'))
  await held(1)
  t.is((await client.response()).status, 503)
  await untilStats(server, { handlerTimeouts: 1, inFlight: 0, oldestInFlight: 0 })
  const { latency, handlerTime, responsesByStatus } = server.stats()
  t.is(latency.count, 1)
  t.true(latency.sum >= 100)
  t.is(handlerTime.count, 0)
  t.deepEqual(responsesByStatus, { 200: 0, 503: 1 })
})

test('a connection that is reset is an error, one that ends is not', async (t) => {
  const server = serve(t)
  const [reset, ended] = await connectMany(t, server, 2)
  await reset.send('/1')
  await ended.send('/1')
  ended.end()
  await untilStats(server, { connectionsOpen: 1 })
  t.is(server.stats().connectionErrors, 0)
  reset.reset()
  await untilStats(server, { connectionsOpen: 0, connectionErrors: 1 })
  t.pass()
})

threadTest(test)('the ring threads count their turns, completions and wake-ups', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  for (let n = 0; server.stats().ringWakeups < 5; n++) {
    const answer = client.send(`/${n}`)
    await held(n)
    await delay(5) // By then the ring thread usually sleeps.
    // The ring thread sends errors.
    release(n, Promise.reject(Object.assign(new Error('Gone.'), { status: 410, expose: true })))
    await answer
  }
  const { ringTurns, ringCompletions } = server.stats()
  t.true(ringTurns >= 5 && ringCompletions >= 5, `${ringTurns} turns, ${ringCompletions} completions`)
})
