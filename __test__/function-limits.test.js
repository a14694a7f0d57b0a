'use strict'

// The limits of functions by name: memory for bodies, depth, hostile values, long answers, timeouts, and ends in the
// middle of a body.

const { createHash, randomBytes } = require('node:crypto')
const { once } = require('node:events')
const { setImmediate: turn } = require('node:timers/promises')
const { Worker } = require('node:worker_threads')
const test = require('ava')
const { z } = require('zod')
const { reply, typed } = require('../index.js')
const {
  connect, connectMany, gate, post, promptTest, request, ringTest, serve, serverListen, underTest, until, untilStats,
  withResolvers
} = require('./helpers.js')

const KIB = 1024
const MIB = 1024 * KIB
const JSON_TYPE = { 'Content-Type': 'application/json' }
const BYTES_TYPE = { 'Content-Type': 'application/octet-stream' }

const length = typed('(text: string) => int', (text) => text.length)
const sum = typed('(a: int, b: int) => int', (a, b) => a + b)

function json(value) {
  return { headers: JSON_TYPE, body: typeof value === 'string' ? value : JSON.stringify(value) }
}

// A request for `length` without the end of its body, and that end.
function halves(size) {
  const whole = request('/length', json(['x'.repeat(size - 4)]))
  return [whole.slice(0, -1000), whole.slice(-1000)]
}

function codeOf({ body }) {
  return JSON.parse(body).code
}

test('bodies beyond maxBufferedBytes are refused with 503 until others have gone', async (t) => {
  const server = serve(t, { maxBufferedBytes: 101_000, maxBodySize: 50_000 }, { length, sum })
  const [first, second] = [await connect(t, server), await connect(t, server)]
  const [start, end] = halves(50_000)
  await Promise.all([first.write(start), second.write(start)])
  await until(() => server.stats().bytesReceived >= 2 * start.length)
  const ask = () => post(t, server, '/length', json(['x'.repeat(10_000)]))
  const refused = await ask()
  t.deepEqual([refused.status, refused.headers['retry-after'], codeOf(refused)], [503, '1', 'ERR_OVERLOADED'])
  t.is((await post(t, server, '/sum/3/4')).body, '7', 'a call that needs no memory is served')
  await untilStats(server, { overloaded: 1 })

  await first.write(end)
  t.is((await first.response()).body, '49996')
  t.is((await ask()).status, 200, 'the first is done')
  second.reset()
  await untilStats(server, { connectionsOpen: 1 })
  t.is((await first.send('/length', json(['x'.repeat(40_000)]))).body, '40000')
})

test('a body in pieces that finds no room is refused with 503, and the connection ends', async (t) => {
  const server = serve(t, { maxBufferedBytes: 20_000, maxBodySize: 20_000 }, { length })
  const first = await connect(t, server)
  const [half] = halves(20_000)
  await first.write(half)
  await until(() => server.stats().bytesReceived >= half.length)
  for (;;) {
    const second = await connect(t, server)
    const [start, end] = halves(15_000)
    await second.write(start)
    await turn()
    await second.write(end).catch(() => {})
    const response = await second.response()
    t.is(response.status, 503)
    if (response.headers.connection !== 'close') continue // It came in one piece.
    return t.is(await second.rest(), '')
  }
})

test('maxBodySize is 1 MiB for functions unless set otherwise', async (t) => {
  const server = serve(t, {}, { length })
  const text = 'x'.repeat(MIB - 4)
  t.is((await post(t, server, '/length', json([text]))).body, String(MIB - 4))
  const client = await connect(t, server)
  client.write(request('/length', json([`${text}x`]))).catch(() => {})
  const refused = await client.response()
  t.deepEqual([refused.status, codeOf(refused), refused.headers.connection], [413, 'ERR_BODY_TOO_LARGE', 'close'])
})

