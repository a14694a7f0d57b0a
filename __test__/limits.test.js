'use strict'

const test = require('ava')
const { assertServes, connect, post, request, serve } = require('./helpers.js')

const KIB = 1024

// The answer to more than a limit may come before all of it was sent.
async function statusOf(t, server, bytes) {
  const client = await connect(t, server)
  client.write(bytes).catch(() => {})
  const { status } = await client.response()
  await client.gone()
  return status
}

test('a head of nearly 16 KiB is read, a longer one is 431', async (t) => {
  const server = serve(t)
  t.is((await post(t, server, '/15', { headers: { 'X-Long': 'x'.repeat(15 * KIB) } })).body, '610')
  t.is(await statusOf(t, server, request('/15', { headers: { 'X-Long': 'x'.repeat(17 * KIB) } })), 431)
  await assertServes(t, server)
})

test('a request line of nearly 16 KiB is read, a longer one is 414', async (t) => {
  const server = serve(t)
  t.is((await post(t, server, `/15?${'x'.repeat(15 * KIB)}`)).body, '610')
  t.is(await statusOf(t, server, request(`/15?${'x'.repeat(17 * KIB)}`)), 414)
  await assertServes(t, server)
})

test('100 header fields are read, more are 431', async (t) => {
  const server = serve(t)
  const fields = (count) => ({ headers: Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, 'x'])) })
  t.is((await post(t, server, '/15', fields(99))).body, '610', 'with Host they are 100')
  t.is(await statusOf(t, server, request('/15', fields(100))), 431)
  await assertServes(t, server)
})

test('a body of 64 KiB is skipped, a longer one is 413', async (t) => {
  const server = serve(t)
  const chunked = (length) => ({
    headers: { 'Transfer-Encoding': 'chunked' },
    body: `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n0\r\n\r\n`
  })
  t.is((await post(t, server, '/15', { body: 'x'.repeat(64 * KIB) })).body, '610')
  t.is(await statusOf(t, server, request('/15', { body: 'x'.repeat(64 * KIB + 1) })), 413)
  t.is((await post(t, server, '/15', chunked(64 * KIB))).body, '610')
  t.is(await statusOf(t, server, request('/15', chunked(64 * KIB + 1))), 413)
  await assertServes(t, server)
})
