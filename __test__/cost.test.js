'use strict'

// What hostile clients cost the server in memory, descriptors and processor time, measured on a process of its own.
// RINGCALL_TEST_FULL=1 runs the full counts, which take minutes.

const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava').serial // Each takes thousands of descriptors.
const {
  connect, connectMany, fibonacci, has, post, request, ringThreads, serveApart, start, withResolvers
} = require('./helpers.js')

const KIB = 1024
const MIB = 1024 * KIB
const FULL = process.env.RINGCALL_TEST_FULL === '1'
const FOREVER = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0, handlerTimeout: 0, sendTimeout: 0 }

const percent = (share) => `${(100 * share).toFixed(2)}%`
const kib = (bytes) => `${(bytes / KIB).toFixed(1)} KiB`

async function untilStat(server, name, holds) {
  while (!holds(await server.stat(name))) await delay(5)
}

// The share of one processor that the server uses while it gets no requests.
async function cpuShare(server, ms) {
  const [cpu, start] = [server.cpu(), performance.now()]
  await delay(ms)
  return (server.cpu() - cpu) / ((performance.now() - start) / 1000)
}

async function assertServesOn(t, server) {
  t.is((await server.client.send('/15')).body, '610')
  t.is((await post(t, server.port, '/17')).body, '1597')
}

const idleCount = FULL ? 10_000 : 2000

test(`${idleCount} idle connections: under 10 KiB each, hardly any processor time, and all are served`, async (t) => {
  const server = await serveApart(t, { ...FOREVER, maxConnections: 20_000 })
  const before = await server.rss()
  const clients = await connectMany(t, server.port, idleCount)
  await untilStat(server, 'connectionsOpen', (open) => open === idleCount + 1)
  const fresh = (await server.rss()) - before
  for (const client of clients) t.is((await client.send('/15')).body, '610')
  const used = (await server.rss()) - before
  const share = await cpuShare(server, 3000)
  t.log(`${kib(fresh / idleCount)} each, ${kib(used / idleCount)} after a request`)
  t.log(`${percent(share)} of a processor while they idle`)
  t.true(Math.max(fresh, used) < (idleCount / 10_000) * 100 * MIB)
  t.true(share < 0.05, percent(share)) // A busy machine counts other things, too.
  await assertServesOn(t, server)
  for (const client of clients) client.reset()
  await untilStat(server, 'connectionsOpen', (open) => open === 1)
})

const unfinished = {
  'a head of 16,000 bytes without an end': `POST /15 HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(15_950)}`,
  'a head of 99 fields without an end': `POST /15 HTTP/1.1\r\nHost: localhost\r\n${'X-Field: value\r\n'.repeat(99)}`,
  'a body of 60,000 bytes without an end':
    `POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60001\r\n\r\n${'x'.repeat(60_000)}`,
  'a body of 9,000 chunks without an end':
    `POST /15 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(9000)}`,
  '2000 pipelined requests behind one that waits': request('/-100') + request('/15').repeat(2000)
}

for (const [what, bytes] of Object.entries(unfinished)) {
  test(`${what}: under 64 KiB for the connection`, async (t) => {
    const count = FULL ? 1000 : 500
    const server = await serveApart(t, FOREVER)
    // The memory that V8 takes once it is busy is not that of the connections.
    for (let i = 0; i < 20; i++) {
      await server.client.write(request('/15').repeat(1000))
      await server.client.responses(1000)
    }
    const before = await server.rss()
    const clients = await connectMany(t, server.port, count)
    for (const client of clients) client.write(bytes).catch(() => {})
    // Everything is sent, or held up, once the server finds nothing more to do.
    while ((await cpuShare(server, 100)) > 0.05);
    const each = ((await server.rss()) - before) / count
    t.log(`${kib(each)} each`)
    // The allocator keeps the threads' memory apart, and some of it for itself: once for each ring thread but the first,
    // and once where the ring's memory lies among JavaScript's.
    const arenas = Math.abs(ringThreads - 1)
    t.true(each < 64 * KIB + (arenas * 8 * KIB * KIB) / count, kib(each))
    await assertServesOn(t, server)
  })
}

