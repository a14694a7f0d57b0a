'use strict'

// Functions by name, beyond what a single request and its answer show: time, memory, counts, and the arguments that a
// function keeps.

const test = require('ava')
const { connect, gate, post, request, serve, until, untilStats, withResolvers } = require('./helpers.js')
const { typed } = require('../index.js')

const JSON_TYPE = { 'Content-Type': 'application/json' }
const MIB = 2 ** 20

const serveFunctions = (t, functions, options) => serve(t, options, functions)

function problemOf({ status, headers, body }) {
  const { code, errors = [] } = JSON.parse(body)
  return [status, headers['content-type'], code, ...errors.map(({ pointer }) => pointer)]
}

const problem = (status, code) => [status, 'application/problem+json', code]

test('more calls than maxInFlight: 503 with Retry-After, and the connection goes on', async (t) => {
  const { handler, held, release } = gate()
  const server = serveFunctions(t, { wait: (n) => handler(n), sum: (a, b) => a + b }, { maxInFlight: 1 })
  const [first, second] = [await connect(t, server), await connect(t, server)]
  await first.write(request('/wait/1'))
  await held(1)
  const refused = await second.send('/sum/3/4')
  t.deepEqual(problemOf(refused), problem(503, 'ERR_OVERLOADED'))
  t.is(refused.headers['retry-after'], '1')
  t.deepEqual(problemOf(await second.send('/sum/3')), [...problem(400, 'ERR_ARGUMENTS'), '#/1'], 'refusals need no room')
  release(1, 5)
  t.is((await first.response()).body, '5')
  t.is((await second.send('/sum/3/4')).body, '7')
})

test('a function that takes longer than handlerTimeout: 503 with Retry-After', async (t) => {
  const { promise, resolve } = withResolvers()
  const server = serveFunctions(t, { wait: typed('() => int', () => promise) }, { handlerTimeout: 50 })
  const late = await post(t, server, '/wait')
  t.deepEqual(problemOf(late), problem(503, 'ERR_TIMEOUT'))
  t.is(late.headers['retry-after'], '1')
  resolve(5)
})

test('a head, or a body, that does not arrive in time: 408', async (t) => {
  const server = serveFunctions(t, { sum: (a, b) => a + b }, { headersTimeout: 50, requestTimeout: 100 })
  const half = request('/sum', { headers: { ...JSON_TYPE, 'Content-Length': 9 }, body: '[3,' })
  for (const begun of ['POST /sum HTTP/1.1\r\nHost: a\r\n', half]) {
    const client = await connect(t, server)
    await client.write(begun)
    t.deepEqual(problemOf(await client.response()), problem(408, 'ERR_REQUEST_TIMEOUT'))
    t.is(await client.rest(), '')
  }
})

// Room for five of these bodies.
const LARGE = JSON.stringify(['a'.repeat(80_000)])
const ROOM = { maxBufferedBytes: 440_000, maxBodySize: 90_000 }
const large = request('/size', { headers: JSON_TYPE, body: LARGE })

// Sends all of one but its last byte, and waits until that part has arrived.
async function beginLarge(t, server) {
  const { bytesReceived } = server.stats()
  const client = await connect(t, server)
  await client.write(large.slice(0, -1))
  await until(() => server.stats().bytesReceived >= bytesReceived + large.length - 1)
  return client
}

test('bodies beyond maxBufferedBytes together: 503, and room again when they are gone or taken', async (t) => {
  const server = serveFunctions(t, { size: (text) => text.length }, ROOM)
  const clients = []
  for (let i = 0; i < 6; i++) clients.push(await beginLarge(t, server))
  const refused = await clients[5].response()
  t.deepEqual(problemOf(refused), problem(503, 'ERR_OVERLOADED'))
  t.deepEqual([refused.headers['retry-after'], refused.headers.connection], ['1', 'close'])
  for (const client of clients.slice(1)) client.destroy()
  await untilStats(server, { connectionsOpen: 1 })
  await clients[0].write(large.slice(-1))
  t.is((await clients[0].response()).body, '80000')
  for (let i = 0; i < 10; i++) t.is((await clients[0].send('/size', { headers: JSON_TYPE, body: LARGE })).body, '80000')
})

