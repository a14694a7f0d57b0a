'use strict'

const uws = require('./native-uws')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const app = uws.App().post('/:n', (response, request) => {
  const n = Number(request.getParameter(0))
  if (!Number.isSafeInteger(n)) {
    response.writeStatus('400 Bad Request').end()
    return
  }
  response.writeHeader('Content-Type', 'application/json').end(String(fibonacci(n)))
})

const path = process.argv[2]
if (path) app.listen_unix((socket) => { if (socket) announce(path) }, path)
else app.listen('127.0.0.1', 0, (socket) => { if (socket) announce(uws.us_socket_local_port(socket)) })
