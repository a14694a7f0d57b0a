'use strict'

// `ringcall/client` against real servers: what arrives there, what comes back, what its errors say, and when it asks
// for the description. client-runtimes.test.js runs it in other runtimes.

const assert = require('node:assert')
const { getEventListeners, once } = require('node:events')
const http = require('node:http')
const inspector = require('node:inspector')
const { buffer } = require('node:stream/consumers')
const util = require('node:util')
const vm = require('node:vm')
const { readFileSync } = require('node:fs')
const test = require('ava')
const fc = require('fast-check')
const { functions } = require('./client-functions.js')
const { draws, gate, large, root, serve, untilStats, withResolvers } = require('./helpers.js')
const { typed } = require('..')
const { CallError, client } = require('../client.js')

const serveFunctions = (t, options) => serve(t, { host: '127.0.0.1', onError: () => {}, ...options }, functions)

// A fetch that counts its requests by path.
function counting(instead = {}) {
  const counts = {}
  return {
    counts,
    fetch: (url, init) => {
      const path = new URL(url).pathname
      counts[path] = (counts[path] ?? 0) + 1
      return instead[path]?.(counts[path], init) ?? fetch(url, init)
    }
  }
}

// A server that is no ringcall, until the test ends; its URL. It keeps connections alive however long this process
// stands still: Node.js would otherwise close one in the moment in which fetch sends the next request on it.
async function serveHttp(t, listener) {
  const server = http.createServer({ keepAliveTimeout: 0 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${server.address().port}`
}

const answering = (t, status, headers, body) => serveHttp(t, (request, response) => {
  request.resume().on('end', () => response.writeHead(status, headers).end(body))
})

// What the call rejects with.
const failureOf = (call) => call.then((value) => { throw new Error(`it gave ${value}`) }, (reason) => reason)

for (const [name, load] of [['import', () => import('../client.mjs')], ['require', () => require('../client.js')]]) {
  test(`${name}: every type there and back, and refusals`, async (t) => {
    const { check } = await import('./client-checks.mjs')
    t.true((await check(await load(), serveFunctions(t).url)) > 50)
  })
}

test('any JSON value there and back', async (t) => {
  const api = client(serveFunctions(t).url)
  // The server refuses that name.
  const values = fc.jsonValue({ maxDepth: 5 }).filter((value) => !JSON.stringify(value).includes('"__proto__"'))
  await fc.assert(fc.asyncProperty(values, async (value) => {
    const sent = JSON.parse(JSON.stringify(value))
    t.deepEqual(await api.json(value), sent)
    t.deepEqual(await api.any(value), sent)
  }), draws)
})

test('any string there and back, as JSON and as a text', async (t) => {
  const api = client(serveFunctions(t).url)
  const strings = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^-?[0-9]{1,30}$/))
  await fc.assert(fc.asyncProperty(strings, async (value) => {
    t.is(await api.string(value), value)
    t.deepEqual(await api.strings([value]), [value])
    // As `response.text()` reads it.
    t.is(await api.text(value), value.replace(/^\ufeff/, ''))
  }), draws)
})

test('any integer, number and bytes there and back', async (t) => {
  const api = client(serveFunctions(t).url)
  const int64s = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const numbers = fc.double({ noNaN: true, noDefaultInfinity: true })
  const bytes = fc.uint8Array({ maxLength: 100 })
  await fc.assert(fc.asyncProperty(int64s, fc.bigInt(), numbers, fc.maxSafeInteger(), bytes, async (a, b, c, d, e) => {
    t.deepEqual([await api.int64(a), await api.bigint(b), await api.int(d)], [a, b, d])
    t.deepEqual(await api.int64s([a, a]), [a, a])
    t.deepEqual(await api.bigints([b]), [b])
    // -0 is written as 0, as JSON.stringify does.
    t.is(await api.number(c), c + 0)
    t.deepEqual(await api.numbers([c]), [c + 0])
    t.deepEqual(await api.bytes(e), e)
    t.deepEqual(await api.several(e, 'a', e), [[...e], 'a', [...e]])
    const digits = await api.digits(String(b))
    t.is(typeof digits, Number.isSafeInteger(Number(b)) ? 'number' : typeof digits)
    t.is(String(digits), String(b))
  }), draws)
})

test('large arguments and results', async (t) => {
  const api = client(serveFunctions(t).url)
  const data = Uint8Array.from({ length: 1_000_000 }, (_, i) => i)
  t.deepEqual(await api.bytes(data), data)
  const [back] = await api.several(data.subarray(0, 300_000), 'a')
  t.deepEqual(Uint8Array.from(back), data.subarray(0, 300_000))
  t.is(await api.bigint(large), large)
  t.is((await api.string('x'.repeat(1_000_000))).length, 1_000_000)
})

test('values of another realm, as tests under jest have them', async (t) => {
  const api = client(serveFunctions(t).url)
  const source = '({ bytes: new Uint8Array([1, 2]), array: [1], big: new BigInt64Array(1) })'
  const { bytes, array, big } = vm.runInNewContext(source)
  t.deepEqual(await api.bytes(bytes), Uint8Array.of(1, 2))
  t.deepEqual(await api.ints(array), [1])
  t.deepEqual(await api.int64s(big), [0n])
  t.deepEqual(await api.bytes(Buffer.from('a')), Uint8Array.of(97))
})

test('a Buffer is sent as a Uint8Array is, wherever it stands', async (t) => {
  const api = client(serveFunctions(t).url)
  const data = Buffer.from([1, 200])
  const bytes = Uint8Array.from(data)
  for (const name of ['ints', 'numbers', 'any', 'json']) t.deepEqual(await api[name](data), [1, 200], name)
  t.deepEqual(await api.any({ a: [data, { data }] }), { a: [[1, 200], { data: [1, 200] }] })
  t.deepEqual(await api.bytes(data), bytes)
  t.deepEqual(await api.several(data, undefined, data), [[1, 200], null, [1, 200]])
  // Where toJSON returns one.
  t.deepEqual(await api.any({ toJSON: () => bytes }), [1, 200])
  t.deepEqual(await api.any({ data: { toJSON: () => 'text' } }), { data: 'text' })
})

test('it needs nothing that browsers do not have', async (t) => {
  const globals = {
    AbortController, AbortSignal, DOMException, EventTarget, Headers, btoa, clearTimeout, fetch, setTimeout
  }
  const context = vm.createContext({ ...globals, module: {} })
  vm.runInContext(readFileSync(`${root}/client.js`, 'utf8'), context)
  const api = context.module.exports.client(serveFunctions(t).url, { timeout: 60_000 })
  t.is(await api.sum(3, 4), 7)
  t.is(await api.int64(3n), 3n)
  t.deepEqual(await api.several(Uint8Array.of(1)), [[1], null, null])
})

class Secret {
  #value = 1

  get value() {
    return this.#value
  }
}

test('a value that JSON cannot represent is refused before anything is sent', async (t) => {
  const { fetch, counts } = counting()
  const api = client(serveFunctions(t).url, { fetch })
  for (const [value, message] of [
    [NaN, '0: JSON has no NaN.'],
    [-Infinity, '0: JSON has no -Infinity.'],
    [{ a: [1, NaN] }, '1: JSON has no NaN.'],
    [{ total: Infinity }, 'total: JSON has no Infinity.'],
    [new Float64Array([NaN]), '0: JSON has no NaN.'],
    [new Map(), '0: JSON has no Map.'],
    [{ set: new Set() }, 'set: JSON has no Set.'],
    [Promise.resolve(1), '0: JSON has no Promise.'],
    [new ArrayBuffer(1), '0: JSON has no ArrayBuffer.'],
    [new Blob([]), '0: JSON has no Blob.'],
    [new DataView(new ArrayBuffer(1)), '0: JSON has no DataView.'],
    [[1].values(), '0: JSON has no Array Iterator.'],
    [new Error('a'), '0: JSON has no Error.'],
    [{ cause: new TypeError('a') }, 'cause: JSON has no TypeError.'],
    [vm.runInNewContext('new Error("a")'), '0: JSON has no Error.'],
    [/a/, '0: JSON has no RegExp.'],
    [new Date(NaN), '0: JSON has no Invalid Date.'],
    [{ when: [new Date('tomorrow')] }, '0: JSON has no Invalid Date.'],
    [new Secret(), '0: JSON has no Secret.'],
    [{ secret: new Secret() }, 'secret: JSON has no Secret.'],
    [() => 1, '0: JSON has no function.'],
    [Symbol('a'), '0: JSON has no symbol.'],
    [[1, undefined], '1: JSON has no undefined.'],
    [[() => 1], '0: JSON has no function.']
  ]) {
    await t.throwsAsync(api.any(value), { instanceOf: TypeError, message: `any: ${message}` }, message)
    await t.throwsAsync(api.json(value), { instanceOf: TypeError, message: `json: ${message}` }, message)
  }
  const circle = {}
  circle.circle = circle
  await t.throwsAsync(api.any(circle), { instanceOf: TypeError })
  t.deepEqual(counts, {})
  // The names of the arguments are in the description.
  await t.throwsAsync(api.any(undefined, 1), { message: 'any: 0: JSON has no undefined.' })
  await t.throwsAsync(api.optional(1, undefined, 2n, 3, 4), { message: 'optional: 1: JSON has no undefined.' })
  t.deepEqual(counts, { '/openapi.json': 1 })
})

test('the contents of an object arrive, whatever made it', async (t) => {
  const api = client(serveFunctions(t).url)
  class Point { x = 1 }
  class List extends Array {}
  const error = Object.assign(new Error('a'), { code: 'ENOENT' })
  for (const [value, expected] of [
    [{}, {}],
    [[], []],
    [[{}, []], [{}, []]],
    [Object.create(null), {}],
    [vm.runInNewContext('({ a: {}, b: [] })'), { a: {}, b: [] }],
    [new Point(), { x: 1 }],
    [new List(), []],
    [List.of({}), [{}]],
    [{ toJSON: () => ({}) }, {}],
    [{ constructor: 1, at: {} }, { constructor: 1, at: {} }],
    [[null, { a: null, b: undefined }], [null, { a: null }]],
    [error, { code: 'ENOENT' }]
  ]) t.deepEqual(await api.any(value), expected)
})

// The description.

test('the description is asked for only where it matters, and once', async (t) => {
  const { fetch, counts } = counting()
  const api = client(serveFunctions(t).url, { fetch })
  await api.sum(1, 2)
  await api.json({ a: ['1'] })
  await api.string('a1')
  await api.strings([])
  await api.strings(['1', 'a'])
  await api.digits('9007199254740993')
  await api.optional(1, 'a', undefined)
  await api.nothing(1)
  t.is(counts['/openapi.json'], undefined)
  await api.int64(1n)
  await api.string('1')
  await api.bytes(new Uint8Array(1))
  await api.with({ timeout: 10_000 }).optional(1, undefined, 2n)
  t.is(counts['/openapi.json'], 1)
})

test('calls at the same time share one request for the description', async (t) => {
  const { fetch, counts } = counting()
  const api = client(serveFunctions(t).url, { fetch })
  const values = Array.from({ length: 50 }, (_, i) => (i % 2 ? BigInt(i) : Uint8Array.of(i)))
  t.deepEqual(await Promise.all(values.map((each, i) => (i % 2 ? api.int64(each) : api.bytes(each)))), values)
  t.is(counts['/openapi.json'], 1)
})

test('a description that could not be read is asked for again', async (t) => {
  const broken = [
    () => Promise.reject(new TypeError('fetch failed')),
    () => new Response('no', { status: 503 }),
    () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    () => new Response('{', { headers: { 'content-type': 'application/json' } }),
    () => Response.json({ error: 'no' })
  ]
  const { fetch, counts } = counting({ '/openapi.json': (count) => broken[count - 1]?.() })
  const { url } = serveFunctions(t)
  const api = client(url, { fetch })
  const message = `Needs ${url}/openapi.json or options.openapi.`
  for (const _ of broken) {
    const error = await t.throwsAsync(api.bytes(new Uint8Array(1)), { message })
    t.true(error.cause instanceof Error)
  }
  const together = await Promise.all([api.int64(1n), api.int64(2n)])
  t.deepEqual([together, counts['/openapi.json']], [[1n, 2n], broken.length + 1])
})

test('a server without a description: the option openapi takes its place', async (t) => {
  const server = serveFunctions(t, { openapi: false })
  const { fetch, counts } = counting()
  const api = client(server.url, { fetch })
  t.is(await api.sum(3, 4), 7)
  const error = await failureOf(api.int64(1n))
  t.is(error.message, `Needs ${server.url}/openapi.json or options.openapi.`)
  t.like(error.cause, { name: 'CallError', status: 404 })
  delete counts['/openapi.json']
  const described = api.with({ openapi: server.openapi() })
  t.is(await described.int64(1n), 1n)
  t.deepEqual(await described.bytes(Uint8Array.of(1)), Uint8Array.of(1))
  // A function that is not in it counts as undeclared.
  t.is(await api.with({ openapi: { paths: {} } }).int64(1n), '1')
  t.is(counts['/openapi.json'], undefined)
})

test('for a function that the server has gained since, the description is asked for once more', async (t) => {
  const server = serveFunctions(t)
  const { paths: { '/int64': _, ...earlier } } = server.openapi()
  const describe = (count) => (count === 1 ? Response.json({ paths: earlier }) : undefined)
  const { fetch, counts } = counting({ '/openapi.json': describe })
  const api = client(server.url, { fetch })
  t.is(await api.bigint(1n), 1n)
  t.deepEqual(await Promise.all([api.int64(1n), api.int64(2n), api.bigint(3n)]), [1n, 2n, 3n])
  t.is(counts['/openapi.json'], 2)
  await t.throwsAsync(api.nosuch(new Uint8Array(1)), { code: 'ERR_UNKNOWN_FUNCTION' })
  t.is(await api.int64(1n), 1n)
  t.is(counts['/openapi.json'], 3)
})

test('a call that is given up leaves the description to the others that wait for it', async (t) => {
  const asked = withResolvers()
  const release = withResolvers()
  const { fetch } = counting({ '/openapi.json': () => asked.resolve() ?? release.promise })
  const server = serveFunctions(t)
  const api = client(server.url, { fetch })
  const controller = new AbortController()
  const first = failureOf(api.with({ signal: controller.signal }).bytes(Uint8Array.of(1)))
  const second = api.bytes(Uint8Array.of(2))
  await asked.promise
  const third = failureOf(api.with({ timeout: 1 }).bytes(Uint8Array.of(3)))
  controller.abort(new Error('over'))
  t.is((await first).message, 'over')
  t.is((await third).name, 'TimeoutError')
  release.resolve(Response.json(server.openapi()))
  t.deepEqual(await second, Uint8Array.of(2))
})

// Errors.

test('a problem is a CallError with its code, its pointers and its detail', async (t) => {
  const api = client(serveFunctions(t).url)
  const error = await failureOf(api.sum(1))
  t.true(error instanceof CallError && error instanceof Error)
  t.like(error, { name: 'CallError', status: 400, code: 'ERR_ARGUMENTS' })
  t.like(JSON.parse(error.body), { status: 400, code: 'ERR_ARGUMENTS', detail: error.message })
  t.false('cause' in error)
  t.is(error.message, "sum's arguments do not fit.")
  t.deepEqual(error.errors, [{ pointer: '#/1', detail: 'is missing' }])
  t.regex(error.stack, /^CallError: sum's arguments do not fit\.\n/)
  const type = { 'content-type': 'Application/Problem+JSON' }
  const upper = await answering(t, 409, type, '{"code":"ERR_A","detail":"A."}')
  t.like(await failureOf(client(upper).sum(1)), { status: 409, code: 'ERR_A', message: 'A.' })
  t.like(await failureOf(api.nosuch(1)), { status: 404, code: 'ERR_UNKNOWN_FUNCTION', errors: [] })
  const thrown = await failureOf(api.refuse(409, 'No tea.'))
  t.like(thrown, { status: 409, code: 'ERR_REFUSED', message: 'No tea.' })
  t.is(thrown.headers.get('x-why'), 'because')
  t.like(await failureOf(api.refuse(500, 'secret')), { status: 500, code: 'ERR_FAILED' })
  const [{ pointer, detail }] = (await failureOf(api.int(1.5))).errors
  t.is(pointer, '#/0')
  t.regex(detail, /^must be an int/)
})

test('the error of a call that is refused for a while says when to try again', async (t) => {
  const held = gate()
  const server = serve(t, { host: '127.0.0.1', maxInFlight: 1 }, { held: held.handler, sum: (a, b) => a + b })
  const api = client(server.url)
  const first = api.held(1)
  await held.held(1)
  const error = await failureOf(api.sum(1, 2))
  t.like(error, { status: 503, code: 'ERR_OVERLOADED' })
  t.regex(error.headers.get('retry-after'), /^\d+$/)
  held.release(1, 7)
  t.is(await first, 7)
})

test('a reply with a status of 400 or more is an error that has its value', async (t) => {
  const error = await failureOf(client(serveFunctions(t).url).replied(409))
  t.like(error, { status: 409, code: undefined, errors: [], message: '409 Conflict', body: '{"status":409}' })
})

test('an error answer of a proxy is a CallError without a code', async (t) => {
  const other = '{"code":"ERR_OTHER","detail":"other"}'
  const untold = '{"title":"Too Many Requests"}'
  for (const [status, type, sent, message, body] of [
    [502, 'text/html', '<h1>Bad Gateway</h1>', '502 Bad Gateway', '<h1>Bad Gateway</h1>'],
    [504, undefined, '', '504 Gateway Timeout', new Uint8Array(0)],
    [500, 'application/json', other, '500 Internal Server Error', other],
    [500, 'application/json', '{', '500 Internal Server Error', '{'],
    [429, 'application/problem+json', untold, '429 Too Many Requests', untold]
  ]) {
    const url = await answering(t, status, type && { 'content-type': type }, sent)
    const error = await failureOf(client(url).sum(1, 2))
    t.true(error instanceof CallError)
    t.like(error, { name: 'CallError', status, code: undefined, errors: [], message, body })
  }
})

test('a failed answer that is not what it claims to be is a CallError with its status and its body', async (t) => {
  const problem = 'application/problem+json'
  for (const [type, sent] of [
    [problem, '{"detail":"trunc'],
    [problem, ''],
    [problem, 'null'],
    [problem, '[]'],
    [problem, '7'],
    [problem, '"text"'],
    [problem, '<html>'],
    [problem, '{"errors":{"name":["is missing"]},"detail":null}'],
    ['Application/Problem+XML', '<problem/>'],
    ['application/json', '']
  ]) {
    const url = await answering(t, 503, { 'content-type': type, 'retry-after': '2' }, sent)
    const error = await failureOf(client(url).sum(1, 2))
    t.true(error instanceof CallError, sent)
    t.like(error, { status: 503, code: undefined, errors: [], message: '503 Service Unavailable' }, sent)
    t.is(typeof error.body === 'string' ? error.body : Buffer.from(error.body).toString(), sent)
    t.is(error.headers.get('retry-after'), '2')
  }
})

test('an answer whose JSON cannot be read is a CallError with its status and its body', async (t) => {
  for (const sent of ['', '{"a":', '<html>', 'NaN']) {
    const url = await answering(t, 200, { 'content-type': 'application/json' }, sent)
    const error = await failureOf(client(url).sum(1, 2))
    t.true(error instanceof CallError, sent)
    t.like(error, { status: 200, code: undefined, errors: [], body: sent })
    t.is(error.cause.name, 'SyntaxError')
    t.is(error.message, `SyntaxError: ${error.cause.message}`)
  }
})

test('an answer that ends too early is a CallError with its status', async (t) => {
  for (const [status, type] of [[200, 'application/json'], [200, 'image/png'], [503, 'application/problem+json']]) {
    const url = await serveHttp(t, (request, response) => {
      request.resume().on('end', () => {
        response.writeHead(status, { 'content-type': type, 'content-length': 100 })
        response.write('{', () => response.destroy())
      })
    })
    const error = await failureOf(client(url).sum(1, 2))
    t.true(error instanceof CallError, `${error}`)
    t.like(error, { status, code: undefined, errors: [], body: undefined })
    t.true(error.cause instanceof TypeError)
    t.is(error.message, status === 200 ? `${error.cause}` : '503 Service Unavailable')
  }
})

test('answers are read by their media types', async (t) => {
  const api = client(serveFunctions(t).url)
  const bytes = new TextEncoder().encode('{"a":1}')
  for (const [type, expected] of [
    ['image/png', bytes],
    ['text/html; charset=utf-8', '{"a":1}'],
    ['application/json; charset=utf-8', { a: 1 }],
    ['application/vnd.a+json', { a: 1 }],
    ['Application/JSON', { a: 1 }],
    ['application/JSON ;charset=utf-8', { a: 1 }],
    ['application/vnd.a+Json', { a: 1 }],
    ['text/json', { a: 1 }],
    ['TEXT/plain', '{"a":1}'],
    ['application/json-seq', bytes],
    ['application/geo+json-seq', bytes],
    ['application/jsonlines', bytes]
  ]) t.deepEqual(await api.ofType(type, bytes), expected, type)
  for (const status of [201, 204, 205]) {
    t.deepEqual(await api.replied(status), status === 201 ? { status } : undefined)
  }
})

test('a redirect is followed, even to a login page, unless fetch is told not to', async (t) => {
  const url = await serveHttp(t, (request, response) => {
    const isPage = request.url === '/login'
    const [status, headers] = isPage ? [200, { 'content-type': 'text/html' }] : [302, { location: '/login' }]
    request.resume().on('end', () => response.writeHead(status, headers).end(isPage ? '<form>' : ''))
  })
  const api = client(url)
  t.is(await api.int(1), '<form>')
  const strict = api.with({ fetch: (url, init) => fetch(url, { ...init, redirect: 'error' }) })
  await t.throwsAsync(strict.int(1), { instanceOf: TypeError })
})

test('where no server answers, the error is that of fetch', async (t) => {
  const server = serveFunctions(t)
  const api = client(server.url)
  t.is(await api.sum(1, 2), 3)
  await server.close()
  await t.throwsAsync(api.sum(1, 2), { instanceOf: TypeError, message: 'fetch failed' })
})

test('a failed request is not sent a second time', async (t) => {
  let requests = 0
  const url = await serveHttp(t, (request, response) => {
    requests++
    response.socket.destroy()
  })
  await t.throwsAsync(client(url).sum(1, 2), { instanceOf: TypeError })
  t.is(requests, 1)
})

// Time and signals.

test('a timeout ends a call that waits for its answer, for the rest of it, or for header fields', async (t) => {
  const half = await serveHttp(t, (request, response) => {
    const headers = { 'content-type': 'application/json', 'content-length': 5 }
    request.resume().on('end', () => response.writeHead(200, headers).write('1'))
  })
  const { url } = serveFunctions(t)
  const name = 'TimeoutError'
  t.like(await failureOf(client(url, { timeout: 5 }).never()), { name, message: 'No answer in 5 ms.' })
  t.like(await failureOf(client(half, { timeout: 5 }).sum(1, 2)), { name })
  t.like(await failureOf(client(url, { timeout: 5, headers: () => new Promise(() => {}) }).sum(1, 2)), { name })
  t.true(await failureOf(client(url).with({ timeout: 1 }).never()) instanceof DOMException)
  t.is(await client(url, { timeout: 1 }).with({ timeout: 60_000 }).sum(1, 2), 3)
  t.is(await client(url, { timeout: 0 }).sum(1, 2), 3)
})

test('a timeout of 0, or too long for a timer, sets none, and an invalid one is refused', async (t) => {
  const timers = []
  const setTimeout = (_, milliseconds) => void timers.push(milliseconds)
  const fetch = async () => Response.json(3)
  const globals = { AbortController, EventTarget, Headers, clearTimeout, fetch, setTimeout }
  const context = vm.createContext({ ...globals, module: {} })
  vm.runInContext(readFileSync(`${root}/client.js`, 'utf8'), context)
  const make = (timeout) => context.module.exports.client('http://localhost', { timeout })
  for (const timeout of [undefined, null, 0, Infinity, 2 ** 31, 1e300]) {
    t.is(await make(timeout).sum(1, 2), 3)
    t.is(await make(1).with({ timeout }).sum(1, 2), 3)
  }
  t.deepEqual(timers, [])
  t.is(await make(2 ** 31 - 1).sum(1, 2), 3)
  t.deepEqual(timers, [2 ** 31 - 1])
  for (const timeout of [-1, NaN, -Infinity, '5s', {}]) {
    const error = { instanceOf: TypeError, message: `timeout: ${timeout} is not 0 or more.` }
    t.throws(() => client('http://localhost', { timeout }), error)
    t.throws(() => client('http://localhost').with({ timeout }), error)
  }
})

test('a signal ends calls with its reason, including later ones', async (t) => {
  const server = serveFunctions(t)
  const controller = new AbortController()
  const api = client(server.url, { signal: controller.signal, timeout: 60_000 })
  t.is(await api.sum(1, 2), 3)
  const waiting = [failureOf(api.never()), failureOf(api.never())]
  await untilStats(server, { inFlight: 2 })
  controller.abort()
  for (const each of await Promise.all(waiting)) t.is(each, controller.signal.reason)
  t.is((await failureOf(api.sum(1, 2))).name, 'AbortError')
  t.is(await failureOf(api.with({ signal: AbortSignal.abort('mine') }).sum(1, 2)), 'mine')
  t.is(await api.with({ signal: undefined }).sum(1, 2), 3)
})

test('giving up a call gives up its request, too', async (t) => {
  const closed = withResolvers()
  const asked = withResolvers()
  const url = await serveHttp(t, (request) => {
    asked.resolve()
    request.socket.once('close', closed.resolve)
  })
  const controller = new AbortController()
  let sent
  const send = (url, init) => {
    sent = init.signal
    return fetch(url, init)
  }
  const failure = failureOf(client(url, { fetch: send, signal: controller.signal }).sum(1, 2))
  await asked.promise
  controller.abort('over')
  t.is(await failure, 'over')
  t.deepEqual([sent.aborted, sent.reason], [true, 'over'])
  await closed.promise
})

test('many calls with one signal add one listener, and cause no warning', async (t) => {
  const warnings = []
  const listen = ({ name }) => name.startsWith('MaxListeners') && warnings.push(name)
  process.on('warning', listen)
  t.teardown(() => process.removeListener('warning', listen))
  const { signal } = new AbortController()
  const api = client(serveFunctions(t).url)
  const listeners = []
  const callWithSignal = () => {
    const call = api.with({ signal, timeout: 60_000 }).sum(1, 2)
    listeners.push(getEventListeners(signal, 'abort').length)
    return call
  }
  for (let i = 0; i < 3; i++) await Promise.all(Array.from({ length: 50 }, callWithSignal))
  t.deepEqual(warnings, [])
  t.deepEqual([...new Set(listeners)], [1])
})

// Node.js keeps a composite signal that has a listener as long as one of its sources.
test('a signal has no listener once its calls are over', async (t) => {
  const api = client(serveFunctions(t).url)
  const signals = Array.from({ length: 20 }, () => new AbortController().signal)
  await Promise.all(signals.map((signal) => api.with({ signal }).sum(1, 2)))
  const { signal } = new AbortController()
  await t.throwsAsync(api.with({ signal }).unknown())
  t.deepEqual([...signals, signal].map((each) => getEventListeners(each, 'abort').length), Array(21).fill(0))
})

test('digits are a bigint only if the result type is int64 or bigint, not if its name begins so', async (t) => {
  const fetch = async () => Response.json('7')
  const resultOf = (type) => (
    client('http://a', { fetch, openapi: { paths: { '/f': { post: { 'x-signature': `() => ${type}` } } } } }).f()
  )
  for (const type of ['int64', 'bigint']) t.is(await resultOf(type), 7n)
  for (const type of ['int64s', 'bigint$', 'string']) t.is(await resultOf(type), '7')
})

test('import and require have the same CallError', async (t) => {
  const imported = await import('ringcall/client')
  const required = require('ringcall/client')
  t.deepEqual([imported.CallError, imported.client], [required.CallError, required.client])
})

// Its URL and its options.

test('the place of the server: with and without a slash at the end, as a URL object, and below a path', async (t) => {
  const server = serveFunctions(t)
  const targets = []
  const front = await serveHttp(t, async (request, response) => {
    targets.push(`${request.method} ${request.url}`)
    const { method, headers } = request
    const path = request.url.replace(/^\/math/, '')
    const asked = http.request({ host: '127.0.0.1', port: server.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    asked.end(await buffer(request))
  })
  for (const place of ['/math', '/math/', '/math//']) {
    const api = client(front + place)
    t.deepEqual(await api.bytes(Uint8Array.of(1)), Uint8Array.of(1))
    t.deepEqual(targets.splice(0), ['GET /math/openapi.json', 'POST /math/bytes'])
  }
  for (const url of [server.url, `${server.url}/`, new URL(server.url)]) t.is(await client(url).sum(1, 2), 3)
})

test('a URL without a scheme and an unknown option are refused at once', async (t) => {
  for (const url of [undefined, 'undefined/api', 'localhost:8000', '127.0.0.1:8000/math', '[::1]:8000', 'a.example:80']) {
    t.throws(() => client(url), { instanceOf: TypeError, message: `${url} is no http URL.` })
  }
  const message = 'header is no option.'
  for (const header of [{}, undefined]) {
    t.throws(() => client('http://localhost', { header }), { instanceOf: TypeError, message })
    t.throws(() => client('http://localhost').with({ header }), { instanceOf: TypeError, message })
  }
  // In a page, all of these are valid.
  for (const place of ['', '/', '/math', 'math/', './a:b', '../math', '//a.example:80', 'app://a', new URL('http://a:80')]) {
    const asked = []
    const fetch = async (url) => asked.push(url) && Response.json(3)
    t.is(await client(place, { fetch }).sum(1, 2), 3)
    t.deepEqual(asked, [`${`${place}`.replace(/\/$/, '')}/sum`])
  }
})

test('header fields: an object, Headers, pairs, or a function that is called each time', async (t) => {
  const { url } = serveFunctions(t)
  let tokens = 0
  for (const headers of [
    { authorization: 'a', 'x-tenant': 'b' },
    new Headers({ authorization: 'a', 'X-Tenant': 'b' }),
    [['Authorization', 'a'], ['x-tenant', 'b']],
    [['x-tenant', 'a'], ['authorization', 'a'], ['X-Tenant', 'b']],
    () => ({ authorization: 'a', 'x-tenant': 'b' }),
    async () => new Headers({ authorization: 'a', 'x-tenant': 'b' })
  ]) t.deepEqual(await client(url, { headers }).who('Ada'), ['Ada', 'a', 'b'])
  const api = client(url, { headers: async () => ({ authorization: `token ${++tokens}` }) })
  t.deepEqual(await api.who('Ada'), ['Ada', 'token 1', null])
  t.deepEqual(await api.with({ headers: { 'x-tenant': 'c' } }).who('Ada'), ['Ada', 'token 2', 'c'])
  t.deepEqual(await api.with({ headers: { Authorization: 'mine' } }).with({}).who('Ada'), ['Ada', 'mine', null])
  t.deepEqual(await api.with({ headers: () => undefined }).with().who('Ada'), ['Ada', 'token 4', null])
  const failing = api.with({ headers: () => Promise.reject(new Error('no token')) })
  await t.throwsAsync(failing.who('Ada'), { message: 'no token' })
  const tenant = api.with({ headers: { 'x-tenant': 'a' } })
  t.deepEqual(await tenant.stored(Uint8Array.of(1)), ['a', [1], 'application/octet-stream'])
  const table = tenant.with({ headers: { 'Content-Type': 'text/csv' } })
  t.deepEqual(await table.stored(Uint8Array.of(1)), ['a', [1], 'text/csv'])
})

test('header fields that are undefined or null are left out', async (t) => {
  const { url } = serveFunctions(t)
  const tenant = { 'x-tenant': 'b' }
  for (const headers of [
    { authorization: 'a', 'x-tenant': undefined, 'x-other': null },
    [['authorization', 'a'], ['x-tenant', undefined], ['x-other', null]],
    new Map([['authorization', 'a'], ['x-tenant', null]]),
    async () => ({ authorization: 'a', 'x-tenant': undefined })
  ]) {
    t.deepEqual(await client(url, { headers }).who('Ada'), ['Ada', 'a', null])
    t.deepEqual(await client(url, { headers: tenant }).with({ headers }).who('Ada'), ['Ada', 'a', 'b'])
  }
  const none = client(url, { headers: { authorization: '' } }).with({ headers: null }).with({ headers: () => null })
  t.deepEqual(await none.who('Ada'), ['Ada', '', null])
  const literal = { authorization: 'undefined', 'x-tenant': 'null' }
  t.deepEqual(await client(url, { headers: literal }).who('Ada'), ['Ada', 'undefined', 'null'])
})

test('header fields go with the request for the description, too', async (t) => {
  const seen = []
  const look = (_, { headers }) => void seen.push(headers)
  const { fetch } = counting({ '/openapi.json': look })
  const api = client(serveFunctions(t).url, { fetch, headers: { authorization: 'a' } })
  await api.bytes(new Uint8Array(1))
  t.deepEqual(seen, [[['authorization', 'a']]])
})

test('the global fetch is looked up at each call', async (t) => {
  const context = vm.createContext({ AbortController, EventTarget, Headers, clearTimeout, module: {} })
  vm.runInContext(readFileSync(`${root}/client.js`, 'utf8'), context)
  const api = context.module.exports.client('http://localhost')
  for (const value of [1, 2]) {
    context.fetch = async () => Response.json(value)
    t.is(await api.sum(), value)
  }
})

test('one typed function at the root', async (t) => {
  const at = (...functions) => client(serve(t, { host: '127.0.0.1' }, ...functions).url)
  const add = at(typed('(a: int, b?: int, c?: int64) => int64', (a, b = 0, c = 0n) => BigInt(a + b) + c))
  t.is(await add(3, 4), 7n)
  t.is(await add(3, undefined, 5n), 8n)
  t.is(await add.with({ timeout: 60_000 })(1), 1n)
  t.like(await failureOf(add('a')), { status: 400, code: 'ERR_ARGUMENTS' })
  const reverse = at(typed('(data: bytes) => bytes', (data) => data.toReversed()))
  t.deepEqual(await reverse(Uint8Array.of(1, 2)), Uint8Array.of(2, 1))
})

test('schemas: the values that they take are sent, and their issues have pointers', async (t) => {
  const { z } = require('zod')
  const Order = z.object({ id: z.string(), when: z.iso.datetime() })
  const server = serve(t, { host: '127.0.0.1' }, {
    year: typed('(order: Order) => int', ({ when }) => new Date(when).getUTCFullYear(), { types: { Order } }),
    names: typed('() => bigints', () => ['1', '2'], { types: { bigints: z.array(z.string()) } })
  })
  const api = client(server.url)
  t.is(await api.year({ id: 'a', when: new Date(0) }), 1970)
  t.deepEqual(await api.names(), ['1', '2'])
  const { status, errors } = await failureOf(api.year({ id: 1, when: 'x' }))
  t.deepEqual([status, errors.map(({ pointer }) => pointer)], [400, ['#/0/id', '#/0/when']])
})

test('a client is not a promise, not JSON and not iterable, and only names are functions', async (t) => {
  const { fetch, counts } = counting()
  const api = client(serveFunctions(t).url, { fetch })
  t.is(await Promise.resolve(api), api)
  t.is(await (async () => api)(), api)
  t.is(JSON.stringify({ api }), '{}')
  t.throws(() => [...api], { instanceOf: TypeError })
  const statics = Object.getOwnPropertyNames(Symbol).map((name) => Symbol[name])
  const symbols = statics.filter((each) => typeof each === 'symbol')
  const marks = ['_isMockFunction', '__esModule', '__v_raw', '__v_isRef', '@@__IMMUTABLE_ITERABLE__@@']
  const calledByOthers = ['then', 'toJSON', 'asymmetricMatch', 'hasAttribute']
  for (const key of [...symbols, ...marks, ...calledByOthers, '', 'a-b', '../sum', 'sum/3/4', '..', 'ä']) {
    t.is(api[key], undefined, String(key))
  }
  for (const name of Object.getOwnPropertyNames(Object.prototype)) t.is(api[name], {}[name], name)
  t.deepEqual(counts, {})
})

test('a client is a string where one is needed, and inspecting it makes no call', async (t) => {
  const { fetch, counts } = counting()
  const api = client(serveFunctions(t).url, { fetch })
  const text = '[object Function]'
  t.deepEqual([`${api}`, '' + api, String(api), [api].join(), [api].toLocaleString()], Array(5).fill(text))
  t.is(util.format('%s', api), text)
  t.true(Number.isNaN(+api))
  t.false(api == 1 || api > 1)
  t.true(Number.isNaN(new Date(api).getTime()))
  t.false(api.hasOwnProperty('sum'))
  for (const format of ['%s', '%d', '%i', '%f', '%j', '%o', '%O', '%c']) util.format(format, api, { api })
  for (const options of [{}, { showProxy: true }, { showHidden: true, getters: true }]) util.inspect({ api }, options)
  t.false(util.isDeepStrictEqual(api, {}))
  t.throws(() => assert.deepEqual({ api }, { api: { sum: 1 } }))
  t.throws(() => assert.equal(api, 1))
  t.throws(() => structuredClone(api), { any: true })
  t.is({ ...api }.sum, undefined)
  t.log(api)
  const attempt = await t.try((tt) => {
    tt.deepEqual({ api }, { api: { sum: 1 } })
    tt.like(api, { sum: 1 })
    tt.is(api, 1)
  })
  attempt.discard()
  t.is(attempt.errors.length, 1)
  // As a debugger and the console of a browser inspect it.
  const session = new inspector.Session()
  session.connect()
  const post = util.promisify(session.post.bind(session))
  globalThis.lookedAt = api
  const { result: { objectId } } = await post('Runtime.evaluate', { expression: 'lookedAt', generatePreview: true })
  await post('Runtime.getProperties', { objectId, generatePreview: true })
  session.disconnect()
  delete globalThis.lookedAt
  await new Promise(setImmediate)
  t.deepEqual(counts, {})
})

test('hundreds of calls at the same time', async (t) => {
  const api = client(serveFunctions(t).url)
  const all = await Promise.all(Array.from({ length: 500 }, (_, i) => (i % 3 ? api.sum(i, 1) : failureOf(api.sum(i)))))
  all.forEach((each, i) => (i % 3 ? t.is(each, i + 1) : t.is(each.status, 400)))
})
