'use strict'

// fastify with a module's functions; `call(name, fn)` returns a function that runs one of them, here or elsewhere.

const fastify = require('fastify')
const { integer, routesOf } = require('./routes')

module.exports = async function listen(functions, call) {
  const app = fastify({ keepAliveTimeout: 72_000 })
  for (const [prefix, name, fn] of routesOf(functions)) {
    const run = call(name, fn)
    app.post(`${prefix}/:n`, async (request, reply) => {
      const n = integer(request.params.n)
      if (n === undefined) return reply.code(400).send()
      reply.type('application/json')
      return String(await run(n))
    })
  }
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  return app.server.address().port
}
