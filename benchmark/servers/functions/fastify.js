'use strict'

const { Ajv } = require('ajv')
const fastify = require('fastify')
const functions = require('../../functions')
const announce = require('../announce')

const app = fastify()

// Text in a path becomes numbers. A body is taken as it is, and nothing is removed from it.
const inPath = new Ajv({ coerceTypes: true })
const inBody = new Ajv()
app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'params' ? inPath : inBody).compile(schema))

const number = { type: 'number' }
const integer = { type: 'integer' }
const string = { type: 'string' }
const boolean = { type: 'boolean' }
const numbers = { type: 'array', items: number }

const two = { type: 'object', properties: { a: number, b: number } }
app.post('/sum/:a/:b', { schema: { params: two, response: { 200: number } } }, async ({ params: { a, b } }) => {
  return functions.sum(a, b)
})

declare('sum', { a: number, b: number }, number, ({ a, b }) => functions.sum(a, b))
declare('greet', { name: string, loud: boolean }, string, ({ name, loud }) => functions.greet(name, loud), ['name'])
declare('price', { order: {} }, undefined, ({ order }) => functions.price(order))
declare('priceLines', { order: {} }, undefined, ({ order }) => functions.priceLines(order))
declare('total', { values: numbers }, number, ({ values }) => functions.total(Float64Array.from(values)))
declare('busy', { rounds: integer }, integer, ({ rounds }) => functions.busy(rounds))
declare('count', { text: string }, integer, ({ text }) => functions.count(text))
declare('repeat', { count: integer }, string, ({ count }) => functions.repeat(count))

function declare(name, properties, result, handler, required = Object.keys(properties)) {
  const body = { type: 'object', properties, required, additionalProperties: false }
  const schema = result ? { body, response: { 200: result } } : { body }
  app.post(`/${name}`, { schema }, (request, reply) => {
    const value = handler(request.body)
    // A string would be sent unchanged, as text.
    reply.type('application/json').send(typeof value === 'string' ? reply.serialize(value) : value)
  })
}

app.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }).then(() => announce(app.server.address().port))