test('while bodies that stall take all of maxBufferedBytes, short ones are still taken', async (t) => {
  const server = serveFunctions(t, { size: (text) => text.length }, { ...ROOM, maxBufferedBytes: 5 * LARGE.length })
  for (let i = 0; i < 5; i++) await beginLarge(t, server)
  const client = await connect(t, server)
  for (const length of [100, 400]) {
    t.is((await client.send('/size', { headers: JSON_TYPE, body: JSON.stringify(['a'.repeat(length)]) })).body, String(length))
  }
})

test('bodies of clients that leave take no room', async (t) => {
  const server = serveFunctions(t, { size: (text) => text.length }, ROOM)
  for (const leave of ['destroy', 'reset', 'end', 'destroy', 'reset', 'end', 'destroy', 'reset', 'end']) {
    const client = await beginLarge(t, server)
    client[leave]()
    await untilStats(server, { connectionsOpen: 0 })
  }
  t.is((await post(t, server, '/size', { headers: JSON_TYPE, body: LARGE })).body, '80000')
})

test('answers keep the order of their requests, refused or not', async (t) => {
  const { handler, release } = gate()
  const client = await connect(t, serveFunctions(t, { wait: (n) => handler(n), sum: (a, b) => a + b }))
  const json = (target, body) => request(target, { headers: JSON_TYPE, body })
  await client.write([
    request('/wait/1'), request('/sum/1'), json('/sum', '[1,2]'), request('/nosuch'), json('/wait', '[2]'),
    json('/sum', '['), request('/sum/3/4'), request('/sum/1/2', { method: 'GET' }), json('/sum', '["a","b"]')
  ].join(''))
  release(2, 'second')
  release(1, 'first')
  const answers = await client.responses(9)
  t.deepEqual(answers.map(({ status }) => status), [200, 400, 200, 404, 200, 400, 200, 405, 200])
  const good = answers.filter(({ status }) => status === 200)
  t.deepEqual(good.map(({ body }) => body), ['"first"', '3', '"second"', '7', '"ab"'])
})

test('arguments that a function keeps are its own, and stay as they are', async (t) => {
  const kept = []
  const keep = (...args) => kept.push(args)
  const signature = '(doubles: number[], longs: int64[], data: bytes, text: string, value: json) => int'
  const server = serveFunctions(t, { keep: typed(signature, keep), raw: typed('(data: bytes) => int', keep) })
  const client = await connect(t, server)
  const bodies = Array.from({ length: 60 }, (_, i) => (
    JSON.stringify([[i, 0.5], [String(i)], Buffer.from(`bytes ${i}`).toString('base64'), `text ${i}`, { n: i }])
  ))
  await client.write(bodies.map((body) => request('/keep', { headers: JSON_TYPE, body })).join(''))
  await client.responses(bodies.length)
  for (const [doubles, longs, data] of kept) {
    for (const each of [doubles, longs, data]) t.is(each.buffer.byteLength, each.byteLength, 'it pins nothing else')
  }
  // Giving one away takes nothing from the others.
  structuredClone(kept[0][0], { transfer: [kept[0][0].buffer] })
  await client.write(Array.from({ length: 50 }, () => request('/raw', { body: 'x'.repeat(100) })).join(''))
  await client.responses(50)
  for (const [i, args] of kept.slice(1, 60).entries()) {
    const n = i + 1
    t.deepEqual(args, [
      Float64Array.of(n, 0.5), BigInt64Array.of(BigInt(n)), new Uint8Array(Buffer.from(`bytes ${n}`)), `text ${n}`, { n }
    ])
  }
})