// Sends requests with the smallest receive window there is, reads nothing, and prints `stuck` when nothing moves.
const deafClients = `
import selectors, socket, sys, time
port, clients, requests = map(int, sys.argv[1:])
wire = memoryview(b'POST /15 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' * requests)
waiting = selectors.DefaultSelector()
peers = [socket.socket() for _ in range(clients)]
for peer in peers:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    peer.connect(('127.0.0.1', port))
    peer.setblocking(False)
    waiting.register(peer, selectors.EVENT_WRITE, [0])
while ready := waiting.select(1):
    for key, _ in ready:
        key.data[0] += key.fileobj.send(wire[key.data[0]:])
        if key.data[0] == len(wire): waiting.unregister(key.fileobj)
print('stuck', flush=True)
time.sleep(3600)
`

test('clients with 100,000 pipelined requests that read nothing: under 1 MiB each, others are served', async (t) => {
  if (!has(t, 'python3')) return
  const count = FULL ? 100 : 30
  const server = await serveApart(t, FOREVER)
  const before = await server.rss()
  const deaf = start(t, ['-c', deafClients, String(server.port), String(count), '100000'], { command: 'python3' })
  const stuck = deaf.line()
  while ((await server.stat('connectionsOpen')) < count + 1) await assertServesOn(t, server)
  t.is(await stuck, 'stuck')
  const each = ((await server.rss()) - before) / count
  t.log(`${kib(each)} each`)
  t.true(each < MIB, kib(each))
  t.is(await server.stat('connectionsOpen'), count + 1, 'all are still connected')
  await assertServesOn(t, server)
  deaf.kill('SIGKILL')
  await untilStat(server, 'connectionsOpen', (open) => open === 1)
})

// Sends many requests with a small receive window, and reads the answers little by little meanwhile.
const slowReader = `
import selectors, socket, sys
port, requests = map(int, sys.argv[1:])
wire = memoryview(b'POST /15 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' * requests)
peer = socket.socket()
peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
peer.connect(('127.0.0.1', port))
peer.setblocking(False)
waiting = selectors.DefaultSelector()
waiting.register(peer, selectors.EVENT_READ | selectors.EVENT_WRITE)
sent, answers, rest = 0, 0, b''
while answers < requests:
    for _, events in waiting.select():
        if events & selectors.EVENT_WRITE:
            sent += peer.send(wire[sent:])
            if sent == len(wire): waiting.modify(peer, selectors.EVENT_READ)
        if events & selectors.EVENT_READ:
            chunk = peer.recv(700)
            if not chunk: sys.exit('closed after %d answers' % answers)
            *whole, rest = (rest + chunk).split(b'HTTP/1.1 200 OK')
            answers += sum(part.endswith(b'\\r\\n\\r\\n610') for part in whole)
            if rest.endswith(b'\\r\\n\\r\\n610'): answers, rest = answers + 1, b''
print(answers)
`

test('a slow reader of 100,000 pipelined requests gets every answer while others are served', async (t) => {
  if (!has(t, 'python3')) return
  const server = await serveApart(t, {})
  const slow = start(t, ['-c', slowReader, String(server.port), '100000'], { command: 'python3' })
  let done = false
  const answers = slow.line().finally(() => (done = true))
  let others = 0
  for (; !done; others++) await assertServesOn(t, server)
  t.is(await answers, '100000')
  t.log(`${others} others served meanwhile`)
  t.true(others > 0)
})

const drippingCount = FULL ? 5000 : 1000

