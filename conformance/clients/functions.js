'use strict'

// Functions of every type, for clients generated from their description. Each result fits, whatever the arguments are.

const { z } = require('zod')
const { reply, typed } = require('../..')

const Order = z.strictObject({
  id: z.int(),
  items: z.array(z.strictObject({ name: z.string(), count: z.int().min(1).max(100) })).max(10),
  note: z.string().optional()
})

const INT64_MAX = 2n ** 63n - 1n

/** @param {bigint} n */
const wrapped = (n) => BigInt.asIntN(64, n)

/** Keeps the mean within the finite doubles. @param {number} n */
const finite = (n) => Math.min(Math.max(n, -Number.MAX_VALUE), Number.MAX_VALUE)

module.exports = {
  // Plain: any JSON values, by position.
  pair: (first, second) => [first, second],

  middle: typed('(low: int, high: int) => number', (low, high) => low / 2 + high / 2, {
    summary: 'What is between two integers',
    description: 'Half of the one, and half of the other.',
    examples: [[3, 4], { low: -1, high: 1 }]
  }),

  next: typed('(n: int64) => int64', (n) => wrapped(n + 1n), { examples: [[String(INT64_MAX)]] }),

  double: typed('(n: bigint) => bigint', (n) => 2n * n),

  greet: typed('(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`),

  mean: typed('(values: number[]) => number', (values) => (
    finite(values.reduce((sum, value) => sum + value / values.length, 0))
  )),

  all: typed('(ints: int[], longs: int64[], bigs: bigint[], flags: boolean[], texts: string[]) => json',
    (ints, longs, bigs, flags, texts) => ({ ints, longs: [...longs].map(String), bigs: bigs.map(String), flags, texts })),

  longs: typed('(values: int64[]) => int64[]', (values) => values.reverse()),

  echo: typed('(value: json, copies?: int) => json', (value) => value),

  same: typed('(data: bytes) => bytes', (data) => data),

  part: typed('(data: bytes, from: int, to?: int) => bytes', (data, from, to) => data.slice(from, to)),

  who: typed('(xRequestId: header, xTenant?: header) => text', (id, tenant = 'nobody') => `${id} of ${tenant}`),

  order: typed('(order: Order, express?: boolean) => Order', (order) => order, { types: { Order } }),

  create: typed('(name: string) => json', (name) => reply({ name }, { status: 201, headers: { Location: '/1' } }), {
    deprecated: true
  }),

  nothing: typed('(n: int) => void', () => {}),

  now: typed('() => number', () => 1.5)
}
