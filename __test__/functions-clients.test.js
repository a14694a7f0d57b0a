'use strict'

// Functions by name, called by the clients that people use, directly and through nginx and HAProxy. A program or module
// that is not installed is named in the log, and fails its test where CI is set.

const { execFile, spawnSync } = require('node:child_process')
const http = require('node:http')
const { join } = require('node:path')
const { buffer } = require('node:stream/consumers')
const { promisify } = require('node:util')
const test = require('ava')
const { has, serve } = require('./helpers.js')
const { folder, programs, startProxy } = require('./proxies.js')
const { reply, typed } = require('../index.js')

const exec = promisify(execFile)

// One with `requests` and `httpx`, which the system's own may lack.
const PYTHON = process.env.RINGCALL_TEST_PYTHON ?? 'python3'

const functions = {
  sum: (a, b) => a + b,
  add: typed('(a: int, b: int) => int', (a, b) => a + b),
  greet: typed('(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`),
  factorial: typed('(n: int) => bigint', (n) => {
    let product = 1n
    for (let i = 2n; i <= n; i++) product *= i
    return product
  }),
  echo: typed('(value: json) => json', (value) => value),
  mean: typed('(values: number[]) => number', (values) => values.reduce((a, b) => a + b, 0) / values.length),
  size: typed('(data: bytes) => int', (data) => data.length),
  same: typed('(data: bytes) => bytes', (data) => data),
  who: typed('(xRequestId: header) => text', (id) => id),
  create: typed('(name: string) => json', (name) => reply({ name }, { status: 201, headers: { Location: `/tea/${name}` } })),
  refuse: typed('() => int', () => { throw Object.assign(new Error('No tea.'), { statusCode: 409 }) })
}

const serveFunctions = (t, options) => serve(t, options, functions)
const local = ({ port }) => `http://127.0.0.1:${port}`

// A response of `fetch` or the like, in one form.
async function read(response) {
  const text = await response.text()
  return { status: response.status, type: response.headers.get('content-type'), text }
}

const called = (text, type = 'application/json') => ({ status: 200, type, text })

test('fetch: by path, by array, by name, with bytes', async (t) => {
  const url = local(serveFunctions(t))
  const post = async (path, options) => read(await fetch(url + path, { method: 'POST', ...options }))
  const json = (path, value) => post(path, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) })
  t.deepEqual(await post('/sum/3/4'), called('7'))
  t.deepEqual(await json('/sum', [3, 4]), called('7'))
  t.deepEqual(await json('/add', { a: 3, b: 4 }), called('7'))
  t.deepEqual(await post(`/greet/${encodeURIComponent('Ada/Grace ü😀?#%')}`), called('"Hello, Ada/Grace ü😀?#%."'))
  t.deepEqual(await json('/greet', { name: '', loud: true }), called('"Hello, !"'))
  t.deepEqual(await post('/factorial/25'), called('"15511210043330985984000000"'))
  t.deepEqual(await post('/size', { body: new Uint8Array(70_000) }), called('70000'))
  t.deepEqual(await post('/size', { body: new Blob(['Ada'], { type: 'image/png' }) }), called('3'))
  t.deepEqual(await post('/same', { body: 'Ada' }), called('Ada', 'application/octet-stream'))
  t.deepEqual(await post('/who', { headers: { 'X-Request-Id': 'abc' } }), called('abc', 'text/plain; charset=utf-8'))
  const created = await fetch(`${url}/create/green`, { method: 'POST' })
  t.deepEqual([created.status, created.headers.get('location'), await created.json()], [201, '/tea/green', { name: 'green' }])
})

test('fetch: refusals are problems', async (t) => {
  const url = local(serveFunctions(t))
  const post = async (path, options) => read(await fetch(url + path, { method: 'POST', ...options }))
  const problem = async (path, options) => {
    const { status, type, text } = await post(path, options)
    t.is(type, 'application/problem+json')
    const { code, errors = [] } = JSON.parse(text)
    return [status, code, ...errors.map(({ pointer }) => pointer)]
  }
  t.deepEqual(await problem('/add/3/x'), [400, 'ERR_ARGUMENTS', '#/1'])
  t.deepEqual(await problem('/nosuch'), [404, 'ERR_UNKNOWN_FUNCTION'])
  t.deepEqual(await problem('/add', { body: '[3,4]' }), [415, 'ERR_MEDIA_TYPE'], 'a text is text/plain')
  t.deepEqual(await problem('/add', { body: new URLSearchParams({ a: '3' }) }), [415, 'ERR_MEDIA_TYPE'])
  t.deepEqual(await problem('/add', { method: 'PUT', body: 'x' }), [405, 'ERR_METHOD'])
  t.deepEqual(await problem('/refuse'), [409, 'ERR_REFUSED'])
})