test(`${drippingCount} connections that drip bytes get 408, and working ones are served meanwhile`, async (t) => {
  const server = await serveApart(t, { headersTimeout: 5000, requestTimeout: 6000 })
  const starts = ['POST /15 HTTP/1.1\r\nX: ', 'POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n']
  let refused = 0
  const finished = withResolvers()
  const dripping = new Set()
  for (const [i, client] of (await connectMany(t, server.port, drippingCount)).entries()) {
    dripping.add(client)
    await client.write(starts[i % 2])
    client.response().then(({ status }) => {
      if (status === 408) refused++
    }).catch(() => {}).finally(() => {
      dripping.delete(client)
      if (dripping.size === 0) finished.resolve()
    })
  }
  let served = 0
  const working = (async () => {
    for (; dripping.size > 0; served++) t.is((await server.client.send('/15')).body, '610')
  })()
  while (dripping.size > 0) {
    for (const [i, client] of [...dripping].entries()) {
      client.write('x').catch(() => {})
      if (i % 50 === 0) await delay(1) // Lets the working connection's answers in.
    }
    await delay(1)
  }
  await Promise.all([finished.promise, working])
  t.log(`${served} requests served meanwhile`)
  t.is(refused, drippingCount)
  t.is((await server.stat('headersTimeouts')) + (await server.stat('requestTimeouts')), drippingCount)
  await assertServesOn(t, server)
})

test('out of descriptors: accepting pauses, open connections go on, waiting ones are served later', async (t) => {
  // Idle connections stay, however long a busy machine takes to calm down.
  const server = await serveApart(t, { keepAliveTimeout: 0 }, { limit: 'ulimit -n 64' })
  // Another ring thread may take the last descriptor before this connection is accepted.
  t.is((await server.client.send('/15')).body, '610')
  const holding = await connectMany(t, server.port, 100)
  const responses = holding.map((client) => client.send('/15'))
  for (const response of responses) response.catch(() => {})
  // With several ring threads the first connection may be one that waits.
  await Promise.race(responses)
  while ((await cpuShare(server, 100)) > 0.05);
  const open = await server.stat('connectionsOpen')
  t.true(open > 10 && open < 64, `${open} connections`)
  const share = await cpuShare(server, 2000)
  t.log(`${open} connections open, ${percent(share)} of a processor`)
  t.true(share < 0.05, percent(share))
  for (let i = 0; i < 100; i++) t.is((await server.client.send('/15')).body, '610')
  t.true((await server.stat('acceptPauses')) > 0, 'acceptPauses')
  // Descriptors that Node.js opens and closes for itself make room, too.
  const still = await server.stat('connectionsOpen')
  t.true(still >= open && still < 64, `it keeps those that it has: ${open}, then ${still} connections`)

  // Each client that has been answered makes room for another; with several ring threads, for any of them.
  const waiting = new Map(holding.map((client, i) => [client, responses[i]]))
  while (waiting.size > 0) {
    const next = await Promise.race([...waiting].map(async ([client, response]) => [client, await response]))
    const [client, { body }] = next
    t.is(body, '610')
    waiting.delete(client)
    client.reset()
  }
  await assertServesOn(t, server)
})

const churnCount = FULL ? 100_000 : 10_000