test('a body in chunks is counted as it comes, and refused once it is too long', async (t) => {
  const server = serve(t, { maxBodySize: 10_000 }, { length })
  const client = await connect(t, server)
  const headers = { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }
  const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`
  client.write(request('/length', { headers, body: `2\r\n["\r\n${chunk.repeat(11)}` })).catch(() => {})
  const refused = await client.response()
  t.deepEqual([refused.status, codeOf(refused)], [413, 'ERR_BODY_TOO_LARGE'])
})

test('10,000 levels are refused as an argument, and harmless as a result', async (t) => {
  let calls = 0
  const deep = (levels) => '['.repeat(levels) + ']'.repeat(levels)
  const server = serve(t, { onError() {} }, {
    take: typed('(value: json) => int', () => ++calls),
    any: (value) => ++calls,
    give: () => JSON.parse(deep(10_000))
  })
  for (const path of ['/take', '/any']) {
    const objects = `{"value":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`
    for (const body of [`[${deep(10_000)}]`, deep(10_000), objects]) {
      const refused = await post(t, server, path, json(body))
      t.deepEqual([refused.status, codeOf(refused)], [400, 'ERR_NOT_JSON'])
    }
  }
  t.is(calls, 0)
  const { status, body } = await post(t, server, '/give')
  if (status === 200) t.is(body, deep(10_000))
  else t.deepEqual([status, JSON.parse(body).code], [500, 'ERR_FAILED'])
  t.is((await post(t, server, '/any', json([1]))).body, '1')
})

test('arguments that do not convert to strings, numbers or promises fail only their own call', async (t) => {
  const errors = []
  const server = serve(t, { onError: (error, call) => errors.push(call) }, {
    text: typed('(value: json) => string', (value) => `${value}`),
    add: (a, b) => a + b,
    echo: typed('(value: json) => json', async (value) => value)
  })
  const odd = { toString: 1, valueOf: null, toJSON: 'x', then: 1, constructor: { name: 1 }, length: -1 }
  t.is((await post(t, server, '/text', json([odd]))).status, 500)
  t.is((await post(t, server, '/add', json([odd, 1]))).status, 500)
  t.deepEqual(JSON.parse((await post(t, server, '/echo', json([odd]))).body), odd)
  t.deepEqual(errors, [{ function: 'text', arguments: [odd] }, { function: 'add', arguments: [odd, 1] }])
})

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const cycle = () => {
  const value = { a: [] }
  value.a.push(value)
  return value
}
const throws = () => { throw new Error('hostile') }

const HOSTILE = {
  toJsonThrows: () => ({ toJSON: throws }),
  toJsonGivesBigint: () => ({ toJSON: () => 1n }),
  toJsonGivesItself: () => ({ toJSON: () => undefined }),
  getterThrows: () => ({ get a() { return throws() } }),
  getterThrowsNothing: () => ({ get a() { throw undefined } }),
  thenThrows: () => ({ get then() { return throws() } }),
  thenThrowsLater: () => ({ then: throws }),
  thenRejectsWithNothing: () => ({ then: (_, reject) => reject() }),
  revoked,
  revokedLater: async () => revoked(),
  trapsThrow: () => new Proxy({ a: 1 }, { get: throws, ownKeys: throws }),
  cycle,
  bigintInside: () => ({ a: [1n] }),
  symbol: () => Symbol('a'),
  throwsNothing: () => { throw undefined },
  throwsNull: async () => { throw null },
  throwsSymbol: () => { throw Symbol('a') },
  throwsRevoked: () => { throw revoked() },
  throwsStatus: () => { throw { get statusCode() { return throws() } } },
  throwsHeaders: () => { throw { statusCode: 400, headers: new Proxy({}, { ownKeys: throws }) } },
  throwsLineEnds: () => { throw { statusCode: 400, headers: { a: 'b\r\nc: d' } } },
  repliesLineEnds: () => reply(1, { headers: { a: 'b\r\nc: d' } }),
  repliesRevoked: () => reply(revoked()),
  repliesCycle: async () => reply(cycle(), { status: 201 }),
  repliesReply: () => reply(reply(cycle())),
  longerAsItIsRead: () => new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 53 : 1n) })
}

