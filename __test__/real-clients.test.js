'use strict'

const { once } = require('node:events')
const { execFile } = require('node:child_process')
const http = require('node:http')
const { join } = require('node:path')
const { promisify } = require('node:util')
const test = require('ava').serial // The loads would starve each other.
const { assertServes, connect, fibonacci, has, serve } = require('./helpers.js')
const { folder, programs, startProxy } = require('./proxies.js')

// Each client sends loads that end by themselves, on loopback only. A program that is not installed is noted in the
// log, and fails its test where CI is set.

const exec = promisify(execFile)

const url = (server, target) => `http://127.0.0.1:${server.port}${target}`

async function run(program, args) {
  const { stdout, stderr } = await exec(program, args, { maxBuffer: 2 ** 24 })
  return stdout + stderr
}

async function nodePost(where, target, { agent, body, method = 'POST', headers } = {}) {
  const to = typeof where === 'number' ? { port: where } : { socketPath: where }
  const outgoing = http.request({ ...to, path: target, method, agent, headers }).end(body)
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
  if (!has(t, 'curl')) return
  const server = serve(t)
  const curl = (...args) => exec('curl', ['-sS', '--noproxy', '*', ...args]).then(({ stdout }) => stdout)
  const [at15, at17] = [url(server, '/15'), url(server, '/17')]
  t.is(await curl('-X', 'POST', at15), '610')
  t.is(await curl('-X', 'POST', at15, at17), '6101597')
  t.is(await curl('-d', '{"n": 17}', at15), '610')
  t.is(await curl('-d', 'x'.repeat(50_000), at15), '610')
  t.is(await curl('-X', 'POST', '-T', __filename, '-H', 'Transfer-Encoding: chunked', at15), '610')
  t.is(await curl('-0', '-X', 'POST', at15), '610')
  t.is(await curl('-H', 'Expect: 100-continue', '-d', 'x', at15), '610')
  t.is(await curl('-d', 'x'.repeat(100), '-o', '/dev/null', '-w', '%{http_code}', at15), '200')
  t.is(await curl('-X', 'POST', '-o', '/dev/null', '-w', '%{http_code}', url(server, '/x')), '400')
  t.regex(await curl('-i', at15), /^HTTP\/1\.1 405 /)
  t.regex(await curl('-I', at15), /^HTTP\/1\.1 405 /)
})

const python = `
import http.client, sys
connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))
def post(target, **more):
    connection.request('POST', target, **more)
    response = connection.getresponse()
    return response.status, response.read().decode()
for n in range(200):
    assert post('/15') == (200, '610')
    assert post('/17', body='x' * n) == (200, '1597')
    assert post('/20', body=iter([b'x' * n, b'y']), encode_chunked=True,
                headers={'Transfer-Encoding': 'chunked'}) == (200, '6765')
socket = connection.sock
assert post('/x')[0] == 400 and connection.sock is socket
connection.request('HEAD', '/15')
response = connection.getresponse()
assert (response.status, response.read()) == (405, b'') and connection.sock is socket
print('all right')
`

test("Python's http.client keeps its connection and sends bodies by length and in chunks", async (t) => {
  if (!has(t, 'python3')) return
  const server = serve(t)
  t.is(await run('python3', ['-c', python, String(server.port)]), 'all right\n')
  t.is(server.stats().connectionsAccepted, 1)
})

for (const [what, args] of [['with keep-alive', ['-k']], ['with a connection for each request', []]]) {
  test(`ab ${what}: every answer is right`, async (t) => {
    if (!has(t, 'ab')) return
    const server = serve(t)
    const report = await run('ab', ['-q', '-n', '5000', '-c', '50', ...args, '-m', 'POST', url(server, '/15')])
    t.regex(report, /^Complete requests: +5000$/m)
    t.regex(report, /^Failed requests: +0$/m, report) // A length that differs from the first counts as a failure, too.
    t.regex(report, /^Document Length: +3 bytes$/m)
    t.notRegex(report, /Non-2xx/)
    if (args.length > 0) t.regex(report, /^Keep-Alive requests: +5000$/m)
    await assertServes(t, server)
  })
}

