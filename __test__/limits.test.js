'use strict'

const test = require('ava')
const {
  assertRefused, assertServes, connect, fibonacci, gate, post, promptTest, request, ringTest, serve, untilStats
} = require('./helpers.js')

const KIB = 1024

const chunked = (...lengths) => ({
  headers: { 'Transfer-Encoding': 'chunked' },
  body: `${lengths.map((length) => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`).join('')}0\r\n\r\n`
})

// The refusal of a request that exceeds a limit may arrive before all of the request is sent.
async function statusOf(t, server, bytes) {
  const client = await connect(t, server)
  client.write(bytes).catch(() => {})
  const { status } = await client.response()
  await client.gone()
  return status
}

test('a head of nearly 16 KiB is read, a longer one gets 431', async (t) => {
  const server = serve(t)
  t.is((await post(t, server, '/15', { headers: { 'X-Long': 'x'.repeat(15 * KIB) } })).body, '610')
  t.is(await statusOf(t, server, request('/15', { headers: { 'X-Long': 'x'.repeat(17 * KIB) } })), 431)
  await assertServes(t, server)
})

test('a request line of nearly 16 KiB is read, a longer one gets 414', async (t) => {
  const server = serve(t)
  t.is((await post(t, server, `/15?${'x'.repeat(15 * KIB)}`)).body, '610')
  t.is(await statusOf(t, server, request(`/15?${'x'.repeat(17 * KIB)}`)), 414)
  await assertServes(t, server)
})

test('100 header fields are read, more get 431', async (t) => {
  const server = serve(t)
  const fields = (count) => ({ headers: Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, 'x'])) })
  t.is((await post(t, server, '/15', fields(99))).body, '610', '100 with Host')
  t.is(await statusOf(t, server, request('/15', fields(100))), 431)
  await assertServes(t, server)
})

test('a body of 64 KiB is skipped, a longer one gets 413', async (t) => {
  const server = serve(t)
  t.is((await post(t, server, '/15', { body: 'x'.repeat(64 * KIB) })).body, '610')
  t.is(await statusOf(t, server, request('/15', { body: 'x'.repeat(64 * KIB + 1) })), 413)
  t.is((await post(t, server, '/15', chunked(64 * KIB))).body, '610')
  t.is(await statusOf(t, server, request('/15', chunked(64 * KIB + 1))), 413)
  await assertServes(t, server)
})

test('maxHeaderSize: a head of that size is read, one byte more gets 431, or 414 in the request line', async (t) => {
  const server = serve(t, { maxHeaderSize: 256 })
  const head = (length) => {
    const empty = request('/15', { headers: { 'X-Pad': '' } })
    return request('/15', { headers: { 'X-Pad': 'x'.repeat(length - empty.length) } })
  }
  const client = await connect(t, server)
  await client.write(head(256))
  t.is((await client.response()).body, '610')
  t.is(await statusOf(t, server, head(257)), 431)
  t.is(await statusOf(t, server, request(`/15?${'x'.repeat(256)}`)), 414)
  await client.write(head(256))
  t.is((await client.response()).body, '610')
  await untilStats(server, { headersTooLarge: 2, responses4xx: 2, responses2xx: 2 })
})

ringTest(test)('maxHeaderSize counts every byte before the end of the head, too', async (t) => {
  const server = serve(t, { maxHeaderSize: 256 })
  t.is(await statusOf(t, server, `${request('/15', { headers: { 'X-Pad': 'x'.repeat(256) } }).slice(0, 257)}`), 431)
  t.is(await statusOf(t, server, `POST /15?${'x'.repeat(256)}`), 414)
})

test('maxHeaderSize may be larger than the default', async (t) => {
  const server = serve(t, { maxHeaderSize: 512 * KIB })
  t.is((await post(t, server, '/15', { headers: { 'X-Long': 'x'.repeat(500 * KIB) } })).body, '610')
  t.is(await statusOf(t, server, request('/15', { headers: { 'X-Long': 'x'.repeat(513 * KIB) } })), 431)
})

test('maxBodySize: a body of that size is skipped, one byte more gets 413, by length and in chunks', async (t) => {
  const server = serve(t, { maxBodySize: 10 })
  const client = await connect(t, server)
  t.is((await client.send('/15', { body: 'x'.repeat(10) })).body, '610')
  t.is((await client.send('/15', chunked(10))).body, '610')
  t.is((await client.send('/15', chunked(1, 2, 3, 4))).body, '610')
  t.is(await statusOf(t, server, request('/15', { body: 'x'.repeat(11) })), 413)
  t.is(await statusOf(t, server, request('/15', chunked(11))), 413)
  t.is(await statusOf(t, server, request('/15', chunked(5, 5, 1))), 413)
  await untilStats(server, { bodiesTooLarge: 3, responses4xx: 3, responses2xx: 3 })
})

test('a Content-Length beyond maxBodySize gets 413 before the body is sent', async (t) => {
  const server = serve(t, { maxBodySize: 10 }, () => t.fail('called'))
  const length = (value, more = {}) => request('/15', { headers: { 'Content-Length': value, ...more } })
  t.is(await statusOf(t, server, length('11')), 413)
  t.is(await statusOf(t, server, length('18446744073709551615')), 413)
  t.is(await statusOf(t, server, length('11', { Expect: '100-continue' })), 413)
})

test('maxBodySize 0: any body is refused', async (t) => {
  const server = serve(t, { maxBodySize: 0 })
  t.is((await post(t, server, '/15')).body, '610')
  t.is((await post(t, server, '/15', { headers: { 'Content-Length': '0' } })).body, '610')
  t.is((await post(t, server, '/15', chunked())).body, '610')
  t.is(await statusOf(t, server, request('/15', { body: 'x' })), 413)
  t.is(await statusOf(t, server, request('/15', chunked(1))), 413)
})

test('the largest maxBodySize accepts a body of 16 MiB', async (t) => {
  const server = serve(t, { maxBodySize: Number.MAX_SAFE_INTEGER })
  t.is((await post(t, server, '/15', { body: 'x'.repeat(16 * KIB * KIB) })).body, '610')
})

test('maxConnections 2: the third waits, and is served when one ends', async (t) => {
  const server = serve(t, { maxConnections: 2 })
  const [first, second] = [await connect(t, server), await connect(t, server)]
  t.is((await first.send('/15')).body, '610')
  t.is((await second.send('/15')).body, '610')
  const third = await connect(t, server)
  let served = false
  const response = third.send('/17').finally(() => (served = true))
  for (let i = 0; i < 50; i++) t.is((await first.send('/15')).body, '610')
  t.false(served)
  t.like(server.stats(), { connectionsOpen: 2, connectionsAccepted: 2, requests: 52 })
  second.end()
  t.is((await response).body, '1597')
  t.is((await first.send('/15')).body, '610')
  t.true(server.stats().acceptPauses >= 1)
})

test('maxConnections 1: a hundred clients are served one after the other', async (t) => {
  const server = serve(t, { maxConnections: 1 })
  const bodies = await Promise.all(Array.from({ length: 100 }, async (_, n) => {
    const client = await connect(t, server)
    const { body } = await client.send(`/${n % 78}`)
    t.is(server.stats().connectionsOpen <= 1, true)
    client.end()
    await client.gone()
    return body
  }))
  t.deepEqual(bodies, Array.from({ length: 100 }, (_, n) => String(fibonacci(n % 78))))
  await untilStats(server, { connectionsOpen: 0, connectionsAccepted: 100 })
})

test('a client that waits past maxConnections and leaves affects no other client', async (t) => {
  const server = serve(t, { maxConnections: 1 })
  const first = await connect(t, server)
  t.is((await first.send('/15')).body, '610')
  for (let i = 0; i < 20; i++) {
    const waiting = await connect(t, server)
    if (i % 2) await waiting.write(request('/15'))
    waiting.reset()
  }
  t.is((await first.send('/15')).body, '610')
  first.end()
  await assertServes(t, server)
  await untilStats(server, { connectionsOpen: 0 })
})

test('close() with clients that wait past maxConnections', async (t) => {
  const server = serve(t, { maxConnections: 1 })
  const first = await connect(t, server)
  t.is((await first.send('/15')).body, '610')
  const waiting = await Promise.all(Array.from({ length: 10 }, () => connect(t, server)))
  await Promise.all([server.close(), first.gone(), ...waiting.map((client) => client.gone())])
  await assertRefused(t, server)
})

test('maxInFlight 1: the next request gets 503 with Retry-After at once, and the first goes on', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { maxInFlight: 1 }, handler)
  const first = await connect(t, server)
  await first.write(request('/1'))
  await held(1)
  const second = await connect(t, server)
  for (let i = 0; i < 3; i++) {
    const { status, headers, body } = await second.send('/2')
    t.is(status, 503)
    t.is(headers['retry-after'], '1')
    t.is(headers['content-type'], 'text/plain; charset=utf-8')
    t.regex(body, /^[A-Z].*\.\n?$/)
  }
  release(1, 10)
  t.is((await first.response()).body, '10')
  release(2, 20)
  t.is((await second.send('/2')).body, '20')
  await untilStats(server, { overloaded: 3, responses5xx: 3, responses2xx: 2, inFlight: 0 })
})

test('maxInFlight 1: refusals wait their turn behind earlier pipelined requests', async (t) => {
  const { handler, held, release } = gate()
  const client = await connect(t, serve(t, { maxInFlight: 1 }, handler))
  await client.write(request('/1') + request('/2') + request('/x') + request('/3'))
  await held(1)
  release(1, 10)
  t.deepEqual((await client.responses(4)).map(({ status }) => status), [200, 503, 400, 503])
})

promptTest(test)('promises that never settle are in flight until handlerTimeout and no longer', async (t, timeout) => {
  const never = new Promise(() => {})
  const server = serve(t, { maxInFlight: 2, handlerTimeout: timeout }, (n) => (n < 0 ? never : fibonacci(n)))
  for (let round = 1; round <= 3; round++) {
    const clients = [await connect(t, server), await connect(t, server)]
    const stuck = clients.map((client) => client.send('/-1'))
    t.deepEqual((await Promise.all(stuck)).map(({ status }) => status), [503, 503])
    await untilStats(server, { inFlight: 0, handlerTimeouts: 2 * round })
    t.is((await clients[0].send('/15')).body, '610')
  }
})

promptTest(test)('promises whose clients have left are in flight until handlerTimeout and no longer', async (t, timeout) => {
  const { handler, held, release } = gate()
  const server = serve(t, { maxInFlight: 2, handlerTimeout: timeout }, (n) => (n < 0 ? handler(n) : fibonacci(n)))
  for (let round = 1; round <= 3; round++) {
    for (const n of [-round, -10 * round]) {
      const client = await connect(t, server)
      await client.write(request(`/${n}`))
      await held(n)
      client.reset()
    }
    await untilStats(server, { connectionsOpen: 0, inFlight: 0 })
    await assertServes(t, server)
  }
  for (const n of [-1, -10, -2, -20]) release(n, 0)
  for (let i = 0; i < 20; i++) await assertServes(t, server)
  await untilStats(server, { connectionsOpen: 0, inFlight: 0 })
})

test('promises whose clients have left are in flight until they settle, without handlerTimeout', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { maxInFlight: 2, handlerTimeout: 0 }, (n) => (n < 0 ? handler(n) : fibonacci(n)))
  for (const n of [-1, -2]) {
    const client = await connect(t, server)
    await client.write(request(`/${n}`))
    await held(n)
    client.reset()
  }
  await untilStats(server, { connectionsOpen: 0, inFlight: 2 })
  t.is((await post(t, server, '/15')).status, 503)
  release(-1, 0)
  await untilStats(server, { inFlight: 1 })
  await assertServes(t, server)
  release(-2, 0)
  await untilStats(server, { inFlight: 0, overloaded: 1 })
})