test('each hostile result or error gets 500, and the next call is served', async (t) => {
  const errors = []
  const server = serve(t, { onError: (_, call) => errors.push(call.function) }, { ...HOSTILE, sum })
  const client = await connect(t, server)
  for (const name of Object.keys(HOSTILE)) {
    const { status, body, headers } = await client.send(`/${name}`)
    t.deepEqual([status, JSON.parse(body).code, headers.a], [500, 'ERR_FAILED', undefined], name)
    t.is((await client.send('/sum/3/4')).body, '7')
  }
  await until(() => errors.length >= Object.keys(HOSTILE).length)
  t.deepEqual(errors, Object.keys(HOSTILE))
})

test('a promise that settles twice answers once', async (t) => {
  const twice = () => ({
    then(resolve, reject) {
      resolve(1)
      resolve(2)
      reject(new Error('3'))
    }
  })
  const server = serve(t, {}, { twice, sum })
  const client = await connect(t, server)
  await client.write(request('/twice') + request('/sum/3/4'))
  t.deepEqual((await client.responses(2)).map(({ body }) => body), ['1', '7'])
})

test('arguments that a handler keeps never change and hold no other memory', async (t) => {
  const kept = []
  const server = serve(t, {}, {
    keep: typed(
      '(text: string, value: json, numbers: number[], ints: int64[], data: bytes, texts: string[]) => int',
      (...args) => kept.push(args)
    ),
    other: typed('(text: string, numbers: number[], data: bytes) => int', (text) => text.length)
  })
  const client = await connect(t, server)
  const expected = (i) => [
    `kept ${i} ${'é'.repeat(i % 50)}`, { i, deep: [[i], `text ${i}`] }, Float64Array.from([i, 0.5]),
    BigInt64Array.from([BigInt(i)]), Uint8Array.from([i, 1, 2]), [`a${i}`, 'b']
  ]
  const sent = ([text, value, numbers, ints, data, texts]) => [
    text, value, [...numbers], [...ints].map(String), Buffer.from(data).toString('base64'), texts
  ]
  const data = Buffer.alloc(300, 7).toString('base64')
  const others = request('/other', json(['y'.repeat(500), [1, 2, 3], data])).repeat(49)
  for (let i = 0; i < 200; i++) {
    await client.write(request('/keep', json(sent(expected(i)))) + others)
    t.deepEqual((await client.responses(50)).map(({ body }) => body), [String(i + 1), ...Array(49).fill('500')])
  }
  for (const [i, args] of kept.entries()) {
    t.deepEqual(args, expected(i))
    for (const array of args.slice(2, 5)) {
      t.deepEqual([array.buffer.byteLength, array.byteOffset], [array.byteLength, 0], 'its memory is its own')
    }
  }
  // They may be written to, too.
  kept[0][4].fill(9)
  t.deepEqual(kept[1], expected(1))
})

test('as many bodies find room as maxBufferedBytes has space for, to the byte', async (t) => {
  const limits = { maxBodySize: 100_000, maxBufferedBytes: 300_000 }
  const server = serve(t, limits, { first: typed('(data: bytes) => int', (data) => data[0]) })
  const bytes = request('/first', { headers: BYTES_TYPE, body: '0'.repeat(100_000) })
  const clients = await connectMany(t, server, 3)
  for (const client of clients) await client.write(bytes.slice(0, -1))
  await untilStats(server, { bytesReceived: 3 * (bytes.length - 1) })
  t.is((await post(t, server, '/first', { headers: BYTES_TYPE, body: '0'.repeat(2000) })).status, 503)
  for (const client of clients) await client.write('0')
  for (const client of clients) t.is((await client.response()).body, '48')
})

