'use strict'

// The timeouts are short, but nothing here depends on how short: a test waits for the answer, the close or the count.
// To outlast a timeout, a test waits until it has run out on another connection.

const { once } = require('node:events')
const { mkdtempSync, rmSync } = require('node:fs')
const net = require('node:net')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava').serial // A busy test beside this would make a prompt client late.
const {
  assertServes, connect, connectMany, fibonacci, gate, large, post, promptTest, request, ringTest, serve, until,
  untilStats, withResolvers
} = require('./helpers.js')
const { typed } = require('..')

const prompt = promptTest(test)

const SHORT = 60
// For tests in which a prompt client must not run into it, and which are not tried again: they are about wrong answers.
const LONGER = 500
const DEAF = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0, handlerTimeout: 0, sendTimeout: 0 }

const halfHead = 'POST /15 HTTP/1.1\r\nHost: localhost\r\nX-Slow: '
const halfBody = 'POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\n'
const halfChunked = 'POST /15 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\n'

// Sends a byte now and then until the answer has come.
async function drip(client, start) {
  let answered = false
  const response = client.response().finally(() => (answered = true))
  await client.write(start)
  while (!answered) {
    await client.write('x').catch(() => {})
    await delay(5)
  }
  return response
}

// A Unix domain socket buffers 200 KiB where a TCP connection buffers megabytes.
function socketPath(t) {
  const folder = mkdtempSync(join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return join(folder, 'socket')
}

async function assertRefusedAndClosed(t, client, response, status) {
  t.is(response.status, status)
  t.is(response.headers.connection, 'close')
  client.end()
  t.is(await client.rest(), '', 'nothing follows the refusal')
}

test('a head that drips: 408, and the connection closes', async (t) => {
  const server = serve(t, { ...DEAF, headersTimeout: SHORT })
  const client = await connect(t, server)
  await assertRefusedAndClosed(t, client, await drip(client, halfHead), 408)
  await untilStats(server, { headersTimeouts: 1, requestTimeouts: 0, responses4xx: 1, connectionsOpen: 0 })
})

test('a head that stops: 408, and the connection closes', async (t) => {
  const server = serve(t, { ...DEAF, headersTimeout: SHORT })
  for (const start of ['P', 'POST /15 HTTP/1.1\r\n', halfHead]) {
    const client = await connect(t, server)
    await client.write(start)
    await assertRefusedAndClosed(t, client, await client.response(), 408)
  }
  await untilStats(server, { headersTimeouts: 3, requests: 3 })
})

prompt('a head that drips after a request on the same connection: 408', async (t, timeout) => {
  const server = serve(t, { ...DEAF, headersTimeout: timeout })
  const client = await connect(t, server)
  t.is((await client.send('/15')).body, '610')
  await assertRefusedAndClosed(t, client, await drip(client, halfHead), 408)
})

test('a head that drips: 408 by requestTimeout, too', async (t) => {
  const server = serve(t, { ...DEAF, requestTimeout: SHORT })
  const client = await connect(t, server)
  await assertRefusedAndClosed(t, client, await drip(client, halfHead), 408)
  await untilStats(server, { requestTimeouts: 1, headersTimeouts: 0 })
})

for (const [what, start] of [['by length', halfBody], ['in chunks', halfChunked]]) {
  test(`a body ${what} that drips: 408, the handler is not called, and the connection closes`, async (t) => {
    const server = serve(t, { ...DEAF, requestTimeout: SHORT }, () => t.fail('called without its body'))
    const client = await connect(t, server)
    await assertRefusedAndClosed(t, client, await drip(client, start), 408)
    await untilStats(server, { requestTimeouts: 1, headersTimeouts: 0, inFlight: 0, connectionsOpen: 0 })
  })
}

prompt('headersTimeout does not run for the body', async (t, timeout) => {
  const server = serve(t, { ...DEAF, headersTimeout: timeout })
  const client = await connect(t, server)
  await client.write('POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nx')
  const clock = await connect(t, server)
  t.is((await drip(clock, halfHead)).status, 408)
  await client.write('xx')
  t.is((await client.response()).body, '610')
})

test('an idle connection closes without an answer', async (t) => {
  const server = serve(t, { ...DEAF, keepAliveTimeout: SHORT })
  const client = await connect(t, server)
  t.is(await client.rest(), '')
  await untilStats(server, { keepAliveTimeouts: 1, requests: 0, connectionsOpen: 0 })
})

prompt('a connection that idles after a request closes without another answer', async (t, timeout) => {
  const server = serve(t, { ...DEAF, keepAliveTimeout: timeout })
  const client = await connect(t, server)
  t.is((await client.send('/15')).body, '610')
  t.is(await client.rest(), '')
  await untilStats(server, { keepAliveTimeouts: 1, responses2xx: 1, responses4xx: 0, connectionsOpen: 0 })
})

prompt('keepAliveTimeout does not run during a request', async (t, timeout) => {
  const server = serve(t, { ...DEAF, keepAliveTimeout: timeout })
  const client = await connect(t, server)
  await client.write(halfHead)
  const clock = await connect(t, server)
  t.is(await clock.rest(), '')
  await client.write('x\r\n\r\n')
  t.is((await client.response()).body, '610')
})

test('a slow handler: 503, and the connection goes on without the late value', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { ...DEAF, handlerTimeout: LONGER }, (n) => (n === 1 ? handler(n) : fibonacci(n)))
  const client = await connect(t, server)
  const response = client.send('/1')
  await held(1)
  const { status, headers } = await response
  t.is(status, 503)
  t.regex(headers['retry-after'], /^\d+$/)
  t.not(headers.connection, 'close')
  release(1, 111)
  t.is((await client.send('/15')).body, '610')
  t.is((await client.send('/17')).body, '1597')
  await untilStats(server, { handlerTimeouts: 1, responses5xx: 1, responses2xx: 2, inFlight: 0, connectionsOpen: 1 })
})

