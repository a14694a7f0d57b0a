// examples/testing/ava.test.js
const test = require('ava')
const { serverListen } = require('ringcall')
const { client } = require('ringcall/client')
const orders = require('./orders.js')

function serve(t) {
  const server = serverListen({ port: 0, host: '127.0.0.1' }, orders)
  t.teardown(() => server.close({ timeout: 0 }))
  return client(server.url)
}

test('a price, without a server', (t) => {
  t.deepEqual(orders.price(2), { total: 40, currency: 'EUR' })
  t.like(t.throws(() => orders.price(101)), { statusCode: 422 })
})

test('a price, over HTTP', async (t) => {
  const api = serve(t)
  t.deepEqual(await api.price(2, 'CHF'), { total: 40, currency: 'CHF' })
  t.like(await t.throwsAsync(api.price(101)), { status: 422, message: 'At most 100.' })
  t.like(await t.throwsAsync(api.price('2')), { status: 400, code: 'ERR_ARGUMENTS' })
  t.is(await api.number(2n ** 53n), 2n ** 53n + 1n)
})
