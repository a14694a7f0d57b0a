'use strict'

const { getEventListeners } = require('node:events')
const { nextTick } = require('node:process')
const { setImmediate: nextTurn } = require('node:timers/promises')
const test = require('ava')
const {
  assertRefused, assertServes, connect, connectMany, fibonacci, gate, large, post, request, serve, serverListen, until,
  untilStats, withResolvers
} = require('./helpers.js')

test('close resolves with nothing and frees the port at once', async (t) => {
  const server = serve(t)
  const { port } = server
  await assertServes(t, server)
  t.is(await server.close(), undefined)
  await assertRefused(t, port)
  const next = serve(t, { port })
  await assertServes(t, next)
})

test('a server that was never used closes', async (t) => {
  await serve(t).close()
  t.pass()
})

test('close returns one promise, however often it is called', async (t) => {
  const server = serve(t)
  const closed = server.close()
  t.true(closed instanceof Promise)
  t.is(server.close(), closed)
  await closed
  t.is(server.close(), closed)
  await server.close()
})

test('a closing server does not listen', async (t) => {
  const server = serve(t)
  const closed = server.close()
  t.false(server.listening)
  await closed
  t.false(server.listening)
  t.is(server.address(), null)
})

test('the methods of a closed server can still be called', async (t) => {
  const server = serve(t)
  await assertServes(t, server)
  await server.close()
  server.ref()
  server.unref()
  server.closeIdleConnections()
  server.closeAllConnections()
  t.like(server.stats(), { connectionsOpen: 0, connectionsAccepted: 1, requests: 1, responses2xx: 1, inFlight: 0 })
})

test('close ends the connections that wait for a request', async (t) => {
  const server = serve(t)
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect(t, server)))
  for (const client of clients) t.is((await client.send('/15')).body, '610')
  await server.close()
  for (const client of clients) t.is(await client.rest(), '')
})

test('close ends the connections that never sent a request', async (t) => {
  const server = serve(t)
  const client = await connect(t, server)
  await untilStats(server, { connectionsOpen: 1 })
  await server.close()
  await client.gone()
  t.is(server.stats().connectionsOpen, 0)
})

const halves = [
  ['POST /15 HT', 'TP/1.1\r\nHost: localhost\r\n\r\n'],
  ['POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc', 'defghij']
]

test('close answers the connections that wait in the kernel', async (t) => {
  const server = serve(t)
  const clients = Array.from({ length: 50 }, () => connect(t, server))
  await new Promise(nextTick) // Now they are connecting.
  const closed = server.close()
  await Promise.all(clients.map(async (connecting) => {
    const client = await connecting
    t.is((await client.send('/15')).body, '610')
    client.destroy()
  }))
  await closed
  t.is(server.stats().connectionsAccepted, clients.length)
})

test('connections that keep coming do not hold up close', async (t) => {
  const server = serve(t, { backlog: 10 })
  let isOver = false
  const comers = Array.from({ length: 4 }, async () => {
    while (!isOver) await connect(t, server).then((client) => client.destroy(), () => nextTurn())
  })
  await until(() => server.stats().connectionsAccepted > 10)
  await server.close()
  isOver = true
  await Promise.all(comers)
  t.pass()
})

test('half a request is answered when the rest comes, and close resolves then', async (t) => {
  const server = serve(t)
  const clients = await Promise.all(halves.map(() => connect(t, server)))
  await Promise.all(clients.map((client, i) => client.write(halves[i][0])))
  await assertServes(t, server)
  const closed = server.close()
  for (const [i, client] of clients.entries()) {
    await client.write(halves[i][1])
    const { body, headers } = await client.response()
    t.is(body, '610')
    t.is(headers.connection, 'close')
    t.is(await client.rest(), '')
  }
  await closed
})

test('half a request holds up close until its time is over', async (t) => {
  const server = serve(t, { headersTimeout: 100, requestTimeout: 200 })
  const clients = await Promise.all(halves.map(() => connect(t, server)))
  await Promise.all(clients.map((client, i) => client.write(halves[i][0])))
  const closed = server.close()
  for (const client of clients) t.is((await client.response()).status, 408)
  await closed
})

test('close with a timeout cuts the connections left then: half a request, a promise that never settles', async (t) => {
  const { handler, held } = gate()
  const server = serve(t, {}, handler)
  const clients = await Promise.all([...halves.map(([half]) => half), request('/1')].map(async (bytes) => {
    const client = await connect(t, server)
    await client.write(bytes)
    return client
  }))
  await held(1)
  const closed = server.close()
  t.is(server.close({ timeout: 50 }), closed)
  await closed
  for (const client of clients) await client.gone()
  t.is(server.stats().connectionsOpen, 0)
})

