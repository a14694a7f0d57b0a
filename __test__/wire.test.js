'use strict'

const test = require('ava')
const { assertServes, connect, gate, large, post, request, serve, untilStats } = require('./helpers.js')

test('an answer has a date, a length and a type', async (t) => {
  const { status, headers, body } = await post(t, serve(t), '/15')
  t.is(status, 200)
  t.is(new Date(headers.date).toUTCString(), headers.date)
  t.is(headers['content-length'], '3')
  t.is(headers['content-type'], 'application/json')
  t.is(body, '610')
})

test('a connection is kept for the next request', async (t) => {
  const server = serve(t)
  const client = await connect(t, server)
  for (let i = 0; i < 100; i++) t.is((await client.send('/15')).body, '610')
  t.is(server.stats().connectionsAccepted, 1)
})

test('Connection: close is answered and closed', async (t) => {
  for (const value of ['close', 'Close', 'CLOSE']) {
    const client = await connect(t, serve(t))
    const { headers, body } = await client.send('/15', { headers: { Connection: value } })
    t.is(body, '610')
    t.is(headers.connection, 'close')
    t.is(await client.rest(), '')
  }
})

test('what is pipelined after Connection: close is not run', async (t) => {
  const seen = []
  const client = await connect(t, serve(t, {}, (n) => (seen.push(n), n)))
  await client.write(request('/1') + request('/2', { headers: { Connection: 'close' } }) + request('/3'))
  t.deepEqual((await client.responses(2)).map(({ body }) => body), ['1', '2'])
  await client.gone()
  t.deepEqual(seen, [1, 2])
})

test('HTTP/1.0 closes after the answer', async (t) => {
  const client = await connect(t, serve(t))
  const { status, body } = await client.send('/15', { version: 'HTTP/1.0' })
  t.deepEqual([status, body], [200, '610'])
  t.is(await client.rest(), '')
})

test('HTTP/1.0 needs no Host', async (t) => {
  const client = await connect(t, serve(t))
  await client.write('POST /15 HTTP/1.0\r\n\r\n')
  t.is((await client.response()).body, '610')
  t.is(await client.rest(), '')
})

test('HTTP/1.0 with Connection: keep-alive is kept', async (t) => {
  const client = await connect(t, serve(t))
  for (let i = 0; i < 3; i++) {
    const { headers, body } = await client.send('/15', { version: 'HTTP/1.0', headers: { Connection: 'keep-alive' } })
    t.is(body, '610')
    t.regex(headers.connection, /^keep-alive$/i)
  }
})

test('a query is ignored', async (t) => {
  const client = await connect(t, serve(t))
  for (const target of ['/15?', '/15?n=17', '/15?a/b?c', '/15?%31=%32&x[]=1']) {
    t.is((await client.send(target)).body, '610', target)
  }
})

test('header fields are read in any case and in any number that is sane', async (t) => {
  const client = await connect(t, serve(t))
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`X-Field-${i}`, `value ${i}`]))
  t.is((await client.send('/15', { headers: many })).body, '610')
  await client.write('POST /15 HTTP/1.1\r\nhOsT: localhost\r\ncOnTeNt-LeNgTh:3 \r\n\r\nabc')
  t.is((await client.response()).body, '610')
  t.is((await client.send('/17', { headers: { CONNECTION: 'Keep-Alive' } })).body, '1597')
})

test('a client that ends its side after the request still gets the answer', async (t) => {
  const client = await connect(t, serve(t))
  client.end(request('/15'))
  t.is((await client.response()).body, '610')
  t.is(await client.rest(), '')
})

test('a client that ends its side still gets what a promise gives later', async (t) => {
  const { handler, held, release } = gate()
  const client = await connect(t, serve(t, {}, handler))
  client.end(request('/1') + request('/2'))
  await held(1)
  await held(2)
  release(2, 20)
  release(1, 10)
  t.deepEqual((await client.responses(2)).map(({ body }) => body), ['10', '20'])
  t.is(await client.rest(), '')
})

test('a body is skipped, by length', async (t) => {
  const client = await connect(t, serve(t))
  const bodies = ['', 'a', '{"n":17}', request('/17'), '\r\n\r\n', '\0\xff', 'x'.repeat(60_000)]
  for (const body of bodies) {
    t.is((await client.send('/15', { headers: { 'Content-Length': Buffer.byteLength(body) }, body })).body, '610')
  }
})

test('a body is skipped, in chunks', async (t) => {
  const client = await connect(t, serve(t))
  const bodies = [
    '0\r\n\r\n',
    '1\r\na\r\n0\r\n\r\n',
    '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
    '005\r\nhello\r\n000\r\n\r\n',
    'a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n',
    '5;name=value;other="quoted"\r\nhello\r\n0;last\r\n\r\n',
    '5\r\nhello\r\n0\r\nX-Trailer: 1\r\nX-Other: 2\r\n\r\n',
    '4\r\n\r\n\r\n\r\n0\r\n\r\n',
    `${request('/17').length.toString(16)}\r\n${request('/17')}\r\n0\r\n\r\n`,
    `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n0\r\n\r\n`,
    `${'1\r\nx\r\n'.repeat(2_000)}0\r\n\r\n`
  ]
  for (const body of bodies) {
    const { status, body: value } = await client.send('/15', { headers: { 'Transfer-Encoding': 'chunked' }, body })
    t.deepEqual([status, value], [200, '610'], JSON.stringify(body.slice(0, 80)))
  }
})

test('HEAD is 405 without a body, and the next answer is in its place', async (t) => {
  const client = await connect(t, serve(t))
  const { status, headers } = await client.send('/15', { method: 'HEAD' })
  t.is(status, 405)
  t.is(headers.allow, 'POST')
  t.is((await client.send('/15')).body, '610')
})

test('a value of 200,000 digits is sent whole', async (t) => {
  const huge = 7n ** 236_660n
  const client = await connect(t, serve(t, {}, () => huge))
  const { headers, body } = await client.send('/0')
  t.true(body.length > 200_000)
  t.is(headers['content-length'], String(body.length))
  t.true(body === String(huge))
})

test('large answers are sent whole to a client that reads late, and others are served meanwhile', async (t) => {
  const server = serve(t, {}, (n) => (n % 2 ? n : large))
  const client = await connect(t, server)
  const count = 6000
  await client.write(Array.from({ length: count }, (_, n) => request(`/${n}`)).join(''))
  for (let n = 1; n < 20; n += 2) t.is((await post(t, server, `/${n}`)).body, String(n))
  const digits = String(large)
  const responses = await client.responses(count)
  t.true(responses.every(({ body }, n) => body === (n % 2 ? String(n) : digits)))
})

test('a client that leaves in the middle of large answers hurts nobody', async (t) => {
  const server = serve(t, {}, (n) => (n === 0 ? large : 610))
  for (let i = 0; i < 20; i++) {
    const client = await connect(t, server)
    await client.write(request('/0').repeat(3000))
    await client.response()
    if (i % 2) client.reset()
    else client.destroy()
  }
  await assertServes(t, server)
  await untilStats(server, { connectionsOpen: 0, inFlight: 0 })
})
