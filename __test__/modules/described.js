'use strict'

// Functions of each type that signatures know, and of those that libraries make, for the tests of their description.

const { z } = require('zod')
const { typed } = require('../../index.js')

const SCALARS = ['int', 'number', 'int64', 'bigint', 'boolean', 'string']
const TYPES = [...SCALARS, 'json', ...SCALARS.map((type) => `${type}[]`)]

const Line = z.object({ product: z.string(), quantity: z.number().int().positive() })
const Order = z.object({ id: z.string(), lines: z.array(Line), get parent() { return Order.optional() } })

// The name of a function of that type: `ofInts` takes an array of ints.
const nameOf = (prefix, type) => `${prefix}${type[0].toUpperCase()}${type.slice(1).replace('[]', 's')}`

const same = (value) => value
const taken = () => true

const functions = { sum: (a, b) => [a, b], none: () => 42, any: (...values) => values.length }
for (const type of TYPES) {
  functions[nameOf('of', type)] = typed(`(value: ${type}, other?: ${type}) => json`, taken)
  functions[nameOf('maybe', type)] = typed(`(value?: ${type}) => json`, taken)
  functions[nameOf('give', type)] = typed(`(value: ${type}) => ${type}`, same)
}
Object.assign(functions, {
  ofBytes: typed('(value: bytes, other?: bytes) => json', taken),
  ofLine: typed('(value: Line, other?: Line) => json', taken, { types: { Line } }),
  answer: typed('() => int', () => 42),
  nothing: typed('() => void', () => {}),
  hello: typed('(name: string, loud?: boolean) => text', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`, {
    summary: 'Greets.', description: 'Greets whoever is named, *loudly* where that is asked.',
    examples: [{ name: 'Ada' }, ['Ada', true]], deprecated: true
  }),
  $price: typed('($: int, _: int) => int', same),
  bytes: typed('(data: bytes) => bytes', same),
  stored: typed('(data?: bytes, xName?: header) => json', taken),
  traced: typed('(n: int64, xRequestId: header, m?: int64, signature?: header) => int64', same, {
    headers: { signature: 'X-Hub-Signature-256' }
  }),
  login: typed('(authorization: header) => string', same),
  maybeLogin: typed('(authorization?: header) => json', taken),
  order: typed('(order: Order, note?: string) => Order', same, { types: { Order } })
})

module.exports = { TYPES, functions, nameOf }
