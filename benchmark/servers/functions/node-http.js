'use strict'

const http = require('node:http')
const announce = require('../announce')
const { byName, isJson, sumOfSegments } = require('./checks')

function answer(response, body) {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

function refuse(response, status) {
  response.writeHead(status, { 'Content-Length': 0 }).end()
}

function withBody(request, response, check) {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    let value
    try {
      value = JSON.parse(bytes.toString())
    } catch {
      return refuse(response, 400)
    }
    const body = check(value)
    if (body === undefined) refuse(response, 400)
    else answer(response, body)
  })
}

const server = http.createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
  if (request.method !== 'POST') return refuse(response, 405)
  const [, name, a, b, ...rest] = request.url.split('/')
  const check = byName.get(name)
  if (!check) return refuse(response, 404)
  if (a === undefined) {
    if (isJson(request.headers['content-type'])) withBody(request, response, check)
    else refuse(response, 415)
    return
  }
  const body = name === 'sum' && b !== undefined && rest.length === 0 ? sumOfSegments(a, b) : undefined
  if (body === undefined) refuse(response, 400)
  else answer(response, body)
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => announce(server.address().port))
