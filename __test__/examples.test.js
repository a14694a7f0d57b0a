'use strict'

const { execFile } = require('node:child_process')
const { createHmac } = require('node:crypto')
const { readFileSync } = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')
const test = require('ava')
const { assertRefused, assertServes, connect, has, post, root, serve, start } = require('./helpers.js')

// Starts an example; returns its port once it listens.
async function startExample(t, file, env) {
  const child = start(t, [`examples/${file}`], { env: { HOST: '', ...env } })
  const line = await child.line()
  const [, port] = /:(\d+) /.exec(line)
  return { child, line, port: Number(port) }
}

for (const file of ['server.js', 'server.mjs']) {
  test(`${file} says where it listens and answers`, async (t) => {
    const { line, port } = await startExample(t, file, { PORT: '0' })
    t.is(line, `listening on http://localhost:${port} (POST /15 answers 610)`)
    t.is((await post(t, port, '/15')).body, '610')
    t.is((await post(t, port, '/17')).body, '1597')
    t.is((await post(t, port, '/1000')).body.length, 209)
  })

  for (const signal of ['SIGINT', 'SIGTERM']) {
    test(`${file} closes in order on ${signal}`, async (t) => {
      const { child, port } = await startExample(t, file, { PORT: '0' })
      const idle = await connect(t, port)
      t.is((await idle.send('/15')).body, '610')
      child.kill(signal)
      t.is(await idle.rest(), '')
      t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
      await assertRefused(t, port)
    })
  }
}

const TOLD = [
  ['functions.js', 'POST /sum/3/4 answers 7', 5],
  ['bearer.js', 'POST /notes takes a token', 3],
  ['webhook.js', 'POST /hook takes a signed body', 2],
  ['tracing.js', 'POST /price/3 answers 12.75', 1]
]

for (const [file, what, commands] of TOLD) {
  test(`${file} answers as its comment says`, async (t) => {
    if (!has(t, 'curl') || (file === 'webhook.js' && !has(t, 'openssl'))) return
    const { line, port } = await startExample(t, file, { PORT: '0' })
    t.is(line, `listening on http://localhost:${port} (${what})`)
    const source = readFileSync(path.join(root, 'examples', file), 'utf8')
    const told = [...source.matchAll(/^\/\/ {3}\$ (.*)\n\/\/ {3}(.*)$/gm)]
    t.is(told.length, commands)
    for (const [, command, output] of told) {
      const here = command.replace('localhost:8000', `127.0.0.1:${port}`).replace('curl', 'curl -s')
      t.is((await promisify(execFile)('sh', ['-c', here])).stdout.trimEnd(), output)
    }
  })
}