test('fetch: dots in the path never arrive as arguments, because URLs resolve them: use the body', async (t) => {
  const { url } = serveFunctions(t)
  for (const dots of ['.', '..', '%2e', '%2E%2e']) {
    const { status } = await fetch(`${url}/greet/${dots}`, { method: 'POST' })
    t.not(status, 200, dots)
  }
  const body = JSON.stringify(['..'])
  const response = await fetch(`${url}/greet`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  t.is(await response.text(), '"Hello, ..."')
})

test('undici: pipelined and in chunks', async (t) => {
  const { Client, Pool } = await import('undici')
  const server = serveFunctions(t)
  const client = new Client(local(server), { pipelining: 10 })
  t.teardown(() => client.destroy())
  const headers = { 'content-type': 'application/json' }
  const send = async (path, more) => {
    const { statusCode, body } = await client.request({ path, method: 'POST', idempotent: true, ...more })
    return [statusCode, await body.text()]
  }
  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => (
    i % 2 === 0 ? send(`/add/${i}/1`) : send('/add', { headers, body: JSON.stringify({ b: 1, a: i }) })
  )))
  t.deepEqual(all, Array.from({ length: 200 }, (_, i) => [200, String(i + 1)]))
  async function* pieces() {
    for (const piece of ['{"val', 'ues":[1', ',2,3]', '}']) yield Buffer.from(piece)
  }
  t.deepEqual(await send('/mean', { headers, body: pieces() }), [200, '2'])
  const pool = new Pool(local(server), { connections: 4 })
  t.teardown(() => pool.destroy())
  const { statusCode, body } = await pool.request({ path: '/nosuch', method: 'POST' })
  await body.dump()
  t.is(statusCode, 404)
})

test('axios: objects and arrays are JSON, and errors say what is wrong', async (t) => {
  const { default: axios } = await import('axios')
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const api = axios.create({ baseURL: local(serveFunctions(t)), httpAgent: agent, proxy: false })
  t.is((await api.post('/add', { a: 3, b: 4 })).data, 7)
  t.is((await api.post('/add', [3, 4])).data, 7)
  t.is((await api.post('/add/3/4')).data, 7)
  t.deepEqual((await api.post('/echo', [{ a: [1, null] }])).data, { a: [1, null] })
  t.is((await api.post('/size', Buffer.alloc(100_000), { headers: { 'Content-Type': 'image/png' } })).data, 100_000)
  t.is((await api.post('/mean', { values: Array(10_000).fill(0.5) })).data, 0.5)
  const { response } = await t.throwsAsync(api.post('/add', { a: 3, b: '4' }))
  t.is(response.status, 400)
  t.like(response.data, { code: 'ERR_ARGUMENTS', errors: [{ pointer: '#/b' }] })
})

