'use strict'

// What strangers, and functions that do odd things, once brought about: the process ended, a client starved, a call ran
// after its 503.

const test = require('ava')
const { reply, typed } = require('../index.js')
const { connect, post, request, ringTest, serve, until } = require('./helpers.js')

const JSON_TYPE = { 'Content-Type': 'application/json' }

function json(value) {
  return { headers: JSON_TYPE, body: JSON.stringify(value) }
}

// As a worker's `postMessage` does with a transfer list.
function transfer({ buffer }) {
  structuredClone(buffer, { transfer: [buffer] })
}

for (const [type, body] of [['bytes', 'abc'], ['number[]', '[[1,2]]'], ['int64[]', '[[1,2]]']]) {
  test(`a function that is async, throws or returns nonsense may transfer its ${type} away`, async (t) => {
    const told = []
    const onError = (error, call) => told.push(call)
    const server = serve(t, { onError }, {
      later: typed(`(d: ${type}) => int`, async (d) => (transfer(d), 1)),
      refuses: typed(`(d: ${type}) => int`, (d) => {
        transfer(d)
        throw Object.assign(new Error('no'), { statusCode: 422 })
      }),
      nonsense: typed(`(d: ${type}) => int`, (d) => (transfer(d), 'x'))
    })
    const client = await connect(t, server)
    const ask = (name) => client.send(`/${name}`, { headers: JSON_TYPE, body })
    t.is((await ask('later')).body, '1')
    t.is((await ask('refuses')).status, 422)
    t.is((await ask('nonsense')).status, 500)
    t.is((await ask('later')).body, '1')
    t.deepEqual(told.map((call) => call.function), ['nonsense'])
    t.is(server.stats().inFlight, 0)
  })
}

test('clients that keep sending long bodies, and take all receive buffers, starve no others', async (t) => {
  const server = serve(t, { receiveBuffers: 8, receiveBufferSize: 1024 }, { take: (text) => text.length, ping: () => 1 })
  const long = request('/take', json([['x'.repeat(100_000)]]))
  let isOver = false
  const heavies = await Promise.all(Array.from({ length: 8 }, () => connect(t, server)))
  const sent = heavies.map(async (client) => {
    while (!isOver) {
      await client.write(long)
      await client.response()
    }
  })
  await until(() => server.stats().requests > 8)
  const light = await connect(t, server)
  for (let i = 0; i < 20; i++) t.is((await light.send('/ping')).body, '1')
  isOver = true
  await Promise.all(sent)
})

ringTest(test)('a function is not called once its call has timed out, however late its schema is', async (t) => {
  let called = 0
  let release
  const held = new Promise((resolve) => (release = resolve))
  const Slow = { '~standard': { version: 1, vendor: 'test', validate: async (value) => (await held, { value }) } }
  const server = serve(t, { handlerTimeout: 500 }, {
    pay: typed('(order: Slow) => json', () => ++called, { types: { Slow } })
  })
  const late = await post(t, server, '/pay', json([1]))
  t.is(late.status, 503)
  release()
  t.is((await post(t, server, '/pay', json([1]))).status, 200)
  t.is(called, 1)
})

test('a body within maxBodySize always finds room on an idle server, whatever memory its arguments take', async (t) => {
  const server = serve(t, { maxBodySize: 100_000, maxBufferedBytes: 100_000 }, {
    count: typed('(values: number[]) => int', (values) => values.length), length: typed('(text: string) => int', (text) => text.length)
  })
  const client = await connect(t, server)
  t.is((await client.send('/count', json([Array(40_000).fill(1)]))).body, '40000')
  t.is((await client.send('/length', json(['é'.repeat(40_000)]))).body, '40000')
  t.is((await client.send('/count', json([Array(40_000).fill(1)]))).body, '40000')
})

test('a type cannot have the name of a property that every object has', (t) => {
  const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
  for (const name of ['valueOf', 'toString', 'constructor', 'hasOwnProperty']) {
    t.throws(() => typed(`(a: ${name}) => json`, (a) => a, { types: { [name]: schema } }), { code: 'ERR_INVALID_ARG_VALUE' })
  }
})

test('a function is called, whatever its property `call` is', async (t) => {
  const odd = Object.assign((n) => n + 1, { call: () => 'wrong' })
  const bare = Object.setPrototypeOf((n) => n + 2, null)
  const server = serve(t, {}, { odd, bare })
  t.is((await post(t, server, '/odd/1')).body, '2')
  t.is((await post(t, server, '/bare/1')).body, '3')
})

test('a 200 without a value, and a redirect, have a Content-Length', async (t) => {
  const server = serve(t, {}, {
    empty: typed('() => void', () => reply(undefined, { status: 200 })),
    moved: typed('() => void', () => reply(undefined, { status: 308, headers: { location: '/empty' } }))
  })
  const client = await connect(t, server)
  for (const [path, status] of [['/empty', 200], ['/moved', 308]]) {
    const { status: answered, headers } = await client.send(path)
    t.is(answered, status)
    t.is(headers['content-length'], '0')
    t.is(headers['transfer-encoding'], undefined)
  }
})

test('bytes of a class that lies about its length are sent as they are', async (t) => {
  class Long extends Uint8Array {
    get length() {
      return 3000
    }
  }
  const server = serve(t, {}, { file: typed('() => bytes', () => new Long([65, 66, 67])) })
  t.is((await post(t, server, '/file')).body, 'ABC')
})

test("an error's own Content-Type does not make a problem something else", async (t) => {
  const server = serve(t, {}, {
    no: () => { throw Object.assign(new Error('<b>no</b>'), { statusCode: 401, headers: { 'Content-Type': 'text/html' } }) }
  })
  const { headers } = await post(t, server, '/no')
  t.is(headers['content-type'], 'application/problem+json')
})
