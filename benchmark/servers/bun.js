'use strict'

const fibonacci = require('../fibonacci')
const announce = require('./announce')

const headers = { 'Content-Type': 'application/json' }

function fetch(request) {
  const { url, method } = request
  const n = Number(url.slice(url.lastIndexOf('/') + 1))
  if (method !== 'POST' || !Number.isSafeInteger(n)) return new Response(null, { status: 400 })
  return new Response(String(fibonacci(n)), { headers })
}

const path = process.argv[2]
const server = Bun.serve(path ? { unix: path, fetch } : { port: 0, hostname: '127.0.0.1', idleTimeout: 72, fetch })

announce(path ?? server.port)
