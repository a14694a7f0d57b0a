'use strict'

const announce = require('../announce')
const uws = require('../native-uws')
const { byName, isJson, sumOfSegments } = require('./checks')

const app = uws.App()

app.post('/sum/:a/:b', (response, request) => {
  send(response, sumOfSegments(request.getParameter(0), request.getParameter(1)))
})

for (const [name, check] of byName) {
  app.post(`/${name}`, (response, request) => {
    if (!isJson(request.getHeader('content-type'))) return refuse(response, '415 Unsupported Media Type')
    readBody(response, (bytes) => {
      let value
      try {
        value = JSON.parse(bytes.toString())
      } catch {
        return send(response, undefined)
      }
      send(response, check(value))
    })
  })
}

app.any('/*', (response) => refuse(response, '404 Not Found'))

// A chunk is only lent: one that is not the last has to be copied.
function readBody(response, use) {
  let before
  response.onAborted(() => {})
  response.onData((chunk, isLast) => {
    const bytes = before ? Buffer.concat([before, Buffer.from(chunk)]) : Buffer.from(chunk)
    if (isLast) use(bytes)
    else before = before ? bytes : Buffer.from(bytes)
  })
}

function send(response, body) {
  if (body === undefined) refuse(response, '400 Bad Request')
  else response.cork(() => response.writeHeader('Content-Type', 'application/json').end(body))
}

function refuse(response, status) {
  response.cork(() => response.writeStatus(status).end())
}

app.listen('127.0.0.1', 0, (socket) => { if (socket) announce(uws.us_socket_local_port(socket)) })