test('curl: --json, --data-binary, and the advice for -d', async (t) => {
  if (!has(t, 'curl')) return
  const url = local(serveFunctions(t))
  const files = folder(t, { 'a.bin': Buffer.alloc(200_000, 0xff) })
  const curl = (...args) => exec('curl', ['-sS', '--noproxy', '*', ...args]).then(({ stdout }) => stdout)
  const json = (path, body) => curl('-H', 'Content-Type: application/json', '-d', body, `${url}${path}`)
  t.is(await curl('-X', 'POST', `${url}/sum/3/4`), '7')
  t.is(await json('/sum', '[3,4]'), '7')
  t.is(await json('/add', '{"a":3,"b":4}'), '7')
  t.is(await curl('-X', 'POST', `${url}/greet/Ada%20L/true`), '"Hello, Ada L!"')
  t.is(await curl('--data-binary', `@${join(files, 'a.bin')}`, `${url}/size`), '200000')
  const chunked = ['-X', 'POST', '-H', 'Transfer-Encoding: chunked']
  t.is(await curl('-T', join(files, 'a.bin'), ...chunked, `${url}/size`), '200000')
  t.is(await curl('-H', 'Expect: 100-continue', '--data-binary', `@${join(files, 'a.bin')}`, `${url}/size`), '200000')
  t.is(await curl('-H', 'X-Request-Id: abc', '-X', 'POST', `${url}/who`), 'abc')
  t.is(await curl('-0', '-X', 'POST', `${url}/add/3/4`), '7')
  t.is(await curl('-X', 'POST', `${url}/add/3/4`, `${url}/add/5/6`), '711')
  t.is(JSON.parse(await curl('-d', '[3,4]', `${url}/add`)).code, 'ERR_MEDIA_TYPE')
  t.regex(await curl('-d', '[3,4]', `${url}/add`), /curl --json/)
  t.regex(await curl('-i', '-X', 'POST', `${url}/add/3`), /^HTTP\/1\.1 400 [\s\S]*"pointer":"#\/1"/)
  t.regex(await curl('-i', `${url}/add/3/4`), /^HTTP\/1\.1 405 [\s\S]*^allow: POST\r$/im)
  t.regex(await curl('-I', `${url}/add/3/4`), /^HTTP\/1\.1 405 /)
  // From 7.82 on.
  if (!(await curl('--help', 'all')).includes('--json')) return t.log('NOT RUN: this curl has no --json')
  t.is(await curl('--json', '[3,4]', `${url}/add`), '7')
  t.is(await curl('--json', '{"name":"Ada","loud":true}', `${url}/greet`), '"Hello, Ada!"')
})

const python = {
  'urllib, built in': `
import json, sys, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def post(path, body=None, type=None):
    headers = {'Content-Type': type} if type else {}
    request = urllib.request.Request(sys.argv[1] + path, data=body, method='POST', headers=headers)
    try:
        with opener.open(request) as response: return response.status, response.read()
    except urllib.error.HTTPError as error: return error.code, error.read()
assert post('/add/3/4') == (200, b'7')
assert post('/add', b'{"a":3,"b":4}', 'application/json') == (200, b'7')
assert post('/size', bytes(100000), 'image/png') == (200, b'100000')
status, body = post('/add', b'[3,4]')
assert status == 415 and json.loads(body)['code'] == 'ERR_MEDIA_TYPE', body
status, body = post('/add/3/x')
assert status == 400 and json.loads(body)['errors'][0]['pointer'] == '#/1', body
print('all right')
`,
  requests: `
import requests, sys
session = requests.Session()
session.trust_env = False
def post(path, **more): return session.post(sys.argv[1] + path, **more)
assert post('/add/3/4').json() == 7
assert post('/add', json={'a': 3, 'b': 4}).json() == 7
assert post('/sum', json=['a', 'ü😀']).json() == 'aü😀'
assert post('/factorial/30').json() == str(2 ** 26 * 3952575621190533915703125)
assert post('/greet/' + requests.utils.quote('Ada/Grace ü?', safe='')).json() == 'Hello, Ada/Grace ü?.'
assert post('/mean', json={'values': [0.1] * 10000}).status_code == 200
assert post('/size', data=b'x' * 500000).json() == 500000
assert post('/size', data=(b'x' * 1000 for _ in range(100))).json() == 100000
assert post('/size', files={'a': b'x'}).status_code == 200
assert post('/who', headers={'X-Request-Id': 'abc'}).text == 'abc'
refused = post('/add', data={'a': 3, 'b': 4})
assert refused.status_code == 415 and refused.json()['code'] == 'ERR_MEDIA_TYPE', refused.text
refused = post('/add', json={'a': '3', 'c': 4})
assert sorted(each['pointer'] for each in refused.json()['errors']) == ['#/a', '#/b', '#/c'], refused.text
assert post('/refuse').status_code == 409
assert session.get(sys.argv[1] + '/add').headers['Allow'] == 'POST'
print('all right')
`,
  httpx: `
import asyncio, httpx, sys
async def main():
    async with httpx.AsyncClient(base_url=sys.argv[1], trust_env=False) as client:
        answers = await asyncio.gather(*(client.post('/add', json={'a': i, 'b': 1}) for i in range(100)))
        assert [answer.json() for answer in answers] == [i + 1 for i in range(100)]
        assert (await client.post('/greet/Ada/true')).json() == 'Hello, Ada!'
        assert (await client.post('/size', content=bytes(300000))).json() == 300000
        async def pieces():
            for _ in range(10): yield b'x' * 1000
        assert (await client.post('/size', content=pieces())).json() == 10000
        refused = await client.post('/add', content=b'[3,4]')
        assert refused.status_code == 415, refused.text
        refused = await client.post('/echo', content=b'[{"a":1,"a":2}]', headers={'Content-Type': 'application/json'})
        assert refused.json()['code'] == 'ERR_NOT_JSON', refused.text
asyncio.run(main())
print('all right')
`
}