test(`${churnCount} connections come and go: descriptors and memory are as before`, async (t) => {
  const server = await serveApart(t, { ...FOREVER, handlerTimeout: 1000 })
  const chunked = { headers: { 'Transfer-Encoding': 'chunked' }, body: '5\r\nabc' }
  const deeds = [
    (client) => client.send('/15'),
    () => {},
    (client) => client.write('POST /15 HT'),
    (client) => client.write(request('/15')),
    (client) => client.write(request('/15', chunked)),
    (client) => client.write(request('/-100')),
    (client) => client.send('/x'),
    (client) => client.send('/15', { headers: { Connection: 'close' } })
  ]
  const churn = async (count) => {
    let started = 0
    const one = async () => {
      while (started < count) {
        const deed = deeds[started++ % deeds.length]
        const client = await connect({ teardown() {} }, server.port)
        await deed(client)
        client.reset()
      }
    }
    await Promise.all(Array.from({ length: 50 }, one))
    await untilStat(server, 'connectionsOpen', (open) => open === 1)
    return { rss: await server.rss(), descriptors: server.descriptors() }
  }
  const before = await churn(churnCount / 5)
  const after = await churn((churnCount / 5) * 4)
  const grown = after.rss - before.rss
  t.log(`${kib(before.rss)} and ${before.descriptors} descriptors, then ${kib(grown)} more and ${after.descriptors}`)
  t.is(after.descriptors, before.descriptors)
  t.true(grown < 8 * MIB, kib(grown))
  t.is(await server.stat('connectionsAccepted'), churnCount + 1)
  await assertServesOn(t, server)
})

const floodRounds = FULL ? 500 : 50

test(`${floodRounds} floods past maxInFlight: answers are right or 503, in order; memory does not grow`, async (t) => {
  const server = await serveApart(t, { maxInFlight: 10 })
  const clients = await connectMany(t, server.port, 50)
  const counts = { 200: 0, 503: 0 }
  const flood = async (client, first) => {
    const numbers = Array.from({ length: 40 }, (_, i) => (first + i) % 78)
    const sent = client.write(numbers.map((n) => request(`/${n}`)).join(''))
    for (const n of numbers) {
      const { status, headers, body } = await client.response()
      counts[status]++
      if (status === 503) t.truthy(headers['retry-after'])
      else t.deepEqual([status, body], [200, String(fibonacci(n))])
    }
    return sent
  }
  const floods = async (rounds) => {
    for (let round = 0; round < rounds; round++) await Promise.all(clients.map((client, i) => flood(client, round + i)))
    return server.rss()
  }
  const before = await floods(floodRounds / 5)
  const grown = (await floods((floodRounds / 5) * 4)) - before
  t.log(`${counts[200]} answered, ${counts[503]} refused, ${kib(grown)} more`)
  t.is(counts[200] + counts[503], floodRounds * 50 * 40)
  t.is(await server.stat('overloaded'), counts[503])
  t.true(counts[200] > 0 && counts[503] > 0)
  t.true(grown < 8 * MIB, kib(grown))
  for (const client of clients) t.is((await client.send('/15')).body, '610')
})

const heads = {
  'a long field': `POST /15 HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(12_000)}\r\n\r\n`,
  'many fields': `POST /15 HTTP/1.1\r\nHost: localhost\r\n${`X: ${'x'.repeat(120)}\r\n`.repeat(90)}\r\n`,
  'a long target': `POST /15?${'x'.repeat(12_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  'empty lines first': `${'\r\n'.repeat(6000)}${request('/15')}`,
  'small chunks':
    `POST /15 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(2000)}0\r\n\r\n`
}

for (const [what, bytes] of Object.entries(heads)) {
  test(`${what}, sent byte by byte, costs the server no more than ten times what sending costs`, async (t) => {
    const server = await serveApart(t, FOREVER)
    const client = await connect(t, server.port)
    const [cpu, mine] = [server.cpu(), process.cpuUsage()]
    let answered = false
    const response = client.response().finally(() => (answered = true))
    let at = 0
    for (; at < bytes.length && !answered; at++) {
      await client.write(bytes[at]).catch(() => {})
      if (at % 64 === 0) await delay(0)
    }
    const { status } = await response
    const { user, system } = process.cpuUsage(mine)
    const [spent, sending] = [server.cpu() - cpu, (user + system) / 1e6]
    t.log(`${status}: ${spent.toFixed(2)} s for ${at} bytes, which took ${sending.toFixed(2)} s to send`)
    t.true(spent < 10 * sending + 0.05) // Some hundredths of a second are noise.
    await assertServesOn(t, server)
  })
}
