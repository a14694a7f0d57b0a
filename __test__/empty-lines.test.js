'use strict'

// Empty lines between requests (RFC 9112 section 2.2): old clients send one line end too many after a body.

const test = require('ava')
const { assertServes, connect, connectMany, post, request, serve, untilStats } = require('./helpers.js')

const SHORT = 60
const DEAF = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0, handlerTimeout: 0, sendTimeout: 0 }
// As many as are ignored.
const MANY = '\r\n'.repeat(4)

// Connections on which nothing but these has arrived: as the first bytes, or after a request.
async function connectWith(t, server, lines) {
  const { bytesReceived } = server.stats()
  const [fresh, used] = [await connect(t, server), await connect(t, server)]
  t.is((await used.send('/15')).body, '610')
  for (const client of [fresh, used]) await client.write(lines)
  await untilStats(server, { bytesReceived: bytesReceived + request('/15').length + 2 * lines.length })
  return [fresh, used]
}

for (const lines of ['\r\n', '\r', '\r\n\r', MANY]) {
  const what = JSON.stringify(lines)

  test(`after ${what} a connection idles, and closes without an answer`, async (t) => {
    // The other timeouts are shorter than keepAliveTimeout, and would run out first.
    const server = serve(t, { ...DEAF, headersTimeout: SHORT, requestTimeout: 2 * SHORT, keepAliveTimeout: 10 * SHORT })
    for (const client of await connectWith(t, server, lines)) t.is(await client.rest(), '')
    await untilStats(server, { keepAliveTimeouts: 2, headersTimeouts: 0, requestTimeouts: 0, connectionsOpen: 0 })
    t.is(server.stats().responses4xx, 0)
  })

  test(`after ${what} a connection is idle for close()`, async (t) => {
    const server = serve(t, DEAF)
    const clients = await connectWith(t, server, lines)
    await server.close()
    for (const client of clients) t.is(await client.rest(), '')
  })

  test(`after ${what} a connection is idle for closeIdleConnections()`, async (t) => {
    const server = serve(t, DEAF)
    const clients = await connectWith(t, server, lines)
    server.closeIdleConnections()
    for (const client of clients) t.is(await client.rest(), '')
  })
}

test('a request behind empty lines is answered, however they are cut', async (t) => {
  const server = serve(t, DEAF)
  const client = await connect(t, server)
  const other = await connect(t, server)
  for (let at = 0; at <= MANY.length; at++) {
    await client.write(MANY.slice(0, at))
    await other.send('/1')
    await client.write(MANY.slice(at) + request('/15', { body: 'abc' }))
    t.is((await client.response()).body, '610', `cut at ${at}`)
  }
})

test('a head that stops after empty lines gets 408', async (t) => {
  const server = serve(t, { ...DEAF, headersTimeout: SHORT })
  for (const before of ['', request('/15')]) {
    const client = await connect(t, server)
    await client.write(`${before}\r\n`)
    if (before !== '') t.is((await client.response()).body, '610')
    await client.write('\r\nPOST /15 HT')
    t.is((await client.response()).status, 408)
  }
  await untilStats(server, { headersTimeouts: 2 })
})

test('more empty lines get 400, and the connection ends', async (t) => {
  const server = serve(t, DEAF)
  for (const before of ['', request('/15')]) {
    const client = await connect(t, server)
    await client.write(before)
    if (before !== '') t.is((await client.response()).body, '610')
    for (let lines = 0; lines < 5; lines++) await client.write('\r\n')
    const { status, headers } = await client.response()
    t.deepEqual([status, headers.connection], [400, 'close'])
    t.is(await client.rest(), '')
  }
})

test('clients that drip empty lines do not hold their connections forever', async (t) => {
  const server = serve(t, { ...DEAF, keepAliveTimeout: 500, maxConnections: 20 })
  const clients = await connectMany(t, server, 20)
  let isOver = false
  const dripping = clients.map(async (client) => {
    while (!isOver) {
      await client.write('\r\n').catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })
  const ends = clients.map((client) => client.gone())
  await assertServes(t, server)
  await Promise.all(ends)
  isOver = true
  await Promise.all(dripping)
  t.is((await post(t, server, '/15')).body, '610')
})
