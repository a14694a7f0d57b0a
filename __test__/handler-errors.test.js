'use strict'

const test = require('ava')
const { file } = require('./commands.js')
const {
  assertServes, connect, fibonacci, post, request, root, serve, start, startMain, until
} = require('./helpers.js')

// A server whose handler calls `misbehave[n]`, and what its `onError` has been given.
function serveMisbehaving(t, misbehave, options) {
  const told = []
  const onError = (error, n) => told.push([error, n])
  const handler = (n) => (misbehave[n] ?? fibonacci)(Number(n))
  const server = serve(t, { onError, ...options }, handler)
  return { server, told }
}

const notIntegers = {
  1.5: 1.5,
  NaN: NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
  '2 ** 53': 2 ** 53,
  '-(2 ** 53)': -(2 ** 53),
  1e300: 1e300,
  'a string': '610',
  'an empty string': '',
  'a string with a line end': '610\r\nSet-Cookie: a=b\r\n\r\n',
  true: true,
  null: null,
  undefined: undefined,
  'a symbol': Symbol('610'),
  'an object': {},
  'an array': [610],
  'a Number object': Object(610),
  'a BigInt object': Object(610n),
  'a function': () => 610,
  'an object whose conversions throw': {
    toString: () => thrower('toString'),
    valueOf: () => thrower('valueOf'),
    [Symbol.toPrimitive]: () => thrower('toPrimitive'),
    toJSON: () => thrower('toJSON')
  }
}

for (const [how, wrap] of [['returned', (value) => value], ['from a promise', (value) => Promise.resolve(value)]]) {
  test(`a result that is no integer is answered with 500 and reported to onError, ${how}`, async (t) => {
    const values = Object.entries(notIntegers)
    const { server, told } = serveMisbehaving(t, values.map(([, value]) => () => wrap(value)))
    const client = await connect(t, server)
    for (const [i, [name]] of values.entries()) {
      const { status, headers, body } = await client.send(`/${i}`)
      t.is(status, 500, name)
      t.regex(headers['content-type'], /^text\/plain/, name)
      t.regex(body, /^\P{Cc}+\n?$/u, name)
    }
    t.is((await client.send('/30')).body, '832040', 'the connection goes on')
    t.deepEqual(told.map(([, n]) => n), [...values.keys()])
    for (const [error] of told) t.like(error, { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' })
    t.is(server.stats().handlerErrors, values.length)
  })
}

const thrown = {
  'an Error': new Error('secret'),
  'an error without a prototype': Object.create(null),
  undefined: undefined,
  null: null,
  'a string': 'secret',
  'a number': 610,
  'a bigint': 610n,
  'a symbol': Symbol('secret'),
  'a function': () => {},
  'a frozen error': Object.freeze(new Error('secret')),
  'an error whose properties throw': errorOfGetters(['statusCode', 'status', 'message', 'expose', 'name', 'then']),
  'an object whose conversions throw': notIntegers['an object whose conversions throw'],
  'a revoked proxy': revokedProxy()
}

test('whatever a handler throws is answered with 500, and passed to onError as it is', async (t) => {
  const values = Object.entries(thrown)
  const { server, told } = serveMisbehaving(t, values.map(([, value]) => () => { throw value }))
  const client = await connect(t, server)
  for (const [i, [name]] of values.entries()) {
    const { status, body } = await client.send(`/${i}`)
    t.is(status, 500, name)
    t.false(body.includes('secret'), name)
  }
  t.is((await client.send('/30')).body, '832040', 'the connection goes on')
  t.true(told.every(([error], i) => Object.is(error, values[i][1])))
  t.deepEqual(told.map(([, n]) => n), [...values.keys()])
  t.is(server.stats().handlerErrors, values.length)
})

test('whatever a promise rejects with is answered with 500, and passed to onError as it is', async (t) => {
  const values = Object.entries(thrown)
  const { server, told } = serveMisbehaving(t, values.map(([, value]) => () => Promise.reject(value)))
  const client = await connect(t, server)
  for (const [i, [name]] of values.entries()) t.is((await client.send(`/${i}`)).status, 500, name)
  t.is((await client.send('/30')).body, '832040', 'the connection goes on')
  t.true(told.every(([error], i) => Object.is(error, values[i][1])))
})

test('with bigint: true, onError gets the bigint', async (t) => {
  const { server, told } = serveMisbehaving(t, { 3: () => 'no integer' }, { bigint: true })
  t.is((await post(t, server, '/3')).status, 500)
  t.is(told[0][1], 3n)
})

test('an error fails its own request and none of those pipelined around it', async (t) => {
  const { server } = serveMisbehaving(t, { 2: () => { throw new Error('no') }, 4: () => 'no' })
  const client = await connect(t, server)
  await client.write([1, 2, 3, 4, 5].map((n) => request(`/${n}`)).join(''))
  const responses = await client.responses(5)
  t.deepEqual(responses.map(({ status }) => status), [200, 500, 200, 500, 200])
  t.deepEqual([0, 2, 4].map((i) => responses[i].body), ['1', '2', '5'])
})

test('a handler that overflows its stack is answered with 500', async (t) => {
  const { server, told } = serveMisbehaving(t, { 1: function again() { return again() + 1 } })
  t.is((await post(t, server, '/1')).status, 500)
  t.true(told[0][0] instanceof RangeError)
  await assertServes(t, server)
})

test('an onError that throws emits a warning, and changes nothing on the wire', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.on('warning', ({ code, message }) => console.log(code, message))
    const onError = () => { throw new Error('again') }
    const server = serverListen({ port: 0, onError }, (n) => {
      if (n < 0) throw new Error('no')
      return n < 10 ? Promise.reject(new Error('no')) : n
    })
    console.log(server.port)
  })
  const client = await connect(t, Number(await child.line()))
  await client.write(['/-1', '/1', '/15'].map((target) => request(target)).join(''))
  t.deepEqual((await client.responses(3)).map(({ status }) => status), [500, 500, 200])
  t.regex(await child.line(), /^RINGCALL_ON_ERROR .*again/)
})

