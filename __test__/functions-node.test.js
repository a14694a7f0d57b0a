'use strict'

// Tables of functions on the engine node: the bounds of its memory, and the cost of slow clients. What all functions
// answer to a request is in the table of cases.

const { ServerResponse } = require('node:http')
const test = require('ava')
const { reply, typed } = require('..')
const { Body, BodyQuota } = require('../lib/engines/node/body.js')
const { Routes } = require('../lib/engines/node/routes.js')
const { connect, post, request, serve, until, withResolvers } = require('./helpers.js')

const serveFunctions = (t, functions, options) => serve(t, { engine: 'node', ...options }, functions)

const turn = () => new Promise((done) => setImmediate(done, 1))

const JSON_TYPE = { 'Content-Type': 'application/json' }

const problemOf = ({ status, body }) => {
  const { code, errors = [] } = JSON.parse(body)
  return [status, code, ...errors.map(({ pointer }) => pointer)]
}

// A request that announces `length` bytes of body, with those that are sent.
function begun(target, length, body) {
  return request(target, { headers: { ...JSON_TYPE, 'Content-Length': length }, body })
}

test('bodies beyond maxBufferedBytes together: 503, and the connection ends', async (t) => {
  const server = serveFunctions(t, { size: (text) => text.length }, { maxBufferedBytes: 3000, maxBodySize: 3000 })
  const first = await connect(t, server)
  await first.write(begun('/size', 2402, `["${'a'.repeat(1800)}`))
  // Otherwise the second one might arrive first, and find room.
  await until(() => server.stats().bytesReceived > 1802)
  const second = await connect(t, server)
  await second.write(begun('/size', 2402, `["${'a'.repeat(1800)}`))
  const refused = await second.response()
  t.deepEqual(problemOf(refused), [503, 'ERR_OVERLOADED'])
  t.deepEqual([refused.headers['retry-after'], refused.headers.connection], ['1', 'close'])
  t.is(await second.rest(), '')
  await first.write(`${'a'.repeat(598)}"]`)
  t.is((await first.response()).body, '2398')
  t.is(server.stats().overloaded, 1)
})

for (const [how, leave] of [
  ['leaves', (client) => client.destroy()],
  ['resets its connection', (client) => client.reset()],
  ['ends its side', (client) => client.end()]
]) {
  test(`a client that ${how} within a body gives back its room`, async (t) => {
    const server = serveFunctions(t, { size: (text) => text.length }, { maxBufferedBytes: 3000, maxBodySize: 3000 })
    const body = JSON.stringify(['a'.repeat(2000)])
    for (let i = 0; i < 3; i++) {
      const client = await connect(t, server)
      const request = begun('/size', 2100, body)
      const { bytesReceived } = server.stats()
      await client.write(request)
      await until(() => server.stats().bytesReceived === bytesReceived + request.length)
      leave(client)
      await client.gone()
      await until(() => server.stats().connectionsOpen === 0)
    }
    t.is((await post(t, server, '/size', { headers: JSON_TYPE, body })).body, '2000')
  })
}

for (const [what, target, headers, body] of [
  ['arguments that do not fit', '/size', JSON_TYPE, '["a",1]'],
  ['invalid JSON', '/size', JSON_TYPE, '["a"'],
  ['another media type', '/size', {}, '["a"]'],
  ['arguments in the path and in the body', '/size/a', JSON_TYPE, '["a"]'],
  ['an unknown function', '/no', JSON_TYPE, '["a"]'],
  ['a failure', '/fail', JSON_TYPE, '["a"]'],
  ['an ordinary call', '/size', JSON_TYPE, '["a"]']
]) {
  test(`${what}: the room of the body is given back`, async (t) => {
    const functions = { size: typed('(text: string) => int', (text) => text.length), fail: () => { throw Error('no') } }
    const server = serveFunctions(t, functions, { maxBufferedBytes: 2000, maxBodySize: 2000, onError() {} })
    const client = await connect(t, server)
    for (let i = 0; i < 20; i++) t.not((await client.send(target, { headers, body: body.padStart(1500) })).status, 503)
  })
}

test('a body counts until its call is taken, not until it is answered', async (t) => {
  const { promise, resolve } = withResolvers()
  const taken = []
  const functions = { wait: (text) => (taken.push(text), promise) }
  const server = serveFunctions(t, functions, { maxBufferedBytes: 2000, maxBodySize: 2000 })
  const clients = []
  for (let i = 0; i < 3; i++) {
    const client = await connect(t, server)
    await client.write(request('/wait', { headers: JSON_TYPE, body: JSON.stringify(['a'.repeat(1500)]) }))
    await until(() => taken.length > i)
    clients.push(client)
  }
  resolve(7)
  for (const client of clients) t.is((await client.response()).body, '7')
})

