import process from 'node:process'
import announce from './announce.js'
import fibonacci from '../fibonacci.js'

const headers = { 'Content-Type': 'application/json' }

function answer(request) {
  const { url, method } = request
  const n = Number(url.slice(url.lastIndexOf('/') + 1))
  if (method !== 'POST' || !Number.isSafeInteger(n)) return new Response(null, { status: 400 })
  return new Response(String(fibonacci(n)), { headers })
}

const path = process.argv[2]
const where = path ? { path } : { port: 0, hostname: '127.0.0.1' }

Deno.serve({ ...where, onListen: ({ port }) => announce(path ?? port) }, answer)
