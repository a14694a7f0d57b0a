'use strict'

const fastify = require('fastify')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const app = fastify()
const integer = { type: 'integer' }
const schema = { params: { type: 'object', properties: { n: integer } }, response: { 200: integer } }

app.post('/:n', { schema }, (request, reply) => reply.send(fibonacci(request.params.n)))

const path = process.argv[2]
app.listen(path ? { path } : { port: 0, host: '127.0.0.1', backlog: 1024 }).then(() => {
  announce(path ?? app.server.address().port)
})
