'use strict'

const test = require('ava')
const { connect, request, serve } = require('./helpers.js')

// The pieces arrive one by one: the second piece is sent once the server has answered a request on another connection
// that was sent after the first piece.
const requests = {
  'without a body': request('/15'),
  'with a query and headers': request('/15?n=17', { headers: { 'User-Agent': 'ava', Accept: '*/*', 'X-Empty': '' } }),
  'with a body by length': request('/15', { headers: { 'Content-Type': 'text/plain' }, body: '17\r\n\r\n' }),
  'with a body in chunks': request('/15', {
    headers: { 'Transfer-Encoding': 'chunked' },
    body: '5;x="y"\r\nhello\r\n00b\r\nPOST /17 \r\n\r\n0\r\nX-Trailer: 1\r\n\r\n'
  }),
  'from HTTP/1.0': request('/15', { version: 'HTTP/1.0', headers: { Connection: 'keep-alive' }, body: 'abc' }),
  'that is refused': request('/fifteen', { body: 'abc' })
}

for (const [what, bytes] of Object.entries(requests)) {
  const expected = what === 'that is refused' ? 400 : 200

  test(`a request ${what}, split at every byte`, async (t) => {
    const server = serve(t)
    const client = await connect(t, server)
    const other = await connect(t, server)
    for (let at = 1; at < bytes.length; at++) {
      await client.write(bytes.slice(0, at))
      await other.send('/1')
      await client.write(bytes.slice(at))
      t.is((await client.response()).status, expected, `split at ${at}`)
      t.is((await client.send('/17')).body, '1597', `the request after the split at ${at}`)
    }
    t.is(server.stats().connectionsAccepted, 2)
  })

  test(`a request ${what}, byte by byte`, async (t) => {
    const server = serve(t)
    const client = await connect(t, server)
    const other = await connect(t, server)
    for (const byte of bytes) {
      await client.write(byte)
      await other.send('/1')
    }
    t.is((await client.response()).status, expected)
    t.is((await client.send('/17')).body, '1597')
  })

  test(`two pipelined requests ${what}, split at each byte between them`, async (t) => {
    const server = serve(t)
    const client = await connect(t, server)
    const other = await connect(t, server)
    const both = bytes + bytes
    for (let at = bytes.length - 5; at < bytes.length + 6; at++) {
      await client.write(both.slice(0, at))
      await other.send('/1')
      await client.write(both.slice(at))
      t.deepEqual((await client.responses(2)).map(({ status }) => status), [expected, expected], `split at ${at}`)
    }
  })
}

test('pipelined requests in pieces of many sizes', async (t) => {
  const server = serve(t, {}, (n) => n)
  const other = await connect(t, server)
  const count = 20
  const bytes = Array.from({ length: count }, (_, n) => request(`/${n}`, { body: 'x'.repeat(n) })).join('')
  for (let size = 7; size < 300; size += 13) {
    const client = await connect(t, server)
    for (let at = 0; at < bytes.length; at += size) {
      await client.write(bytes.slice(at, at + size))
      await other.send('/1')
    }
    const values = (await client.responses(count)).map(({ body }) => Number(body))
    t.deepEqual(values, Array.from({ length: count }, (_, n) => n), `pieces of ${size}`)
    client.destroy()
  }
})