test('a timeout that is not reached cuts nothing', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  await client.write(request('/1'))
  await held(1)
  const closed = server.close({ timeout: 2 ** 31 - 1 })
  release(1, 10)
  t.is((await client.response()).body, '10')
  await closed
})

test('close refuses an invalid timeout', (t) => {
  const server = serve(t)
  for (const timeout of [-1, 1.5, NaN, 2 ** 31]) {
    t.throws(() => server.close({ timeout }), { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' })
  }
  for (const timeout of ['1', null, 1n]) {
    t.throws(() => server.close({ timeout }), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' })
  }
  for (const options of [1000, null, 'now']) {
    t.throws(() => server.close(options), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' })
  }
  t.true(server.listening)
})

test('close answers the requests in flight before it resolves', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  await client.write(request('/1') + request('/2'))
  await held(1)
  await held(2)
  let resolved = false
  const closed = server.close().then(() => (resolved = true))
  await new Promise(setImmediate)
  t.false(resolved)
  release(2, 20)
  release(1, 10)
  t.deepEqual((await client.responses(2)).map(({ body }) => body), ['10', '20'])
  t.is(await client.rest(), '')
  await closed
})

test('close finishes large answers that are being sent', async (t) => {
  const server = serve(t, {}, () => large)
  const client = await connect(t, server)
  await client.write(request('/0').repeat(3000))
  await until(() => server.stats().requests > 0 && server.stats().inFlight === 0)
  const closed = server.close()
  const expected = String(large)
  const responses = await client.responsesToEnd()
  t.true(responses.every(({ body }) => body === expected))
  await closed
  t.is(responses.length, server.stats().responses2xx)
})

test('close from inside the handler answers that request', async (t) => {
  let closed
  const server = serve(t, {}, (n) => {
    closed = server.close()
    return fibonacci(n)
  })
  const client = await connect(t, server)
  t.is((await client.send('/15')).body, '610')
  await closed
  t.is(await client.rest(), '')
})

test('a handler that awaits close gets its answer out, and close resolves', async (t) => {
  const closing = withResolvers()
  const server = serve(t, {}, async (n) => {
    const closed = server.close()
    closing.resolve(closed)
    await Promise.resolve()
    return fibonacci(n)
  })
  t.is((await post(t, server, '/15')).body, '610')
  await closing.promise
  t.false(server.listening)
})

test('close under load loses no answer to a request that was taken', async (t) => {
  const server = serve(t)
  let closed
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(t, server)))
  await Promise.all(clients.map(async (client, c) => {
    for (let i = 0; ; i++) {
      if (c === 0 && i === 20) closed = server.close()
      const response = await client.send('/15').catch(() => null)
      if (response === null) return
      t.is(response.body, '610')
    }
  }))
  await closed
  const { requests, responses2xx, connectionsOpen, inFlight } = server.stats()
  t.is(requests, responses2xx)
  t.deepEqual([connectionsOpen, inFlight], [0, 0])
})

test('close ends connections that wait for room together, not one after another', async (t) => {
  const server = serve(t, { maxConnections: 2, headersTimeout: 1000 })
  const clients = await connectMany(t, server, 100)
  for (const client of clients.slice(20)) await client.write('POST /1 HT')
  await untilStats(server, { connectionsOpen: 2 })
  const began = performance.now()
  await server.close()
  // Two at a time would take forty rounds of a second for those with half a head alone.
  t.true(performance.now() - began < 15_000)
})

test('closeIdleConnections ends connections that have just been answered', async (t) => {
  const server = serve(t, { keepAliveTimeout: 0 })
  for (let turn = 0; turn < 10; turn++) {
    const clients = await connectMany(t, server, 10)
    for (const client of clients) t.is((await client.send('/15')).body, '610')
    server.closeIdleConnections()
    for (const client of clients) t.is(await client.rest(), '')
  }
})

for (const [what, options] of [
  ['that it said is its last', { headers: { Connection: 'close' } }], ['in HTTP/1.0', { version: 'HTTP/1.0' }], ['', {}]
]) {
  test(`a client that resets during its request ${what} frees its connection, and close does not wait for it`, async (t) => {
    const { handler, held, release } = gate()
    // Connections are looked at within half a second then.
    const server = serve(t, { maxConnections: 2, handlerTimeout: 0, keepAliveTimeout: 500 }, (n) => (n < 3 ? handler(n) : n))
    for (const n of [1, 2]) {
      const client = await connect(t, server)
      await client.write(request(`/${n}`, options))
      await held(n)
      client.reset()
    }
    await untilStats(server, { connectionsOpen: 0 })
    t.is((await post(t, server, '/9')).body, '9')
    await server.close()
    release(1, 1)
    release(2, 2)
  })
}

test('closeIdleConnections ends idle connections and leaves busy ones', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, (n) => (n === 1 ? handler(n) : n))
  const idle = await connect(t, server)
  await idle.send('/2')
  const busy = await connect(t, server)
  const response = busy.send('/1')
  await held(1)
  server.closeIdleConnections()
  await idle.gone()
  t.true(server.listening)
  release(1, 10)
  t.is((await response).body, '10')
  t.is((await busy.send('/3')).body, '3', 'the connection goes on')
  t.is((await post(t, server, '/4')).body, '4', 'new connections are taken')
})

