'use strict'

const { once } = require('node:events')
const { execFile } = require('node:child_process')
const http = require('node:http')
const { promisify } = require('node:util')
const test = require('ava')
const { fibonacci, serve } = require('./helpers.js')

const exec = promisify(execFile)

async function nodePost(port, target, { agent, body, method = 'POST', headers } = {}) {
  const outgoing = http.request({ port, path: target, method, agent, headers }).end(body)
  const [incoming] = await once(outgoing, 'response')
  const text = Buffer.concat(await incoming.toArray()).toString()
  return { status: incoming.statusCode, body: text, reused: outgoing.reusedSocket }
}

test("node:http's agent keeps its connection", async (t) => {
  const server = serve(t)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  for (let n = 0; n < 50; n++) {
    const { status, body, reused } = await nodePost(server.port, `/${n}`, { agent })
    t.deepEqual([status, body, reused], [200, String(fibonacci(n)), n > 0])
  }
  t.is(server.stats().connectionsAccepted, 1)
})

test("node:http's agent sends bodies by length and in chunks", async (t) => {
  const server = serve(t)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  for (let i = 0; i < 10; i++) {
    t.is((await nodePost(server.port, '/15', { agent, body: 'x'.repeat(i * 1000) })).body, '610')
    const headers = { 'Transfer-Encoding': 'chunked' }
    t.is((await nodePost(server.port, '/17', { agent, headers, body: 'x'.repeat(i * 1000) })).body, '1597')
  }
})

test('node:http reads refusals', async (t) => {
  const { port } = serve(t)
  t.is((await nodePost(port, '/15', { method: 'GET' })).status, 405)
  t.is((await nodePost(port, '/15', { method: 'HEAD' })).status, 405)
  t.is((await nodePost(port, '/x')).status, 400)
})

test('200 fetches at once', async (t) => {
  const { url } = serve(t)
  const values = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const response = await fetch(`${url}/${i % 78}`, { method: 'POST', body: i % 2 ? 'a body' : undefined })
    return response.text()
  }))
  t.deepEqual(values, Array.from({ length: 200 }, (_, i) => String(fibonacci(i % 78))))
})

test('fetch sends a query as it is', async (t) => {
  const { url } = serve(t)
  for (const query of ['?', '?n=17', '?a[]=1&b={2}', '?a|b^c`d\\e', '?ä=½', "?'*'"]) {
    const response = await fetch(`${url}/15${query}`, { method: 'POST' })
    t.is(await response.text(), '610', query)
  }
})

test('the value is JSON', async (t) => {
  const { url } = serve(t)
  const response = await fetch(`${url}/15`, { method: 'POST' })
  t.is(response.headers.get('content-type'), 'application/json')
  t.is(await response.json(), 610)
})

test('curl prints the number', async (t) => {
  const { url } = serve(t)
  const curl = (...args) => exec('curl', ['-sS', '--noproxy', '*', ...args]).then(({ stdout }) => stdout)
  try {
    await curl('--version')
  } catch {
    return t.pass(t.log('not run: there is no curl here'))
  }
  t.is(await curl('-X', 'POST', `${url}/15`), '610')
  t.is(await curl('-X', 'POST', `${url}/15`, `${url}/17`), '6101597')
  t.is(await curl('-d', '{"n": 17}', `${url}/15`), '610')
  t.is(await curl('-d', 'x'.repeat(50_000), `${url}/15`), '610')
  t.is(await curl('-X', 'POST', '-T', __filename, '-H', 'Transfer-Encoding: chunked', `${url}/15`), '610')
  t.is(await curl('-0', '-X', 'POST', `${url}/15`), '610')
  t.regex(await curl('-i', `${url}/15`), /^HTTP\/1\.1 405 /)
})
