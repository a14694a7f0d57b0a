'use strict'

const fastify = require('fastify')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const app = fastify()

app.post('/:n', (request, reply) => {
  const n = Number(request.params.n)
  if (!Number.isSafeInteger(n)) return reply.code(400).send()
  return reply.type('application/json').send(String(fibonacci(n)))
})

const path = process.argv[2]
app.listen(path ? { path } : { port: 0, host: '127.0.0.1', backlog: 1024 }).then(() => {
  announce(path ?? app.server.address().port)
})
