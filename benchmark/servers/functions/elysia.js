'use strict'

const { Elysia, t } = require('elysia')
const functions = require('../../functions')
const announce = require('../announce')

const only = (properties) => t.Object(properties, { additionalProperties: false })

// Unknown names are refused, not removed. Numbers and strings would be sent as text, so they become JSON here.
const json = { 'Content-Type': 'application/json' }
const send = (value) => new Response(JSON.stringify(value), { headers: json })

// Elysia's own t.Integer accepts '3' as 3.
const integer = t.Number({ multipleOf: 1 })

const app = new Elysia({ normalize: false })
  .post('/sum/:a/:b', ({ params: { a, b } }) => send(functions.sum(a, b)), {
    params: t.Object({ a: t.Number(), b: t.Number() })
  })
  .post('/sum', ({ body: { a, b } }) => send(functions.sum(a, b)), { body: only({ a: t.Number(), b: t.Number() }) })
  .post('/greet', ({ body: { name, loud } }) => send(functions.greet(name, loud)), {
    body: only({ name: t.String(), loud: t.Optional(t.Boolean()) })
  })
  .post('/price', ({ body: { order } }) => send(functions.price(order)), { body: only({ order: t.Unknown() }) })
  .post('/priceLines', ({ body: { order } }) => send(functions.priceLines(order)), {
    body: only({ order: t.Unknown() })
  })
  .post('/total', ({ body: { values } }) => send(functions.total(Float64Array.from(values))), {
    body: only({ values: t.Array(t.Number()) })
  })
  .post('/busy', ({ body: { rounds } }) => send(functions.busy(rounds)), { body: only({ rounds: integer }) })
  .post('/count', ({ body: { text } }) => send(functions.count(text)), { body: only({ text: t.String() }) })
  .post('/repeat', ({ body: { count } }) => send(functions.repeat(count)), { body: only({ count: integer }) })
  .listen({ port: 0, hostname: '127.0.0.1', idleTimeout: 72 })

announce(app.server.port)
