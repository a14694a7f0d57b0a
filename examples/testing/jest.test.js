// examples/testing/jest.test.js
const { serverListen } = require('ringcall')
const { client } = require('ringcall/client')
const orders = require('./orders.js')

let server, api
beforeAll(() => {
  server = serverListen({ port: 0, host: '127.0.0.1' }, orders)
  api = client(server.url)
})
afterAll(() => server.close({ timeout: 0 }))

test('a price, without a server', () => {
  expect(orders.price(2)).toEqual({ total: 40, currency: 'EUR' })
  expect(() => orders.price(101)).toThrow('At most 100.')
})

test('a price, over HTTP', async () => {
  expect(await api.price(2, 'CHF')).toEqual({ total: 40, currency: 'CHF' })
  await expect(api.price(101)).rejects.toMatchObject({ status: 422, message: 'At most 100.' })
  await expect(api.price('2')).rejects.toMatchObject({ status: 400, code: 'ERR_ARGUMENTS' })
  expect(await api.number(2n ** 53n)).toBe(2n ** 53n + 1n)
})