test('a body that comes byte by byte takes little more memory than its bytes', (t) => {
  const room = 150_000
  const pool = new BodyQuota(room)
  const body = new Body(pool, 1_000_000)
  for (let i = 0; i < 100_000; i++) t.true(body.add(Buffer.from([i])))
  t.is(body.bytes.length, 100_000)
  body.giveBack()
  t.true(pool.take(room))
})

test('a body whose length is known takes no more than that', (t) => {
  const body = new Body(new BodyQuota(2000), 2000)
  for (let i = 0; i < 2000; i++) t.true(body.add(Buffer.from([i])))
  t.false(body.add(Buffer.from([0])))
})

test.serial('a body for which there is no memory has no room, and gives back what it has taken', (t) => {
  const room = 150_000
  const pool = new BodyQuota(room)
  const body = new Body(pool, 1_000_000)
  t.true(body.add(Buffer.alloc(2000)))
  const { allocUnsafeSlow } = Buffer
  Buffer.allocUnsafeSlow = () => { throw new RangeError('Array buffer allocation failed') }
  try {
    t.false(body.add(Buffer.alloc(2000)))
  } finally {
    Buffer.allocUnsafeSlow = allocUnsafeSlow
  }
  body.giveBack()
  t.true(pool.take(room))
})

test('a client that does not read its answers has no further calls run', async (t) => {
  let calls = 0
  const text = 'x'.repeat(1_000_000)
  const large = typed('() => text', () => (calls++, text))
  const server = serveFunctions(t, { large })
  const client = await connect(t, server)
  await client.write(request('/large').repeat(100))
  // While each of these is answered, the calls of the other connection have a turn.
  await until(() => server.stats().requests > 0)
  for (let i = 0; i < 5; i++) t.is((await post(t, server, '/large')).body.length, text.length)
  t.true(calls < 30, `${calls} calls`)
  for (const { body } of await client.responses(100)) t.is(body.length, text.length)
  t.is(calls, 105)
})

test('a client that does not read large answers has few calls begun, even if their functions wait', async (t) => {
  let calls = 0
  const text = 'x'.repeat(1_000_000)
  const large = typed('() => text', async () => {
    calls++
    await turn()
    return text
  })
  const server = serveFunctions(t, { large, small: async () => turn() })
  const client = await connect(t, server)
  await client.write(request('/large').repeat(100))
  await until(() => calls > 0)
  for (let i = 0; i < 5; i++) await post(t, server, '/small')
  t.true(calls < 10, `${calls} calls`)
  for (const { body } of await client.responses(100)) t.is(body.length, text.length)
  t.is(calls, 100)
})

test('once its answers are short, a connection has 64 calls begun before the first has its answer', async (t) => {
  const { promise, resolve } = withResolvers()
  let held = 0
  const server = serveFunctions(t, { small: () => 1, held: () => (held++, promise) })
  const client = await connect(t, server)
  await client.write(request('/small').repeat(3))
  await client.responses(3)
  await client.write(request('/held').repeat(100))
  await until(() => held >= 64)
  await post(t, server, '/small')
  t.is(held, 64)
  resolve(1)
  await client.responses(100)
})

test('a 100 MB answer arrives whole', async (t) => {
  const bytes = Buffer.alloc(100_000_000, 'ringcall')
  const server = serveFunctions(t, { all: typed('() => bytes', () => bytes) })
  const response = await fetch(`${server.url.replace('localhost', '127.0.0.1')}/all`, { method: 'POST' })
  t.true(bytes.equals(Buffer.from(await response.arrayBuffer())))
})

test('bytes that a function writes to again are sent as they were', async (t) => {
  const scratch = new Uint8Array(300_000)
  let n = 0
  const server = serveFunctions(t, { next: typed('() => bytes', () => scratch.fill(65 + n++)) })
  const client = await connect(t, server)
  await client.write(request('/next').repeat(5))
  const answers = await client.responses(5)
  t.deepEqual(answers.map(({ body }) => body[0] + body.at(-1)), ['AA', 'BB', 'CC', 'DD', 'EE'])
})

test('a schema that takes longer than handlerTimeout: 503, and the function is not called', async (t) => {
  const { promise, resolve } = withResolvers()
  let calls = 0
  const Slow = { '~standard': { version: 1, vendor: 'test', validate: () => promise } }
  const slow = typed('(value: Slow) => int', () => ++calls, { types: { Slow } })
  const server = serveFunctions(t, { slow }, { handlerTimeout: 20 })
  const late = await post(t, server, '/slow', { headers: JSON_TYPE, body: '[1]' })
  t.deepEqual(problemOf(late), [503, 'ERR_TIMEOUT'])
  resolve({ value: 1 })
  await new Promise((done) => setImmediate(done))
  t.deepEqual([calls, server.stats().handlerErrors], [0, 0])
})

