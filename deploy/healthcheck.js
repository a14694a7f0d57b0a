'use strict'

// Whether the server of this container answers a client: the image's HEALTHCHECK, for which there is no curl in it. What
// fails is told in the health log of the container.

const { request } = require('node:http')

const { HOST, PORT = '8000' } = process.env

request({ host: HOST || 'localhost', port: PORT, method: 'POST', path: '/0' }, ({ statusCode }) => {
  console.log(`POST /0 was answered ${statusCode}`)
  process.exit(statusCode === 200 ? 0 : 1)
}).end()