test('a late value answers no request, not even the next one that waits', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { ...DEAF, handlerTimeout: LONGER }, handler)
  const client = await connect(t, server)
  t.is((await client.send('/1')).status, 503)
  const response = client.send('/2')
  await held(2)
  release(1, 111)
  release(2, 222)
  t.is((await response).body, '222')
})

test('values that come long after very many requests were given up answer no other request', async (t) => {
  const settle = []
  let isOver = false
  const handler = () => (isOver ? 222 : new Promise((resolve) => settle.push(resolve)))
  const server = serve(t, { ...DEAF, handlerTimeout: LONGER }, handler)
  const clients = await connectMany(t, server, 100)
  const each = 15
  const count = each * clients.length
  const ask = () => Promise.all(clients.map((client) => client.write(request('/1').repeat(each))))
  const answers = async () => (await Promise.all(clients.map((client) => client.responses(each)))).flat()
  for (let rounds = 0; rounds < 2; rounds++) {
    await ask()
    t.true((await answers()).every(({ status }) => status === 503))
  }

  await delay(2 * LONGER) // The test holds without this, but in this time the server forgets them.
  const late = settle.splice(0)
  const { handlerTimeouts } = server.stats()
  await ask()
  // Where the machine is slow, some of the calls are given up before they begin.
  await until(() => settle.length + server.stats().handlerTimeouts - handlerTimeouts >= count)
  for (const resolve of late) resolve(111)
  for (const resolve of settle) resolve(222)
  isOver = true
  t.deepEqual((await answers()).filter(({ status, body }) => status !== 503 && body !== '222'), [])
})

test('a late rejection is still reported to onError', async (t) => {
  const told = []
  const { handler, release } = gate()
  const server = serve(t, { ...DEAF, handlerTimeout: SHORT, onError: (error, n) => told.push([error, n]) }, handler)
  t.is((await post(t, server, '/1')).status, 503)
  const error = new Error('late')
  release(1, Promise.reject(error))
  await until(() => told.length > 0)
  t.deepEqual(told, [[error, 1]])
})

test('pipelined answers behind a slow handler keep their order', async (t) => {
  const { handler, held } = gate()
  const server = serve(t, { ...DEAF, handlerTimeout: LONGER }, (n) => (n < 0 ? handler(n) : n))
  const client = await connect(t, server)
  await client.write(['/1', '/-1', '/2', '/x', '/-2', '/3'].map((target) => request(target)).join(''))
  await held(-2)
  const responses = await client.responses(6)
  t.deepEqual(responses.map(({ status }) => status), [200, 503, 200, 400, 503, 200])
  t.deepEqual([0, 2, 5].map((i) => responses[i].body), ['1', '2', '3'])
  t.is((await client.send('/4')).body, '4')
  await untilStats(server, { handlerTimeouts: 2, inFlight: 0 })
})