for (const [name, source] of Object.entries(python)) {
  test(`Python: ${name}`, async (t) => {
    if (!has(t, PYTHON) || !hasModule(t, name)) return
    const { stdout } = await exec(PYTHON, ['-c', source, local(serveFunctions(t))])
    t.is(stdout, 'all right\n')
  })
}

function hasModule(t, name) {
  if (name.startsWith('urllib') || spawnSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0) return true
  if (process.env.CI) throw new Error(`${PYTHON} has no module ${name}`)
  t.log(`NOT RUN: ${PYTHON} has no module ${name}`)
  t.pass()
  return false
}

test("Go: net/http's own client", async (t) => {
  if (!has(t, 'go')) return
  const source = join(__dirname, 'clients', 'client.go')
  const { stdout } = await exec('go', ['run', source, local(serveFunctions(t))], { env: { ...process.env, GO111MODULE: 'off' } })
  t.is(stdout, 'all right\n')
})

// Starts the proxy in front of a server; returns how to send requests through it.
async function sendThrough(t, program) {
  const { socket, prefixes } = await startProxy(t, program, serveFunctions(t).port)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  t.teardown(() => agent.destroy())
  const send = async (path, body, headers = { 'Content-Type': 'application/json' }) => {
    const outgoing = http.request({ socketPath: socket, path, method: 'POST', agent, headers })
    const answered = new Promise((resolve, reject) => outgoing.once('response', resolve).once('error', reject))
    outgoing.end(body)
    const incoming = await answered
    return [incoming.statusCode, (await buffer(incoming)).toString()]
  }
  return { send, prefixes }
}

for (const program of programs) {
  test(`${program} in front: arguments and results of every kind and size`, async (t) => {
    if (!has(t, program)) return
    const { send, prefixes } = await sendThrough(t, program)
    const large = JSON.stringify(['x'.repeat(900_000)])
    const chunked = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }
    for (const prefix of prefixes) {
      t.deepEqual(await send(`${prefix}/add/3/4`), [200, '7'])
      t.deepEqual(await send(`${prefix}/add`, '{"a":3,"b":4}'), [200, '7'])
      t.deepEqual(await send(`${prefix}/add`, '[3,4]', chunked), [200, '7'])
      t.deepEqual(await send(`${prefix}/echo`, large), [200, large.slice(1, -1)])
      t.deepEqual(await send(`${prefix}/echo`, large, chunked), [200, large.slice(1, -1)])
      t.deepEqual(await send(`${prefix}/who`, undefined, { 'X-Request-Id': 'abc' }), [200, 'abc'])
      t.deepEqual(await send(`${prefix}/greet/a%20b%3F%25`), [200, '"Hello, a b?%."'])
      t.is((await send(`${prefix}/echo`, '['))[0], 400)
      t.is((await send(`${prefix}/nosuch`))[0], 404)
      t.is((await send(`${prefix}/refuse`))[0], 409)
    }
  })

  test(`${program} in front: a slash within an argument, and an empty argument`, async (t) => {
    if (!has(t, program)) return
    const { send } = await sendThrough(t, program)
    t.deepEqual(await send('/greet/a%2Fb'), [200, '"Hello, a/b."'])
    t.is((await send('/greet//true'))[0], 400)
    t.is((await send('//add/3/4'))[0], 404)
  })
}

test('nginx with a path in proxy_pass decodes and merges slashes: such texts belong in the body', async (t) => {
  if (!has(t, 'nginx')) return
  const { send } = await sendThrough(t, 'nginx')
  t.is((await send('/unbuffered/greet/a%2Fb'))[0], 400, 'two arguments')
  t.deepEqual(await send('/unbuffered/greet//Ada'), [200, '"Hello, Ada."'])
  t.deepEqual(await send('/unbuffered/greet', '["a/b//c"]'), [200, '"Hello, a/b//c."'])
})