test('ab sends bodies', async (t) => {
  if (!has(t, 'ab')) return
  const file = join(folder(t, { body: 'x'.repeat(5000) }), 'body')
  const report = await run('ab', ['-q', '-n', '2000', '-c', '20', '-k', '-p', file, url(serve(t), '/15')])
  t.regex(report, /^Complete requests: +2000$/m)
  t.regex(report, /^Failed requests: +0$/m, report)
  t.notRegex(report, /Non-2xx/)
})

const lua = `
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args)
  right, wrong = 0, 0
  wrk.method = 'POST'
  local one = wrk.format(nil, '/15')
  all = string.rep(one, tonumber(args[1]))
end
function request() return all end
function response(status, headers, body)
  if status == 200 and body == '610' then right = right + 1 else wrong = wrong + 1 end
end
function done(summary, latency, requests)
  local errors = summary.errors
  local right, wrong = 0, errors.connect + errors.read + errors.write + errors.status + errors.timeout
  for _, thread in ipairs(threads) do
    right, wrong = right + thread:get('right'), wrong + thread:get('wrong')
  end
  print(string.format('right %d, wrong %d.', right, wrong))
end
`

for (const depth of ['1', '16']) {
  test(`wrk with ${depth} pipelined: every answer is right`, async (t) => {
    if (!has(t, 'wrk')) return
    const script = join(folder(t, { 'check.lua': lua }), 'check.lua')
    const server = serve(t)
    const report = await run('wrk', ['-t1', '-c32', '-d1s', '-s', script, url(server, '/'), '--', depth])
    const [, right, wrong] = /right (\d+), wrong (\d+)\./.exec(report) ?? t.fail(report)
    t.is(wrong, '0', report)
    t.true(Number(right) > 0)
    t.log(`${right} answers`)
    await assertServes(t, server)
  })
}

test('h2load --h1: every answer is right', async (t) => {
  if (!has(t, 'h2load')) return
  const server = serve(t)
  const file = join(folder(t, { body: 'a body' }), 'body')
  for (const body of [[], ['-d', file]]) {
    const args = ['--h1', '-n', '5000', '-c', '20', '-m', '8', '-H', ':method: POST', ...body, url(server, '/15')]
    const report = await run('h2load', args)
    t.regex(report, /5000 succeeded, 0 failed, 0 errored, 0 timeout/, report)
    t.regex(report, /status codes: 5000 2xx, 0 3xx, 0 4xx, 0 5xx/)
    t.regex(report, /\(15000\) data/, 'the bodies are three bytes each')
  }
  await assertServes(t, server)
})

test('hey: every answer is 200', async (t) => {
  if (!has(t, 'hey')) return
  const server = serve(t)
  for (const args of [[], ['-d', 'a body'], ['-disable-keepalive']]) {
    const report = await run('hey', ['-n', '2000', '-c', '20', '-m', 'POST', ...args, url(server, '/15')])
    t.regex(report, /\[200\]\s+2000 responses/, report)
    t.notRegex(report, /Error distribution/)
  }
  await assertServes(t, server)
})

for (const program of programs) {
  test(`${program} in front, with upstream connections kept: every answer is right`, async (t) => {
    if (!has(t, program)) return
    const server = serve(t)
    const { socket, prefixes } = await startProxy(t, program, server.port)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 10 })
    t.teardown(() => agent.destroy())
    const chunked = { headers: { 'Transfer-Encoding': 'chunked' } }
    const kinds = [
      { expect: (n) => [200, String(fibonacci(n))] },
      { body: 'a body', expect: (n) => [200, String(fibonacci(n))] },
      { body: 'x'.repeat(30_000), ...chunked, expect: (n) => [200, String(fibonacci(n))] },
      { method: 'GET', expect: () => [405] },
      { expect: () => [400], target: '/x' }
    ]
    const all = Array.from({ length: 1000 }, async (_, i) => {
      const { expect, target = `/${i % 78}`, ...options } = kinds[i % kinds.length]
      const { status, body } = await nodePost(socket, prefixes[i % prefixes.length] + target, { agent, ...options })
      const expected = expect(i % 78)
      t.deepEqual([status, body].slice(0, expected.length), expected)
    })
    await Promise.all(all)
    const { requests, connectionsAccepted } = server.stats()
    t.is(requests, 1000)
    t.true(connectionsAccepted <= 100, `${connectionsAccepted} upstream connections`)
    t.log(`${connectionsAccepted} upstream connections`)
    await assertServes(t, server)
  })
}