test('calls that wait behind late ones of their connection are late too, and are not run then', async (t) => {
  const begun = []
  const never = () => {
    begun.push(performance.now())
    return new Promise(() => {})
  }
  const server = serve(t, { ...DEAF, handlerTimeout: LONGER }, { text: () => 'x'.repeat(1e6), never })
  const client = await connect(t, server)
  // On engine node, calls whose answers are expected to be large wait for one another.
  await client.send('/text')
  await client.write(request('/never').repeat(60))
  t.true((await client.responses(60)).every(({ status }) => status === 503))
  t.true(begun.at(-1) - begun[0] < LONGER)
  await untilStats(server, { handlerTimeouts: 60, inFlight: 0 })
})

prompt('calls are not late because their client does not read', async (t, timeout) => {
  const functions = { text: () => 'x'.repeat(1e6), never: () => new Promise(() => {}) }
  const server = serve(t, { ...DEAF, path: socketPath(t), handlerTimeout: timeout }, functions)
  const client = await connect(t, server)
  await client.write(request('/text').repeat(5))
  t.is((await post(t, server, '/never')).status, 503)
  t.true((await client.responses(5)).every(({ status }) => status === 200))
})

prompt("a slow handler is not cut off by the client's timeouts", async (t, timeout) => {
  const { handler, held, release } = gate()
  const timeouts = { headersTimeout: timeout, requestTimeout: timeout, keepAliveTimeout: timeout, sendTimeout: timeout }
  const server = serve(t, { ...DEAF, ...timeouts }, handler)
  const clients = await Promise.all([1, 2, 3].map(() => connect(t, server)))
  await clients[0].write(request('/1'))
  await clients[1].write(request('/2', { body: 'a body' }))
  await clients[2].write(request('/3').repeat(70))
  await Promise.all([1, 2, 3].map(held))

  // Meanwhile these timeouts run out for clients that came later.
  const dripping = [halfHead, halfBody].map(async (start) => {
    const client = await connect(t, server)
    return (await drip(client, start)).status
  })
  t.deepEqual(await Promise.all(dripping), [408, 408])
  const idle = await connect(t, server)
  t.is(await idle.rest(), '')
  await untilStats(server, { headersTimeouts: 1, requestTimeouts: 1, keepAliveTimeouts: 1 })

  for (const n of [1, 2, 3]) release(n, n * 10)
  t.is((await clients[0].response()).body, '10')
  t.is((await clients[1].response()).body, '20')
  t.deepEqual((await clients[2].responses(70)).map(({ body }) => body), Array(70).fill('30'))
})

prompt('half a request behind a slow handler: 408 after its answer', async (t, timeout) => {
  const { handler, held, release } = gate()
  const server = serve(t, { ...DEAF, headersTimeout: timeout }, handler)
  const client = await connect(t, server)
  await client.write(request('/1') + halfHead)
  await held(1)
  await untilStats(server, { headersTimeouts: 1 })
  release(1, 10)
  t.is((await client.response()).body, '10')
  await assertRefusedAndClosed(t, client, await client.response(), 408)
})

for (const what of ['TCP', 'a Unix domain socket']) {
  test(`a client that reads none of its answers over ${what} is closed`, async (t) => {
    const where = what === 'TCP' ? {} : { path: socketPath(t) }
    const server = serve(t, { ...DEAF, ...where, sendTimeout: SHORT }, () => large)
    const client = await connect(t, server)
    client.write(request('/1').repeat(20_000)).catch(() => {})
    await untilStats(server, { sendTimeouts: 1, connectionsOpen: 0, inFlight: 0 })
    await client.gone()
    t.true(server.stats().responses2xx < 20_000)
  })
}