test('stats count calls, errors and refusals of each function', async (t) => {
  const functions = {
    sum: typed('(a: int, b: int) => int', (a, b) => a + b),
    fail: () => { throw Error('no') },
    refuse: () => { throw Object.assign(Error('no'), { statusCode: 409 }) },
    again: () => reply(1, { status: 201 })
  }
  const server = serveFunctions(t, functions, { onError() {} })
  for (const target of ['/sum/1/2', '/sum/1', '/sum/1/x', '/fail', '/refuse', '/again', '/no']) await post(t, server, target)
  const told = Object.entries(server.stats().functions).map(([name, { calls, errors, refusals, handlerTime }]) => (
    [name, calls, errors, refusals, handlerTime.count]
  ))
  t.deepEqual(told, [['sum', 1, 0, 2, 1], ['fail', 1, 1, 0, 1], ['refuse', 1, 0, 0, 1], ['again', 1, 0, 0, 1]])
})

test('a plain function has no stats by function', (t) => {
  t.false('functions' in serve(t, { engine: 'node' }).stats())
})

test('an invalid request is answered with a problem, too', async (t) => {
  const server = serveFunctions(t, { sum: (a, b) => a + b })
  for (const [bytes, ...expected] of [
    ['nonsense\r\n\r\n', 400, 'ERR_REQUEST'],
    ['POST /sum/1/2 HTTP/1.1\r\n\r\n', 400, 'ERR_REQUEST'],
    ['POST /sum/1/2 HTTP/2.5\r\nHost: a\r\n\r\n', 505, 'ERR_VERSION'],
    [`POST /sum/1/2 HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'ERR_HEAD_TOO_LARGE'],
    ['CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', 405, 'ERR_METHOD']
  ]) {
    const client = await connect(t, server)
    await client.write(bytes)
    const response = await client.response()
    t.deepEqual(problemOf(response), expected)
    t.is(response.headers['content-type'], 'application/problem+json')
    t.is(await client.rest(), '')
  }
})

test('a request that does not arrive in time is answered with a problem', async (t) => {
  const server = serveFunctions(t, { size: (text) => text.length }, { requestTimeout: 50, headersTimeout: 50 })
  const client = await connect(t, server)
  await client.write(begun('/size', 10, '["a'))
  t.deepEqual(problemOf(await client.response()), [408, 'ERR_REQUEST_TIMEOUT'])
})

// The next `count` answers cannot be written, whichever test's they are, so these tests run one at a time, before the
// others.
function breakAnswers(count) {
  const { writeHead } = ServerResponse.prototype
  ServerResponse.prototype.writeHead = () => {
    if (--count === 0) ServerResponse.prototype.writeHead = writeHead
    throw new Error('It cannot be written.')
  }
  return 1
}

test.serial('an answer that cannot be written gets 500, onError is called, and the connection goes on', async (t) => {
  const told = []
  const functions = { now: breakAnswers, later: async (n) => breakAnswers(n), good: () => 1 }
  const onError = ({ message }, call) => told.push([message, call.function])
  const server = serveFunctions(t, functions, { onError })
  const client = await connect(t, server)
  for (const target of ['/now/1', '/later/1']) t.deepEqual(problemOf(await client.send(target)), [500, 'ERR_FAILED'])
  t.is((await client.send('/good')).body, '1')
  t.deepEqual(told, [['It cannot be written.', 'now'], ['It cannot be written.', 'later']])
})

test.serial('if the 500 cannot be written, either, the connection ends and nothing stays in flight', async (t) => {
  const server = serveFunctions(t, { now: breakAnswers, later: async (n) => breakAnswers(n), good: () => 1 }, { onError() {} })
  for (const target of ['/now/2', '/later/2']) {
    const client = await connect(t, server)
    await client.write(request(target))
    t.is(await client.rest().catch(() => ''), '')
  }
  t.is(server.stats().inFlight, 0)
  t.is((await post(t, server, '/good')).body, '1')
})

// Takes the whole time of a turn, so that the calls behind it wait.
function busy() {
  const end = performance.now() + 15
  while (performance.now() < end);
  return 1
}

test('the arguments of a call that waits are not read before it is taken', async (t) => {
  const made = []
  const route = Routes.prototype
  const { find } = route
  route.find = function (path) {
    const found = find.call(this, path)
    if (!path.startsWith('/order')) return found
    const read = found.arguments
    found.arguments = (body) => (made.push('arguments'), read.call(found, body))
    return found
  }
  t.teardown(() => (route.find = find))
  const server = serveFunctions(t, { order: (n) => made.push(`call ${n}`) && busy() })
  const client = await connect(t, server)
  await client.write([1, 2, 3].map((n) => request('/order', { headers: JSON_TYPE, body: `[${n}]` })).join(''))
  await client.responses(3)
  t.deepEqual(made, ['arguments', 'call 1', 'arguments', 'call 2', 'arguments', 'call 3'])
})
