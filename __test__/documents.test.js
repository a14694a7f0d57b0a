'use strict'

// The documents that describe a server's functions, as both engines serve them. Which requests they answer is in the
// table of cases (cases/documents.json).

const { createHash } = require('node:crypto')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const test = require('ava')
const { connect, connectMany, gate, post, request, serve, until } = require('./helpers.js')
const { typed } = require('../index.js')

const DESCRIPTION = '/openapi.json'
const PAGE = '/'

const add = typed('(a: int, b: int) => int', (a, b) => a + b)

const get = (path, headers) => request(path, { method: 'GET', headers })
const ask = (t, server, path, headers) => post(t, server, path, { method: 'GET', headers })

// So many functions, with long descriptions.
function manyFunctions(count) {
  const types = ['int', 'number', 'int64', 'boolean', 'string', 'json', 'string[]']
  const signature = `(${types.map((type, i) => `argument${i}: ${type}`).join(', ')}) => json`
  const one = (i) => typed(signature, () => i, { summary: `The function number ${i}`, description: 'So it is. '.repeat(20) })
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`function${i}`, one(i)]))
}

function moduleOf(t, source) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'functions.js')
  const write = (text) => writeFileSync(file, text)
  write(source)
  return { file, write }
}

test('the description is what server.openapi() returns, and its ETag is a hash of it', async (t) => {
  const server = serve(t, { openapi: { title: 'Sums' } }, { add })
  const { status, headers, body } = await ask(t, server, DESCRIPTION)
  t.deepEqual([status, headers['content-type']], [200, 'application/json'])
  t.deepEqual(JSON.parse(body), server.openapi())
  t.is(JSON.parse(body).info.title, 'Sums')
  t.is(body, JSON.stringify(JSON.parse(body)), 'no blanks')
  t.is(headers.etag, `"${createHash('sha256').update(body).digest('base64')}"`)
  t.is(headers['content-length'], String(Buffer.byteLength(body)))
})