test('bytes that a function writes to after it has returned them are sent as they were', async (t) => {
  const bytes = new Uint8Array(100).fill(97)
  const server = serveFunctions(t, { same: typed('() => bytes', () => {
    queueMicrotask(() => queueMicrotask(() => bytes.fill(98)))
    return bytes.fill(97)
  }) })
  const client = await connect(t, server)
  await client.write(request('/same').repeat(20))
  for (const { body } of await client.responses(20)) t.is(body, 'a'.repeat(100))
})

test('a large answer arrives whole, whatever its type', async (t) => {
  const text = 'é'.repeat(MIB)
  const functions = {
    text: typed('() => text', () => text),
    string: typed('() => string', () => text),
    json: typed('() => json', () => [text]),
    bytes: typed('() => bytes', () => Buffer.from(text))
  }
  const client = await connect(t, serveFunctions(t, functions))
  await client.write(Object.keys(functions).map((name) => request(`/${name}`)).join(''))
  t.true((await client.response()).body === text)
  t.true((await client.response()).body === `"${text}"`)
  t.true((await client.response()).body === `["${text}"]`)
  t.true((await client.response()).body === text)
})

test("onError gets the function's name and its arguments", async (t) => {
  const told = []
  const fail = () => { throw new Error('No.') }
  const functions = {
    fail,
    unfit: typed('(a: int, b?: string) => int', () => 'x'),
    late: typed('(data: number[]) => int', async () => fail()),
    refuse: () => { throw Object.assign(new Error('No.'), { statusCode: 404 }) }
  }
  const onError = ({ message }, call) => told.push([message, call.function, call.arguments])
  const client = await connect(t, serveFunctions(t, functions, { onError }))
  for (const [target, options] of [
    ['/fail'], ['/unfit/5/x'], ['/late', { headers: JSON_TYPE, body: '[[0.5]]' }], ['/refuse'], ['/unfit']
  ]) await client.send(target, options)
  await until(() => told.length >= 3)
  t.deepEqual(told.map(([, name, args]) => [name, args]), [
    ['fail', []], ['unfit', [5, 'x']], ['late', [Float64Array.of(0.5)]]
  ])
  t.is(told[0][0], 'No.')
  t.regex(told[1][0], /unfit must return an int.*It returned a string/)
})

test('stats count calls, errors and refusals of each function', async (t) => {
  const server = serveFunctions(t, { sum: (a, b) => a + b, fail: () => { throw new Error('No.') } }, { onError: () => {} })
  const client = await connect(t, server)
  const json = { headers: JSON_TYPE, body: '[' }
  for (const [target, options] of [['/sum/3/4'], ['/sum/5/6'], ['/sum/3'], ['/sum', json], ['/fail'], ['/nosuch']]) {
    await client.send(target, options)
  }
  await until(() => server.stats().functions.sum.refusals === 2)
  const { sum, fail } = server.stats().functions
  t.deepEqual([sum.calls, sum.errors, sum.refusals], [2, 0, 2])
  t.deepEqual([fail.calls, fail.errors, fail.refusals], [1, 1, 0])
  t.is(server.stats().functions.sum.handlerTime.count, 2)
  t.is(serve(t).stats().functions, undefined, 'a plain function has none')
})

test('one plain function keeps its contract', async (t) => {
  const client = await connect(t, serve(t))
  for (const [target, options, status] of [['/x', {}, 400], ['/15', { method: 'GET' }, 405], ['/sum/3/4', {}, 400]]) {
    const { headers, body, ...response } = await client.send(target, options)
    t.deepEqual([response.status, headers['content-type']], [status, 'text/plain; charset=utf-8'])
    t.regex(body, /^\P{Cc}+\.\n$/u)
  }
  t.is((await client.send('/15', { headers: JSON_TYPE, body: '{not JSON' })).body, '610')
})
