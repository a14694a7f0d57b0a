'use strict'

const http = require('node:http')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const server = http.createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
  const n = Number(request.url.slice(1))
  if (request.method !== 'POST' || !Number.isSafeInteger(n)) {
    response.writeHead(400).end()
    return
  }
  const body = String(fibonacci(n))
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  response.end(body)
})

const path = process.argv[2]
server.listen(path ? { path } : { port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  announce(path ?? server.address().port)
})