test('a client that reads slowly but goes on is not closed', async (t) => {
  // Longer than a busy machine's pauses, in which the client does not read.
  const server = serve(t, { ...DEAF, path: socketPath(t), sendTimeout: 2000 }, () => large)
  const slow = await connect(t, server)
  let count = 50_000
  slow.write(request('/1').repeat(count)).catch(() => {})
  // Meanwhile two clients in turn that read nothing are closed.
  for (const sendTimeouts of [1, 2]) {
    const deaf = await connect(t, server)
    deaf.write(request('/1').repeat(2000)).catch(() => {})
    while (server.stats().sendTimeouts < sendTimeouts) {
      t.true((await slow.responses(10)).every(({ status }) => status === 200))
      count -= 10
      await delay(5)
    }
  }
  t.true(count > 1000, 'answers are left to read')
  const digits = String(large)
  const responses = await slow.responses(1000)
  t.true(responses.every(({ body }) => body === digits))
  t.is(server.stats().sendTimeouts, 2)
})

// Node.js does not report how much a socket has left to send.
ringTest(test)('a client that reads one response slowly over TCP, and goes on, is not closed', async (t) => {
  const sendTimeout = 2000
  const text = 'x'.repeat(8 * 2 ** 20)
  const server = serve(t, { ...DEAF, sendTimeout }, { text: typed('() => text', () => text) })
  const socket = net.connect(server.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('POST /text HTTP/1.1\r\nHost: localhost\r\n\r\n')
  let read = 0
  // This reads far less per timeout than the third of a socket's buffer that must be free before it takes more.
  for (const started = performance.now(); performance.now() - started < 3 * sendTimeout;) {
    read += socket.read(8192)?.length ?? 0
    await delay(50)
  }
  t.is(server.stats().sendTimeouts, 0)
  socket.on('data', (chunk) => { read += chunk.length })
  while (read < text.length) await once(socket, 'data')
})

test('a timeout of 0 never runs out', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, DEAF, handler)
  const [idle, head, body, waiting, deaf] = await Promise.all(Array.from({ length: 5 }, () => connect(t, server)))
  await head.write(halfHead)
  await body.write('POST /2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nx')
  await waiting.write(request('/3'))
  deaf.write(request('/4').repeat(20_000)).catch(() => {})
  release(4, large)
  await held(3)

  // For each timeout, it runs out on another server for a client that came later.
  const bytes = {
    headersTimeout: halfHead,
    requestTimeout: halfBody,
    keepAliveTimeout: '',
    handlerTimeout: request('/3'),
    sendTimeout: request('/4').repeat(20_000)
  }
  for (const [name, sent] of Object.entries(bytes)) {
    const clock = serve(t, { ...DEAF, [name]: SHORT }, (n) => (n === 4 ? large : new Promise(() => {})))
    const client = await connect(t, clock)
    client.write(sent).catch(() => {})
    await untilStats(clock, { [`${name}s`]: 1 })
  }

  await untilStats(server, { connectionsOpen: 5 })
  release(1, 0)
  release(15, 1)
  release(2, 2)
  await head.write('x\r\n\r\n')
  await body.write('xx')
  release(3, 3)
  t.is((await idle.send('/1')).body, '0')
  t.is((await head.response()).body, '1')
  t.is((await body.response()).body, '2')
  t.is((await waiting.response()).body, '3')
  t.is((await deaf.response()).body, String(large))
  const stats = server.stats()
  t.deepEqual(Object.keys(DEAF).map((name) => stats[`${name}s`]), [0, 0, 0, 0, 0])
})

test('prompt clients run into none of the timeouts', async (t) => {
  const timeouts = Object.fromEntries(Object.keys(DEAF).map((name) => [name, 1000]))
  const server = serve(t, timeouts)
  const client = await connect(t, server)
  for (let i = 0; i < 300; i++) {
    t.is((await client.send('/15', { body: 'x'.repeat(i) })).body, '610')
    if (i % 10 === 0) await delay(10)
  }
  await assertServes(t, server)
})

test('a promise that resolves to no integer after handlerTimeout is given up only once', async (t) => {
  const { promise, resolve } = withResolvers()
  const server = serve(t, { handlerTimeout: 50, onError: () => {} }, (n) => (n === 0 ? promise : n))
  const client = await connect(t, server)
  t.is((await client.send('/0')).status, 503)
  resolve({})
  await until(() => server.stats().handlerErrors === 1)
  // Long enough for the server to look for due calls several times.
  for (let n = 1; n < 4; n++) {
    t.is((await client.send(`/${n}`)).body, String(n))
    await delay(100)
  }
  const { handlerTimeouts, oldestInFlight } = server.stats()
  t.deepEqual([handlerTimeouts, oldestInFlight], [1, 0])
})
