'use strict'

// The `Server` object: the callback of its close, how it is inspected, and a start that fails once it listens.

const { mkdtempSync, existsSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { inspect } = require('node:util')
const test = require('ava')
const { assertRefused, assertServes, connect, gate, request, serve, serverListen, startMain } = require('./helpers.js')

const wrongType = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' }

// Resolves with the arguments that the callback is called with.
function called(close) {
  return new Promise((resolve) => close((...args) => resolve(args)))
}

test('close calls back once it is closed, without an error', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  await client.write(request('/15'))
  await held(15)
  let calls = 0
  const closed = server.close(() => calls++)
  t.true(closed instanceof Promise)
  release(15, 610)
  t.is((await client.response()).body, '610')
  t.deepEqual(await called((callback) => server.close(callback)), [])
  t.is(calls, 1)
  await assertRefused(t, server.port)
})

test('close calls each callback, also on a server that is closed already', async (t) => {
  const server = serve(t)
  const order = []
  await Promise.all([1, 2, 3].map((n) => called((callback) => server.close(() => callback(order.push(n))))))
  t.deepEqual(order, [1, 2, 3])
  t.deepEqual(await called((callback) => server.close(callback)), [])
})

test('close also takes the callback after the options', async (t) => {
  const server = serve(t)
  const call = await called((callback) => server.close({ timeout: 60_000 }, callback))
  t.deepEqual(call, [])
  t.deepEqual(await called((callback) => server.close(undefined, callback)), [])
})

test('close refuses a callback that is no function, and the server goes on listening', async (t) => {
  const server = serve(t)
  for (const callback of [null, 1, 'done', {}]) {
    const error = t.throws(() => server.close({}, callback), wrongType)
    t.true(error.message.includes('callback'), error.message)
  }
  await assertServes(t, server)
})

test('close as an event listener is refused: it must be called in a function', async (t) => {
  const server = serve(t)
  const inFunction = /`\(\) => server\.close\(\)`/
  // The arguments that a signal, an AbortSignal and an exit pass to their listeners.
  for (const args of [['SIGTERM', 15], [new Event('abort')], [{ type: 'abort', target: null }], [0], ['']]) {
    const bound = server.close.bind(server, ...args)
    t.throws(bound, { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE', message: inFunction })
  }
  t.throws(() => server.close(1000), { message: /\{ timeout: 1000 \}/ })
  const { close } = server
  const { signal } = new AbortController()
  for (const call of [() => close(), () => close.call(process, 'SIGTERM', 15), () => close.call(signal)]) {
    t.throws(call, { instanceOf: TypeError, code: 'ERR_INVALID_THIS', message: inFunction })
  }
  t.true(server.listening)
  await assertServes(t, server)
})

test('every method without its server is refused, and the error says how to pass it on', (t) => {
  const server = serve(t)
  for (const name of ['address', 'stats', 'ref', 'unref', 'close', 'closeIdleConnections', 'closeAllConnections']) {
    const method = server[name]
    for (const it of [undefined, null, 0, {}, process, Object.getPrototypeOf(server)]) {
      const error = t.throws(() => method.call(it), { instanceOf: TypeError, code: 'ERR_INVALID_THIS' })
      t.true(error.message.includes(`\`() => server.${name}()\``), error.message)
    }
  }
})

test('an error that a callback of close throws is an uncaught exception', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.on('uncaughtException', ({ message }, origin) => console.log(origin, message))
    serverListen(0, (n) => n).close(() => { throw new Error('of the callback') })
  })
  t.is(await child.line(), 'uncaughtException of the callback')
})

test('close calls back in a signal handler', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const server = serverListen(0, (n) => n)
    process.once('SIGTERM', () => server.close(() => console.log('closed')))
    console.log(server.port)
  })
  await child.line()
  child.kill('SIGTERM')
  t.is(await child.line(), 'closed')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

// Code that may throw once the server listens. Each throws `no`.
const failing = {
  "the signal's addEventListener throws": ({ serverListen }) => {
    const signal = { aborted: false, addEventListener() { throw new Error('no') }, removeEventListener() {} }
    serverListen({ port: 0, signal }, (n) => n)
  },
  "reading the signal's aborted throws": ({ serverListen }) => {
    const signal = { get aborted() { throw new Error('no') }, addEventListener() {}, removeEventListener() {} }
    serverListen({ port: 0, signal }, (n) => n)
  },
  'the signal aborts at once and throws': ({ serverListen }) => {
    const addEventListener = (_, abort) => {
      abort()
      throw new Error('no')
    }
    serverListen({ port: 0, signal: { aborted: false, addEventListener, removeEventListener() {} } }, (n) => n)
  },
  'a listener of newListener throws': ({ serverListen }, path) => {
    process.on('newListener', (event) => { if (event === 'exit') throw new Error('no') })
    serverListen({ path }, (n) => n)
  }
}

for (const [what, main] of Object.entries(failing)) {
  test(`where ${what}, the start rethrows that, and nothing is left that listens`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const socket = path.join(folder, 'socket')
    const source = `({ serverListen }, path) => {
      try {
        (${main})({ serverListen }, path)
      } catch ({ message }) {
        console.log(message)
      }
    }`
    const child = startMain(t, source, { args: [socket] })
    t.is(await child.line(), 'no')
    t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
    t.false(existsSync(socket))
  })
}

test('where NODE_DEBUG cannot be written to stderr, a server listens and closes', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.stderr.write = () => { throw new Error('no') }
    serverListen(0, (n) => n).close().then(() => console.log('closed'))
  }, { env: { NODE_DEBUG: 'ringcall' } })
  t.is(await child.line(), 'closed')
  t.is((await child.exited).code, 0)
})

test("close resolves where the signal's removeEventListener throws or is missing", async (t) => {
  for (const removeEventListener of [undefined, () => { throw new Error('no') }]) {
    const signal = { aborted: false, addEventListener() {}, removeEventListener }
    const server = serverListen({ port: 0, signal }, (n) => n)
    await server.close()
    await assertRefused(t, server.port)
  }
})

test('inspect shows where a server listens, or listened', async (t) => {
  const server = serve(t, { host: '127.0.0.1' })
  const { engine, url } = server
  t.is(inspect(server), `Server { url: '${url}', engine: '${engine}', listening: true }`)
  t.is(inspect([{ server }], { depth: 0 }), '[ [Object] ]')
  t.is(inspect({ a: { b: server } }, { depth: 1 }), '{ a: { b: [Server] } }')
  t.regex(inspect(server, { colors: true }), /url.*\x1b\[32m/)
  await server.close()
  t.is(inspect(server), `Server { url: '${url}', engine: '${engine}', listening: false }`)
})