promptTest(test)('a call that exceeds handlerTimeout gets 503, and the memory of its arguments is free again', async (t, timeout) => {
  const never = typed('(text: string) => int', () => new Promise(() => {}))
  const server = serve(t, { handlerTimeout: timeout, maxBufferedBytes: 30_000, maxBodySize: 30_000 }, { never, length })
  const client = await connect(t, server)
  for (let i = 0; i < 3; i++) {
    const late = await client.send('/never', json(['x'.repeat(20_000)]))
    t.deepEqual([late.status, codeOf(late), late.headers['retry-after']], [503, 'ERR_TIMEOUT', '1'])
  }
  t.is((await client.send('/length', json(['x'.repeat(20_000)]))).body, '20000')
})

test('a request with half its body when the server closes is awaited, run and answered', async (t) => {
  const server = serve(t, {}, { length })
  const client = await connect(t, server)
  const [start, end] = halves(40_000)
  await client.write(start)
  await untilStats(server, { connectionsOpen: 1 })
  const closed = server.close()
  await client.write(end)
  const { body, headers } = await client.response()
  t.deepEqual([body, headers.connection], ['39996', 'close'])
  await closed
})

test('each body that a connection sends arrives as it is, whether much or little came before it', async (t) => {
  const hash = (data) => createHash('sha256').update(data).digest('hex')
  const server = serve(t, {}, { hash: typed('(data: bytes) => text', hash) })
  const sizes = [1, 300_000, ...Array(6).fill(20), 40_000, 1024, 2 ** 16, 2 ** 15, 5000, ...Array(5).fill(3), MIB, 1]
  await Promise.all(Array.from({ length: 4 }, async () => {
    const client = await connect(t, server)
    const bodies = sizes.map((size) => randomBytes(size / 2 + 1).toString('hex').slice(0, size))
    const requests = bodies.map((body) => request('/hash', { headers: BYTES_TYPE, body }))
    for (const [i, bytes] of requests.entries()) {
      await client.write(bytes)
      t.is((await client.response()).body, hash(bodies[i]))
    }
    await Promise.all([client.write(requests.join('')), client.responses(sizes.length).then((responses) => {
      t.deepEqual(responses.map(({ body }) => body), bodies.map(hash))
    })])
  }))
})

promptTest(test)('a body that does not come in time gets 408, and its memory is free again', async (t, timeout) => {
  const limits = { requestTimeout: timeout, headersTimeout: timeout, maxBufferedBytes: 40_000, maxBodySize: 40_000 }
  const server = serve(t, limits, { length })
  const client = await connect(t, server)
  await client.write(halves(40_000)[0])
  const late = await client.response()
  t.deepEqual([late.status, codeOf(late), late.headers.connection], [408, 'ERR_REQUEST_TIMEOUT', 'close'])
  t.is((await post(t, server, '/length', json(['x'.repeat(30_000)]))).body, '30000')
})

test("Node's event loop turns between calls that take long, and no call gets another's arguments", async (t) => {
  let runs = 0
  let most = 0
  const busy = typed('(text: string, n: int, data: bytes) => string', (text, n, data) => {
    most = Math.max(most, ++runs)
    const until = performance.now() + 2
    while (performance.now() < until);
    return `${text} ${n} ${data[0]}`
  })
  const server = serve(t, {}, { busy })
  const ticking = setInterval(() => (runs = 0), 1)
  t.teardown(() => clearInterval(ticking))
  const clients = await Promise.all(Array.from({ length: 4 }, () => connect(t, server)))
  const bodyOf = (i) => json([`call ${i}`, i, Buffer.from([i % 256]).toString('base64')])
  await Promise.all(clients.map(async (client, c) => {
    const numbers = Array.from({ length: 60 }, (_, i) => 1000 * c + i)
    await client.write(numbers.map((i) => request('/busy', bodyOf(i))).join(''))
    for (const i of numbers) t.is((await client.response()).body, `"call ${i} ${i} ${i % 256}"`)
  }))
  t.log(`${most} calls in one turn at most`)
  t.true(most < 60, `${most} calls in one turn`)
})

