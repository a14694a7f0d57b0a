// examples/testing/node.test.js
const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { serverListen } = require('ringcall')
const { client } = require('ringcall/client')
const orders = require('./orders.js')

let server, api
before(() => {
  server = serverListen({ port: 0, host: '127.0.0.1' }, orders)
  api = client(server.url)
})
after(() => server.close({ timeout: 0 }))

test('a price, without a server', () => {
  assert.deepEqual(orders.price(2), { total: 40, currency: 'EUR' })
  assert.throws(() => orders.price(101), { statusCode: 422 })
})

test('a price, over HTTP', async () => {
  assert.deepEqual(await api.price(2, 'CHF'), { total: 40, currency: 'CHF' })
  await assert.rejects(api.price(101), { status: 422, message: 'At most 100.' })
  await assert.rejects(api.price('2'), { status: 400, code: 'ERR_ARGUMENTS' })
  assert.equal(await api.number(2n ** 53n), 2n ** 53n + 1n)
})
