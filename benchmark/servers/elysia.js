'use strict'

const { Elysia, t } = require('elysia')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const headers = { 'Content-Type': 'application/json' }

const app = new Elysia().post('/:n', ({ params: { n } }) => new Response(String(fibonacci(n)), { headers }), {
  params: t.Object({ n: t.Integer() })
})

const path = process.argv[2]
app.listen(path ? { unix: path } : { port: 0, hostname: '127.0.0.1', idleTimeout: 72 })

announce(path ?? app.server.port)