test('bearer.js: without a token 401 says which scheme it takes; each user has notes of their own', async (t) => {
  const { child, port } = await startExample(t, 'bearer.js', { PORT: '0' })
  const json = { 'Content-Type': 'application/json' }
  for (const headers of [{}, { Authorization: 'Bearer' }, { Authorization: 'Basic YWRhOnNlY3JldA==' }]) {
    const { status, headers: { 'www-authenticate': scheme } } = await post(t, port, '/notes', { headers })
    t.deepEqual([status, scheme], [401, 'Bearer'])
  }
  const as = (token, path, body) => (
    post(t, port, path, { body, headers: { ...(body && json), Authorization: `Bearer ${token}` } })
  )
  t.is((await as('ada-secret', '/addNote', '["Ada\'s"]')).body, '1')
  t.is((await as('grace-secret', '/addNote', '["Grace\'s"]')).body, '1')
  t.is((await as('ada-secret', '/notes')).body, '["Ada\'s"]')
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('webhook.js: a body that is signed is taken and printed; one that was changed is not', async (t) => {
  const { child, port } = await startExample(t, 'webhook.js', { PORT: '0', SECRET: 'of mine' })
  const body = '{ "action": "opened", "note": "ü" }'
  const signature = `sha256=${createHmac('sha256', 'of mine').update(body).digest('hex')}`
  const send = async (body, signature) => {
    const headers = { 'Content-Type': 'application/json', ...(signature && { 'X-Hub-Signature-256': signature }) }
    return (await post(t, port, '/hook', { body, headers })).status
  }
  t.is(await send(body.replace('opened', 'closed'), signature), 401)
  t.is(await send(body, 'sha256=00'), 401)
  t.is(await send(body), 400)
  t.is(await send(body, signature), 204)
  t.is(await child.line(), 'received: {"action":"opened","note":"ü"}')
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test("tracing.js: a call is part of its client's trace, even if calls overlap", async (t) => {
  const { child, port } = await startExample(t, 'tracing.js', { PORT: '0' })
  const traces = ['a', 'b', 'c'].map((digit) => digit.repeat(32))
  const answers = await Promise.all(traces.map((trace) => (
    post(t, port, '/price/3', { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } })
  )))
  for (const { body } of answers) t.is(body, '12.75')
  const told = []
  while (told.length < 6) told.push(JSON.parse(await child.line()))
  for (const trace of traces) {
    const span = told.find(({ traceId }) => traceId === trace)
    t.is(span.parentId, '00f067aa0ba902b7')
    t.true(told.some(({ asked }) => asked?.traceparent === `00-${trace}-${span.spanId}-01`))
  }
  t.is((await post(t, port, '/price/1', { headers: { traceparent: 'no trace' } })).body, '4.25')
  t.regex(JSON.parse(await child.line()).asked.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('functions.js refuses arguments that do not fit, and what does not exist', async (t) => {
  const { child, port } = await startExample(t, 'functions.js', { PORT: '0' })
  const json = (body) => ({ body, headers: { 'Content-Type': 'application/json' } })
  const { status, headers, body } = await post(t, port, '/addNote', json('["Buy tea."]'))
  t.like({ status, location: headers.location, body }, { status: 201, location: '/note/1', body: '{"id":1}' })
  t.is((await post(t, port, '/greet/Ada')).body, '"Hello, Ada."')
  for (const [target, options, problem] of [
    ['/note/2', {}, { status: 404, detail: 'There is no note 2.' }],
    ['/score', json('[[1, 2]]'), { status: 400, detail: 'There must be 3 features.' }],
    ['/greet', json('{"name":"Ada","loud":"yes"}'), { status: 400, code: 'ERR_ARGUMENTS', errors: [{ pointer: '#/loud' }] }],
    ['/nothing', {}, { status: 404, code: 'ERR_UNKNOWN_FUNCTION' }]
  ]) {
    const refused = await post(t, port, target, options)
    t.is(refused.status, problem.status)
    t.like(JSON.parse(refused.body), problem)
  }
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('fibonacci is exact for every N that it accepts', async (t) => {
  const { port } = await startExample(t, 'server.js', { PORT: '0' })
  const client = await connect(t, port)
  let [a, b] = [0n, 1n]
  for (let n = 0; n <= 2000; n++) {
    const { body } = await client.send(`/${n}`)
    if (body !== String(a)) t.fail(`fibonacci(${n}) was ${body}`)
    ;[a, b] = [b, a + b]
  }
  t.is((await client.send('/100000')).body.length, 20_899)
})

test('fibonacci is 0 for every N that is not positive', async (t) => {
  const { port } = await startExample(t, 'server.js', { PORT: '0' })
  for (const target of ['/0', '/-0', '/-1', '/-9007199254740991']) t.is((await post(t, port, target)).body, '0')
})

for (const [file, most] of [['server.js', 100_000], ['server.mjs', 10_000]]) {
  test(`${file}: an N that would take long gets 400 with a sentence, and nothing is logged`, async (t) => {
    const { child, port } = await startExample(t, file, { PORT: '0' })
    for (const n of [most + 1, 9007199254740991n]) {
      const { status, body } = await post(t, port, `/${n}`)
      t.is(status, 400)
      t.is(body.trimEnd(), `N is at most ${most}.`)
    }
    t.is((await post(t, port, '/15')).body, '610')
    child.kill('SIGTERM')
    t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
  })
}

test('HOST is the address', async (t) => {
  const { line, port } = await startExample(t, 'server.js', { PORT: '0', HOST: '127.0.0.1' })
  t.is(line, `listening on http://127.0.0.1:${port} (POST /15 answers 610)`)
  await assertServes(t, port)
  await assertRefused(t, { host: '127.0.0.2', port })
})

test('a port in use: one line and exit code 1', async (t) => {
  const { port } = serve(t)
  const { code, stderr } = await start(t, ['examples/server.js'], { env: { PORT: String(port), HOST: '' } }).exited
  t.is(code, 1)
  t.is(stderr, `Port ${port} is in use. To use another one: PORT=8001 npm start\n`)
})

test('an address that this machine does not have: one line and exit code 1', async (t) => {
  const { code, stderr } = await start(t, ['examples/server.js'], { env: { PORT: '0', HOST: '203.0.113.1' } }).exited
  t.is(code, 1)
  t.regex(stderr, /^listen EADDRNOTAVAIL: .+\n$/)
})

test('an invalid PORT: one line and exit code 1', async (t) => {
  for (const PORT of ['eighty', '-1', '65536', '80.5', '0x50', '']) {
    const { code, stderr } = await start(t, ['examples/server.js'], { env: { PORT, HOST: '' } }).exited
    t.is(code, 1)
    t.is(stderr, `PORT must be a number from 0 to 65535, not ${JSON.stringify(PORT)}.\n`)
  }
})

const numbers = {
  'cluster.js': { PORT: 65_535, WORKERS: 1024 },
  'workers.js': { PORT: 65_535, WORKERS: 1024 },
  'production.js': { PORT: 65_535, ADMIN_PORT: 65_535, WORKERS: 1024, DRAIN_DELAY: 2 ** 31 - 1, CLOSE_TIMEOUT: 2 ** 31 - 1 }
}

for (const [file, most] of Object.entries(numbers)) {
  test(`${file}: a variable that is not a number, or out of range: one line and exit code 1`, async (t) => {
    for (const [name, max] of Object.entries(most)) {
      const min = name === 'WORKERS' ? 1 : 0
      const values = ['abc', '', '-1', '1.5', '0x50', '1e3', String(max + 1), ...(min === 1 ? ['0'] : [])]
      await Promise.all(values.map(async (value) => {
        const { code, stderr } = await start(t, [`examples/${file}`], { env: { PORT: '0', [name]: value } }).exited
        t.is(code, 1)
        t.is(stderr, `${name} must be an integer from ${min} to ${max}, not ${JSON.stringify(value)}.\n`)
      }))
    }
  })
}