test('an async onError that rejects emits a warning, too, and does not end the process', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.on('warning', ({ code, message }) => console.log(code, message))
    const onError = async () => { throw new Error('again') }
    console.log(serverListen({ port: 0, onError }, (n) => n / 2).port)
  })
  const client = await connect(t, Number(await child.line()))
  t.is((await client.send('/15')).status, 500)
  t.regex(await child.line(), /^RINGCALL_ON_ERROR .*again/)
  t.is((await client.send('/16')).body, '8')
})

test('without onError the first error emits a process warning, and all are counted', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.on('warning', ({ code, message }) => console.log(JSON.stringify({ code, message })))
    const server = serverListen(0, (n) => {
      if (n > 0) throw new Error(`no ${n}`)
      return server.stats().handlerErrors
    })
    console.log(server.port)
  })
  const client = await connect(t, Number(await child.line()))
  for (const n of [1, 2, 3]) t.is((await client.send(`/${n}`)).status, 500)
  t.is((await client.send('/0')).body, '3')
  const warning = JSON.parse(await child.line())
  t.is(warning.code, 'RINGCALL_HANDLER_ERROR')
  t.regex(warning.message, /no 1/)
  child.kill('SIGKILL')
  t.is((await child.exited).stderr.match(/RINGCALL_HANDLER_ERROR/g).length, 1)
})

test('a plain function of several parameters causes a warning when its server starts', async (t) => {
  const warningsOf = async (handler) => {
    const source = `
      const server = require(${JSON.stringify(root)}).serverListen({ port: 0, engine: 'node' }, ${handler})
      server.close()`
    const { stderr, code } = await start(t, ['-e', source]).exited
    t.is(code, 0)
    return stderr
  }
  const stderr = await warningsOf('(a, b) => a + b')
  t.is(stderr.match(/RINGCALL_PARAMETERS/g).length, 1)
  t.regex(stderr, /takes 2 arguments/)
  const others = ['(n) => n', '() => 1', '(n, memo = []) => n', '(...all) => all[0]', '{ sum: (a, b) => a + b }']
  for (const handler of others) {
    t.is(await warningsOf(handler), '', handler)
  }
})

test('so does a module that exports one', async (t) => {
  const module = file(t, 'sum.js', 'module.exports = (a, b, c) => a + b + c')
  const source = `
    const options = { port: 0, engine: 'node', workers: 1 }
    const server = require(${JSON.stringify(root)}).serverListen(options, ${JSON.stringify(module)})
    server.close()`
  const { stderr, code } = await start(t, ['-e', source]).exited
  t.is(code, 0)
  t.is(stderr.match(/RINGCALL_PARAMETERS/g).length, 1)
  t.regex(stderr, /takes 3 arguments/)
})

test("a handler's rejection never becomes an unhandled one", async (t) => {
  const unhandled = []
  const note = (reason) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const { server, told } = serveMisbehaving(t, { 1: () => Promise.reject(new Error('no')) })
  t.is((await post(t, server, '/1')).status, 500)
  await until(() => told.length === 1)
  await new Promise(setImmediate)
  t.deepEqual(unhandled, [])
})

function thrower(what) {
  throw new Error(`secret ${what}`)
}

function errorOfGetters(names) {
  const getters = names.map((name) => [name, { get: () => thrower(name) }])
  return Object.defineProperties(new Error(), Object.fromEntries(getters))
}

function revokedProxy() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
