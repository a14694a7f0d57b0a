'use strict'

const test = require('ava')
const { connect, post, request, serve, untilStats } = require('./helpers.js')

const thousand = Array.from({ length: 1000 }, (_, n) => n)

test('1000 requests in one write are answered in order', async (t) => {
  const seen = []
  const server = serve(t, {}, (n) => (seen.push(n), n))
  const client = await connect(t, server)
  await client.write(thousand.map((n) => request(`/${n}`)).join(''))
  const responses = await client.responses(1000)
  t.deepEqual(responses.map(({ body }) => Number(body)), thousand)
  t.deepEqual(seen, thousand)
  await untilStats(server, { requests: 1000, responses2xx: 1000 })
  t.is((await client.send('/15')).body, '15', 'the connection goes on')
})

test('1000 requests with bodies in one write are answered in order', async (t) => {
  const client = await connect(t, serve(t, {}, (n) => n))
  const chunked = { headers: { 'Transfer-Encoding': 'chunked' }, body: '3\r\nabc\r\n0\r\n\r\n' }
  await client.write(thousand.map((n) => request(`/${n}`, n % 2 ? chunked : { body: 'abc' })).join(''))
  t.deepEqual((await client.responses(1000)).map(({ body }) => Number(body)), thousand)
})

test('1000 promises of one connection are answered in order', async (t) => {
  const server = serve(t, {}, (n) => new Promise((resolve) => setImmediate(resolve, n)))
  const client = await connect(t, server)
  await client.write(thousand.map((n) => request(`/${n}`)).join(''))
  t.deepEqual((await client.responses(1000)).map(({ body }) => Number(body)), thousand)
})

test("1000 requests before the client's end are all answered", async (t) => {
  const client = await connect(t, serve(t, {}, (n) => n))
  client.end(thousand.map((n) => request(`/${n}`)).join(''))
  t.deepEqual((await client.responses(1000)).map(({ body }) => Number(body)), thousand)
  t.is(await client.rest(), '')
})

test('10 connections with 1000 requests each keep their answers apart', async (t) => {
  const server = serve(t, {}, (n) => n)
  await Promise.all(Array.from({ length: 10 }, async (_, c) => {
    const client = await connect(t, server)
    const numbers = thousand.map((n) => c * 1000 + n)
    await client.write(numbers.map((n) => request(`/${n}`)).join(''))
    t.deepEqual((await client.responses(1000)).map(({ body }) => Number(body)), numbers)
  }))
  await untilStats(server, { requests: 10_000, responses2xx: 10_000 })
})

test('refusals, errors and values arrive in the order of their requests', async (t) => {
  const server = serve(t, { onError: () => {} }, (n) => (n < 0 ? 'no integer' : n % 2 ? Promise.resolve(n) : n))
  const client = await connect(t, server)
  const kinds = [
    ['/2', 200],
    ['/nonsense', 400],
    ['/3', 200],
    ['/-1', 500],
    ['/9007199254740992', 400],
    ['/4', 200]
  ]
  await client.write(kinds.map(([target]) => request(target)).join('').repeat(50))
  const statuses = (await client.responses(kinds.length * 50)).map(({ status }) => status)
  t.deepEqual(statuses, Array.from({ length: 50 }, () => kinds.map(([, status]) => status)).flat())
})

// Not defined by any RFC. Node's parser takes it for Connection.
for (const value of ['close', 'upgrade', 'Keep-Alive, Upgrade', 'keep-alive']) {
  test(`Proxy-Connection: ${value}: all requests are answered, or the last answer says Connection: close`, async (t) => {
    const server = serve(t, {}, (n) => n)
    for (const others of [{}, { Upgrade: 'h2c' }, { Expect: '100-continue' }]) {
      const client = await connect(t, server)
      await client.write(request('/1', { headers: { 'Proxy-Connection': value, ...others } }) + request('/2'))
      const first = await client.response()
      t.is(first.body, '1')
      if (first.headers.connection === 'close') t.is(await client.rest(), '')
      else t.deepEqual([(await client.response()).body, (await client.send('/3')).body], ['2', '3'])
    }
  })
}

test('100,000 requests from a client that reads only after writing them', async (t) => {
  const server = serve(t, {}, (n) => n)
  const client = await connect(t, server)
  const written = client.write(Array.from({ length: 100_000 }, (_, n) => request(`/${n}`)).join(''))
  t.is((await post(t, server, '/7')).body, '7', 'others are served meanwhile')
  for (let n = 0; n < 100_000; n++) {
    const { body } = await client.response()
    if (body !== String(n)) t.fail(`answer ${n} is ${body}`)
  }
  await written
})
