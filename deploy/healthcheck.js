'use strict'

// Checks whether the server of this container answers a client: the image's HEALTHCHECK, because it contains no curl. The
// container's health log has the failures.

const { request } = require('node:http')

const { HOST, PORT = '8000' } = process.env

request({ host: HOST || 'localhost', port: PORT, method: 'POST', path: '/0' }, ({ statusCode }) => {
  console.log(`POST /0 was answered ${statusCode}`)
  process.exit(statusCode === 200 ? 0 : 1)
}).end()
