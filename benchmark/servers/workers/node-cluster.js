'use strict'

const http = require('node:http')
const inCluster = require('./in-cluster')
const { integer, routesOf } = require('./routes')

const [file, count] = process.argv.slice(2)
const byPrefix = new Map(routesOf(require(file)).map(([prefix, , fn]) => [prefix, fn]))

function answer({ method, url }, response) {
  const end = url.lastIndexOf('/')
  const fn = byPrefix.get(url.slice(0, end))
  const n = integer(url.slice(end + 1))
  if (method !== 'POST' || fn === undefined || n === undefined) {
    response.writeHead(400).end()
    return
  }
  const body = String(fn(n))
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  response.end(body)
}

inCluster(Number(count), () => {
  http.createServer({ keepAliveTimeout: 72_000 }, answer).listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
})