test('the page may run its own script and style, ask its own server, and nothing else', async (t) => {
  const server = serve(t, {}, { add })
  const { headers, body } = await ask(t, server, PAGE)
  t.is(headers['content-type'], 'text/html; charset=utf-8')
  const hashOf = (tag) => {
    const [, text, ...others] = body.split(new RegExp(`<${tag}>|</${tag}>`))
    t.is(others.length, 1, `there is one ${tag}`)
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  }
  t.is(
    headers['content-security-policy'],
    `default-src 'none'; script-src ${hashOf('script')}; style-src ${hashOf('style')}; connect-src 'self'; img-src data:; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  )
})

test('a HEAD has the fields of a GET, and a request with the ETag of a document gets 304', async (t) => {
  const server = serve(t, {}, { add })
  const client = await connect(t, server)
  for (const path of [DESCRIPTION, PAGE]) {
    const { headers: { date, ...fields } } = await client.send(path, { method: 'GET' })
    const head = await client.send(path, { method: 'HEAD' })
    t.deepEqual({ ...head.headers, date }, { ...fields, date })
    for (const method of ['GET', 'HEAD']) {
      await client.write(request(path, { method, headers: { 'If-None-Match': `"x", W/${fields.etag}` } }))
      const known = await client.response({ method: 'HEAD' })
      t.deepEqual([known.status, known.headers.etag], [304, fields.etag])
      t.deepEqual(Object.keys(known.headers).sort(), ['cache-control', 'date', 'etag'])
    }
    t.is((await client.send(path, { method: 'GET', headers: { 'If-None-Match': '"x"' } })).status, 200)
  }
})

test('pipelined between calls, documents are answered in their turn', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, { wait: (n) => handler(n), add })
  const client = await connect(t, server)
  const description = JSON.stringify(server.openapi())
  await client.write(request('/wait/1') + get(DESCRIPTION) + request('/add/3/4') + get(PAGE) + request('/add/1/2'))
  await held(1)
  release(1, 1)
  const bodies = (await client.responses(5)).map(({ body }) => body)
  t.deepEqual([bodies[0], bodies[1], bodies[2], bodies[4]], ['1', description, '7', '3'])
  t.true(bodies[3].startsWith('<!doctype html>'))
})

test('there are no documents for one plain function, nor with openapi: false', async (t) => {
  const plain = serve(t)
  const silent = serve(t, { openapi: false }, { add })
  const silentRoot = serve(t, { openapi: false }, add)
  for (const path of [DESCRIPTION, PAGE]) {
    const { status, headers, body } = await ask(t, plain, path)
    t.deepEqual([status, headers.allow, body], [405, 'POST', 'The only method allowed here is POST.\n'])
    t.is((await ask(t, silent, path)).status, 404)
    t.is((await post(t, silent, path)).status, 404)
    const refused = await ask(t, silentRoot, path)
    t.deepEqual([refused.status, refused.headers.allow], [405, 'POST'])
  }
  t.is(silent.openapi().paths['/add'].post.operationId, 'add')
})

test('a declared function at the root keeps its calls, and has documents', async (t) => {
  const server = serve(t, {}, typed('(text: string) => string', (text) => text))
  t.is((await post(t, server, '/openapi.json')).body, '"openapi.json"')
  t.true('/' in JSON.parse((await ask(t, server, DESCRIPTION)).body).paths)
})

test('where every page may read answers, a document says so in every answer', async (t) => {
  const server = serve(t, { origins: '*' }, { add })
  for (const headers of [{}, { Origin: 'https://a.example' }]) {
    const answer = await ask(t, server, DESCRIPTION, headers)
    t.is(answer.headers['access-control-allow-origin'], '*')
    t.is(answer.headers.vary, undefined)
  }
})

test('documents are served while maxInFlight is reached, and do not count as calls', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { maxInFlight: 1 }, { wait: (n) => handler(n) })
  const waiting = post(t, server, '/wait/1')
  await held(1)
  t.is((await post(t, server, '/wait/2')).status, 503)
  t.is((await ask(t, server, DESCRIPTION)).status, 200)
  release(1, 1)
  t.is((await waiting).body, '1')
  await until(() => server.stats().responses2xx === 2)
  t.is(server.stats().functions.wait.calls, 1)
})

test('a reload changes the description and its tag with the functions', async (t) => {
  const { file, write } = moduleOf(t, 'exports.sum = (a, b) => a + b')
  const server = serve(t, { workers: 1 }, file)
  const client = await connect(t, server)
  const read = (headers) => client.send(DESCRIPTION, { method: 'GET', headers })
  const before = await read()
  t.deepEqual(Object.keys(JSON.parse(before.body).paths), ['/sum'])
  write('exports.product = (a, b) => a * b')
  await server.reload()
  const after = await read({ 'If-None-Match': before.headers.etag })
  t.is(after.status, 200)
  t.deepEqual(Object.keys(JSON.parse(after.body).paths), ['/product'])
  t.not(after.headers.etag, before.headers.etag)
  t.deepEqual(JSON.parse(after.body), server.openapi())
  // The same functions have the same description, and the same tag.
  write('exports.sum = (a, b) => a + b')
  await server.reload()
  t.is((await read()).headers.etag, before.headers.etag)
})

test('a reload that fails leaves the description as it was', async (t) => {
  const { file, write } = moduleOf(t, 'exports.sum = (a, b) => a + b')
  const server = serve(t, { workers: 1 }, file)
  const before = await ask(t, server, DESCRIPTION)
  write('exports.sum = 7')
  await t.throwsAsync(server.reload())
  t.is((await ask(t, server, DESCRIPTION)).headers.etag, before.headers.etag)
})

test('a long description arrives whole at many clients that read late, and others are served meanwhile', async (t) => {
  const server = serve(t, {}, { ...manyFunctions(300), add })
  const { body: text } = await ask(t, server, DESCRIPTION)
  t.true(text.length > 300_000)
  const clients = await connectMany(t, server, 50)
  for (const client of clients) await client.write(get(DESCRIPTION).repeat(10))
  t.is((await post(t, server, '/add/3/4')).body, '7')
  for (const client of clients) {
    const bodies = (await client.responses(10)).map(({ body }) => body)
    t.true(bodies.every((body) => body === text))
  }
  await until(() => server.stats().responses2xx === 502)
})

test('when the server closes, a document that is being read arrives whole, as the last answer', async (t) => {
  const server = serve(t, {}, manyFunctions(300))
  const { body: text } = await ask(t, server, DESCRIPTION)
  const client = await connect(t, server)
  await client.write(get(DESCRIPTION))
  await until(() => server.stats().responses2xx === 2)
  const closed = server.close()
  t.true((await client.response()).body === text)
  client.end()
  await client.gone()
  await closed
})

test('a Unix socket serves documents, too', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const server = serve(t, { path: path.join(folder, 'socket') }, { add })
  t.is((await ask(t, server, DESCRIPTION)).status, 200)
})