test('closeAllConnections ends busy connections, too, and the server goes on listening', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, (n) => (n === 1 ? handler(n) : n))
  const idle = await connect(t, server)
  await idle.send('/2')
  const busy = await connect(t, server)
  await busy.write(request('/1'))
  await held(1)
  server.closeAllConnections()
  await Promise.all([idle.gone(), busy.gone()])
  await untilStats(server, { connectionsOpen: 0 })
  release(1, 10)
  t.is((await post(t, server, '/3')).body, '3')
})

test('closeAllConnections lets close resolve although a promise never settles', async (t) => {
  const { handler, held } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  await client.write(request('/1'))
  await held(1)
  const closed = server.close()
  server.closeAllConnections()
  await closed
  await client.gone()
  t.is(server.stats().connectionsOpen, 0)
})

test('closeAllConnections while closing cuts connections that wait for room, too', async (t) => {
  const { handler, held } = gate()
  const server = serve(t, { maxConnections: 1, handlerTimeout: 0 }, handler)
  const first = await connect(t, server)
  await first.write(request('/1'))
  await held(1)
  const waiting = await Promise.all([2, 3].map(() => connect(t, server)))
  await Promise.all(waiting.map((client, i) => client.write(request(`/${i + 2}`))))
  const closed = server.close()
  server.closeAllConnections()
  await closed
  await Promise.all([first, ...waiting].map((client) => client.gone()))
  t.is(server.stats().connectionsOpen, 0)
})

test('closeAllConnections makes room for new connections', async (t) => {
  const server = serve(t, { maxConnections: 1 })
  const clients = await Promise.all([1, 2, 3].map(() => connect(t, server)))
  await untilStats(server, { connectionsOpen: 1 })
  server.closeAllConnections()
  for (const client of clients) client.destroy()
  await assertServes(t, server)
})

test('closeAllConnections cuts a client that does not read', async (t) => {
  const server = serve(t, {}, () => large)
  const client = await connect(t, server)
  await client.write(request('/0').repeat(3000))
  await until(() => server.stats().requests > 0)
  const closed = server.close()
  server.closeAllConnections()
  await closed
  t.is(server.stats().connectionsOpen, 0)
})

test('a signal closes the server', async (t) => {
  const controller = new AbortController()
  const server = serve(t, { signal: controller.signal })
  await assertServes(t, server)
  controller.abort()
  t.false(server.listening)
  await server.close()
  await assertRefused(t, server.port)
})

test('a signal that is already aborted closes the server at once', async (t) => {
  const server = serve(t, { signal: AbortSignal.abort() })
  t.false(server.listening)
  await server.close()
  t.is(server.stats().connectionsOpen, 0)
})

test('a closed server leaves no listener on the signal', async (t) => {
  const { signal } = new AbortController()
  const server = serve(t, { signal })
  t.is(getEventListeners(signal, 'abort').length, 1)
  await server.close()
  t.is(getEventListeners(signal, 'abort').length, 0)
})

test('a refused listen leaves no listener on the signal', (t) => {
  const { signal } = new AbortController()
  const { port } = serve(t, { host: '127.0.0.1' })
  t.throws(() => serve(t, { port, host: '127.0.0.1', signal }), { code: 'EADDRINUSE' })
  t.is(getEventListeners(signal, 'abort').length, 0)
})

test('Symbol.asyncDispose closes', async (t) => {
  const server = serve(t)
  t.is(server[Symbol.asyncDispose](), server.close())
  await server.close()
  await assertRefused(t, server.port)
})

test('two servers serve at once, and one goes on when the other closes', async (t) => {
  const one = serve(t, {}, (n) => n + 1)
  const two = serve(t, { bigint: true }, (n) => n * 2n)
  const [first, second] = [await connect(t, one), await connect(t, two)]
  for (let n = 0; n < 100; n++) {
    const responses = await Promise.all([first.send(`/${n}`), second.send(`/${n}`)])
    t.deepEqual(responses.map(({ body }) => Number(body)), [n + 1, n * 2])
  }
  await one.close()
  t.is((await second.send('/21')).body, '42')
  t.is((await post(t, two, '/21')).body, '42')
})

test('a hundred servers, one after another on one port', async (t) => {
  let port = 0
  for (let i = 0; i < 100; i++) {
    const server = serverListen(port, fibonacci)
    port = server.port
    await assertServes(t, server)
    await server.close()
  }
})
