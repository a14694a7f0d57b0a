'use strict'

// Several ring threads behind one port. CI also runs the other tests with several of them.

const { existsSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const test = require('ava')
const {
  assertRefused, assertServes, connect, connectMany, fibonacci, gate, post, request, serve, startMain, until, untilStats
} = require('./helpers.js')

const inUse = { code: 'EADDRINUSE' }

test('requests on many connections are answered, each with its own value', async (t) => {
  const server = serve(t, { ringThreads: 4 })
  const clients = await connectMany(t, server, 100)
  await Promise.all(clients.map(async (client, n) => {
    for (const m of [n % 78, (n + 1) % 78]) t.is((await client.send(`/${m}`)).body, String(fibonacci(m)))
    await client.write(request('/1') + request('/x') + request('/3'))
    t.deepEqual((await client.responses(3)).map(({ status }) => status), [200, 400, 200])
  }))
  await untilStats(server, {
    connectionsOpen: 100, connectionsAccepted: 100, requests: 500, responses2xx: 400, responses4xx: 100, inFlight: 0
  })
})

test('the handler runs on the JavaScript thread, one call at a time', async (t) => {
  let running = 0
  let calls = 0
  const server = serve(t, { ringThreads: 4 }, () => {
    t.is(running++, 0)
    calls++
    running--
    return calls
  })
  const clients = await connectMany(t, server, 40)
  const bodies = await Promise.all(clients.map(async (client) => (await client.send('/0')).body))
  t.deepEqual(bodies.map(Number).sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => i + 1))
})

test('maxInFlight is one limit for all ring threads, and requests beyond it get 503', async (t) => {
  const { handler, release } = gate()
  const server = serve(t, { ringThreads: 2, maxInFlight: 100, handlerTimeout: 0 }, handler)
  const clients = await connectMany(t, server, 150)
  const asked = clients.map((client, n) => client.send(`/${n}`))
  const isDecided = ({ inFlight, overloaded }) => inFlight + overloaded === 150
  await until(() => isDecided(server.stats()))
  const { inFlight, overloaded } = server.stats()
  t.deepEqual({ inFlight, overloaded }, { inFlight: 100, overloaded: 50 })
  for (const n of clients.keys()) release(n, n)
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  t.is(statuses.filter((status) => status === 200).length, inFlight)
  t.is(statuses.filter((status) => status === 503).length, overloaded)
  t.is(server.stats().inFlight, 0)
})

test('a server has as many threads as asked for, and a refused start or a close leaves none', async (t) => {
  const child = startMain(t, async ({ serverListen, threadsNamed }) => {
    const { readdirSync } = require('node:fs')
    const threads = () => threadsNamed('ringcall\n').length
    const descriptors = () => readdirSync('/proc/self/fd').length
    const listen = (port, ringThreads) => {
      try {
        return serverListen({ port, ringThreads }, (n) => n)
      } catch ({ code }) {
        return code
      }
    }
    const counts = [threads()]
    const server = listen(0, 4)
    // A thread sets its name itself, once it runs.
    while (threads() < 4) await new Promise(setImmediate)
    counts.push(threads())
    const before = descriptors()
    for (let i = 0; i < 20; i++) counts[2] = listen(server.port, 3)
    // A thread that has been joined is listed until the kernel is done with it.
    const until = (count) => {
      while (threads() > count);
      return threads()
    }
    counts.push(until(4), descriptors() - before)
    await server.close()
    counts.push(until(0))
    console.log(JSON.stringify(counts))
  })
  t.deepEqual(JSON.parse(await child.line()), [0, 4, 'EADDRINUSE', 4, 0, 0])
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

for (const [theirs, ours] of [[1, 2], [2, 1], [2, 2], [4, 4]]) {
  test(`a port served by ${theirs} ring threads is in use for a server with ${ours}`, async (t) => {
    for (const host of [undefined, '127.0.0.1', 'localhost']) {
      const { port } = serve(t, { host, ringThreads: theirs })
      t.throws(() => serve(t, { host, port, ringThreads: ours }), inUse)
      if (theirs === 1) t.throws(() => serve(t, { host, port, ringThreads: ours, reusePort: true }), inUse)
    }
  })
}

test('with reusePort two servers with several ring threads share a port', async (t) => {
  const one = serve(t, { ringThreads: 2, reusePort: true }, () => 1)
  const two = serve(t, { ringThreads: 3, reusePort: true, port: one.port }, () => 2)
  const seen = new Set()
  for (let i = 0; i < 200 && seen.size < 2; i++) seen.add((await post(t, two, '/0')).body)
  t.deepEqual([...seen].sort(), ['1', '2'])
  t.throws(() => serve(t, { port: one.port }), inUse, 'one without it is refused')
  await one.close()
  for (let i = 0; i < 20; i++) t.is((await post(t, two, '/0')).body, '2')
  await two.close()
  await assertRefused(t, two.port)
})

test('a path is served by all ring threads, is in use, and is removed after the last of them', async (t) => {
  const path = join(tmpdir(), `ringcall-rings-${process.pid}.sock`)
  const server = serve(t, { path, ringThreads: 4 })
  t.throws(() => serve(t, { path, ringThreads: 2 }), inUse)
  const clients = await connectMany(t, server, 50)
  const bodies = await Promise.all(clients.map(async (client, n) => (await client.send(`/${n}`)).body))
  t.deepEqual(bodies, Array.from({ length: 50 }, (_, n) => String(fibonacci(n))))
  t.true(existsSync(path))
  await server.close()
  t.false(existsSync(path))
  await assertServes(t, serve(t, { path, ringThreads: 2 }))
})

test('unref lets the process end, ref keeps it alive', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const server = serverListen({ port: 0, ringThreads: 3 }, (n) => {
      if (n === 0) server.unref()
      return n
    }).unref().ref()
    console.log(server.port)
  })
  const port = Number(await child.line())
  for (let n = 10; n > 0; n--) t.is((await post(t, port, `/${n}`)).body, String(n))
  const last = await connect(t, port)
  await last.write(request('/0'))
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})