test('asynchronous schemas check each call by itself', async (t) => {
  const Order = z.object({ id: z.number(), wait: z.number() }).refine(async ({ wait, id }) => {
    for (let i = 0; i < wait; i++) await turn()
    return id % 3 !== 0
  }, { path: ['id'] })
  const called = []
  const server = serve(t, {}, {
    order: typed('(order: Order, tag: string) => json', async ({ id }, tag) => {
      called.push(id)
      await turn()
      return { id, tag }
    }, { types: { Order } })
  })
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, server)))
  await Promise.all(clients.map(async (client, c) => {
    const ids = Array.from({ length: 30 }, (_, i) => 100 * c + i)
    await client.write(ids.map((id) => request('/order', json([{ id, wait: (7 * id) % 11 }, `t${id}`]))).join(''))
    for (const id of ids) {
      const { status, body } = await client.response()
      if (id % 3 !== 0) t.deepEqual([status, JSON.parse(body)], [200, { id, tag: `t${id}` }])
      else t.deepEqual([status, JSON.parse(body).errors[0].pointer], [400, '#/0/id'])
    }
  }))
  t.true(called.every((id) => id % 3 !== 0))
  t.is(called.length, 100)
})

test('calls beyond maxInFlight are refused with a problem, and later ones are served', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { maxInFlight: 2 }, { wait: typed('(text: string) => string', handler), sum })
  const clients = await Promise.all(['a', 'b'].map(async (text) => {
    const client = await connect(t, server)
    await client.write(request('/wait', json([text])))
    await held(text)
    return client
  }))
  const refused = await post(t, server, '/sum', json([3, 4]))
  t.deepEqual([refused.status, codeOf(refused), refused.headers['retry-after']], [503, 'ERR_OVERLOADED', '1'])
  release('a', 'x')
  release('b', 'y')
  t.deepEqual(await Promise.all(clients.map(async (client) => (await client.response()).body)), ['"x"', '"y"'])
  t.is((await post(t, server, '/sum', json([3, 4]))).body, '7')
})

ringTest(test)('a worker that is ended with calls in flight takes nothing else with it', async (t) => {
  const main = ({ typed, serverListen }, parent) => {
    const never = typed('(text: string, data: bytes) => json', () => {
      parent.postMessage('called')
      return new Promise(() => {})
    })
    const busy = typed('(text: string) => string', (text) => {
      const until = performance.now() + 1
      while (performance.now() < until);
      return text
    })
    parent.postMessage(serverListen(0, { never, busy }).port)
  }
  for (let round = 0; round < 5; round++) {
    const source = `const { parentPort } = require('node:worker_threads')
      const { typed } = require(${JSON.stringify(require.resolve('../index.js'))})
      ;(${main})({ typed, ...require(${JSON.stringify(underTest)}) }, parentPort)`
    const worker = new Worker(source, { eval: true })
    t.teardown(() => worker.terminate())
    const [port] = await once(worker, 'message')
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect(t, port)))
    const never = request('/never', json(['x'.repeat(5000), Buffer.alloc(2000).toString('base64')]))
    await clients[0].write(never.repeat(3))
    await once(worker, 'message')
    await clients[1].write(request('/busy', json(['y'.repeat(2000)])).repeat(200))
    await clients[2].write(never.slice(0, -100))
    await worker.terminate()
    for (const client of clients) await client.gone()
    const next = serverListen({ port, host: '127.0.0.1' }, { sum })
    t.is((await post(t, port, '/sum/3/4')).body, '7')
    await next.close()
  }
})

test('a server that closes answers the calls whose promises have yet to settle', async (t) => {
  const { promise, resolve } = withResolvers()
  const called = withResolvers()
  const server = serve(t, {}, {
    wait: typed('(text: string) => string', async (text) => {
      called.resolve()
      await promise
      return text
    })
  })
  const client = await connect(t, server)
  await client.write(request('/wait', json(['x'.repeat(20_000)])))
  await called.promise
  const closed = server.close()
  resolve()
  const { body, headers } = await client.response()
  t.deepEqual([body.length, headers.connection], [20_002, 'close'])
  await closed
})
