'use strict'

const announce = require('../announce')
const { byName, refuse, respondToBody, respondToPath } = require('./web')

const routes = { '/sum/:a/:b': { POST: ({ params: { a, b } }) => respondToPath(a, b) } }
for (const [name, check] of byName) routes[`/${name}`] = { POST: (request) => respondToBody(request, check) }

const fetch = () => refuse(404)
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 72, routes, fetch })

announce(server.port)
