'use strict'

const { once } = require('node:events')
const http = require('node:http')
const test = require('ava')
const { assertServes, connect, gate, large, post, request, ringTest, serve, untilStats } = require('./helpers.js')

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

for (const version of ['HTTP/1.1', 'HTTP/1.0']) {
  ringTest(test)(`bytes sent after the last request, in ${version}, do not cost its late answer`, async (t) => {
    const { handler, held, release } = gate()
    const client = await connect(t, serve(t, {}, handler))
    await client.write(request('/15', { version, headers: { Connection: 'close' } }))
    await held(15)
    await client.write(request('/16').repeat(1000))
    release(15, 610)
    t.is((await client.response()).body, '610')
    client.end()
    t.is(await client.rest(), '')
  })
}

test('requests pipelined after Connection: close are not run', async (t) => {
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

test('characters that need no percent-encoding mean the same encoded', async (t) => {
  const client = await connect(t, serve(t, {}, (n) => n))
  const numbers = { '/%31%35': '15', '/1%35?q': '15', '/%2D15': '-15', '/%2d%31%35': '-15', '/%30%300%31': '1' }
  for (const [target, number] of Object.entries(numbers)) {
    const { status, body } = await client.send(target)
    t.deepEqual([status, body], [200, number], target)
  }
  t.is((await client.send('http://localhost/%31%35')).body, '15')
  // An encoded slash or plus sign does not mean the same as a plain one.
  for (const target of ['/%2F15', '/15%2F', '/%2B15', '/%2531', '/%61', '/%31%20', '/%2D']) {
    t.is((await client.send(target)).status, 400, target)
  }
})

test('leading zeros take no time, however many there are and whatever follows them', async (t) => {
  const client = await connect(t, serve(t))
  const zeros = '0'.repeat(15_000)
  for (let i = 0; i < 50; i++) {
    t.is((await client.send(`/${zeros}15`)).body, '610')
    t.is((await client.send(`/${zeros}x`)).status, 400)
    t.is((await client.send(`/-${zeros}`)).body, '0')
  }
})

test('Expect: 100-continue without a body, or with another expectation, keeps the connection', async (t) => {
  const client = await connect(t, serve(t))
  for (const [value, status] of [['100-continue', 200], ['100-Continue', 200], ['100-continue, x', 417], ['x', 417]]) {
    for (const headers of [{ Expect: value }, { Expect: value, 'Content-Length': 0 }]) {
      const response = await client.send('/15', { headers })
      t.is(response.status, status, value)
      t.not(response.headers.connection, 'close')
    }
    t.is((await client.send('/abc', { headers: { Expect: value } })).status, status === 200 ? 400 : 417)
  }
  t.is((await client.send('/15')).body, '610')
})

test('an agent that keeps its connections alive loses no request with Expect: 100-continue', async (t) => {
  const { port } = serve(t)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const headers = { Expect: '100-continue', 'Content-Length': 0 }
  for (let i = 0; i < 20; i++) {
    const client = http.request({ host: '127.0.0.1', port, path: '/15', method: 'POST', agent, headers }).end()
    const [response] = await once(client, 'response')
    t.is(Buffer.concat(await response.toArray()).toString(), '610')
  }
})

test('header fields are read in any case and in any sensible number', async (t) => {
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

test('a client that ends its side still gets the later values of promises', async (t) => {
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

test('HEAD gets 405 without a body, and the next answer follows the head', async (t) => {
  const client = await connect(t, serve(t))
  const { status, headers } = await client.send('/15', { method: 'HEAD' })
  t.is(status, 405)
  t.is(headers.allow, 'POST')
  t.is((await client.send('/15')).body, '610')
})

const chunked = 'Transfer-Encoding: chunked\r\n'
const refusedHeads = {
  405: 'HEAD /15 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  '400 for its target': 'HEAD * HTTP/1.1\r\nHost: localhost\r\n\r\n',
  '400 for its host': 'HEAD /15 HTTP/1.1\r\n\r\n',
  '400 for a field': 'HEAD /15 HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n',
  '400 after an empty line': '\r\nHEAD /15 HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n',
  '400 for a chunk': `HEAD /15 HTTP/1.1\r\nHost: localhost\r\n${chunked}\r\nx\r\n`,
  '405 for its length, too': `HEAD /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 ** 30}\r\n\r\n`,
  413: `HEAD /15 HTTP/1.1\r\nHost: localhost\r\n${chunked}\r\n5\r\nabcde\r\n`,
  431: `HEAD /15 HTTP/1.1\r\nHost: localhost\r\n${'X: y\r\n'.repeat(101)}\r\n`,
  414: `HEAD /${'1'.repeat(3000)}`,
  501: `HEAD /15 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n`,
  505: 'HEAD /15 HTTP/2.0\r\nHost: localhost\r\n\r\n',
  '408 in the body': 'HEAD /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nx',
  '408 in the head': 'HEAD /15 HTTP/1.1\r\nHost: loc'
}

for (const [what, bytes] of Object.entries(refusedHeads)) {
  // Node's parser does not report the method of an incomplete head.
  const register = what === '408 in the head' ? ringTest(test) : test
  register(`the answer to a HEAD has no body: ${what}`, async (t) => {
    const limits = { maxBodySize: 4, maxHeaderSize: 2000, headersTimeout: 1000, requestTimeout: 1000 }
    const client = await connect(t, serve(t, limits))
    await client.write(bytes)
    const { status, headers } = await client.response({ method: 'HEAD' })
    t.deepEqual([String(status), headers.connection], [what.slice(0, 3), 'close'])
    t.true(Number(headers['content-length']) > 0, 'the length that the body would have')
    client.end()
    t.is(await client.rest(), '')
  })
}

test('a value of 200,000 digits is sent whole', async (t) => {
  const huge = 7n ** 236_660n
  const client = await connect(t, serve(t, {}, () => huge))
  const { headers, body } = await client.send('/0')
  t.true(body.length > 200_000)
  t.is(headers['content-length'], String(body.length))
  t.true(body === String(huge))
})

test('large answers are sent whole to a client that reads late, and other clients are served meanwhile', async (t) => {
  const server = serve(t, {}, (n) => (n % 2 ? n : large))
  const client = await connect(t, server)
  const count = 6000
  await client.write(Array.from({ length: count }, (_, n) => request(`/${n}`)).join(''))
  for (let n = 1; n < 20; n += 2) t.is((await post(t, server, `/${n}`)).body, String(n))
  const digits = String(large)
  const responses = await client.responses(count)
  t.true(responses.every(({ body }, n) => body === (n % 2 ? String(n) : digits)))
})

test('a client that leaves in the middle of large answers affects no other', async (t) => {
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
