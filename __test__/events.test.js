'use strict'

const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const test = require('ava')
const { typed } = require('../index.js')
const { connect, post, serve, start, startMain, until, untilStats } = require('./helpers.js')

// Collects the messages of a channel about the servers of this test.
function collect(t, channel) {
  const messages = []
  const listener = (message, name) => messages.push({ name, ...message })
  subscribe(channel, listener)
  t.teardown(() => unsubscribe(channel, listener))
  return (server) => messages.filter((message) => message.server === server).map(({ server, ...rest }) => rest)
}

test('each failure of the handler is published, before onError is called', async (t) => {
  const told = collect(t, 'ringcall:handler-error')
  const failure = new Error('no')
  const onError = (error, n) => t.like(told(server).at(-1), { error, n })
  const server = serve(t, { onError }, (n) => {
    if (n === 1) throw failure
    return n === 2 ? Promise.reject(failure) : n === 3 ? 1.5 : n
  })
  for (const n of [1, 2, 3, 4]) await post(t, server, `/${n}`)
  const messages = told(server)
  t.deepEqual(messages.map(({ name, n }) => [name, n]), [1, 2, 3].map((n) => ['ringcall:handler-error', n]))
  t.is(messages[0].error, failure)
  t.is(messages[1].error, failure)
  t.is(messages[2].error.code, 'ERR_INVALID_RETURN_VALUE')
})

test('the failure of a function by name is published with its name and its arguments', async (t) => {
  const told = collect(t, 'ringcall:handler-error')
  const failure = new Error('no')
  const onError = (error, call) => t.like(told(server).at(-1), { error, ...call })
  const server = serve(t, { onError }, {
    sum: (a, b) => a + b,
    fail() { throw failure },
    reject: async () => { throw failure },
    half: typed('(n: int) => int', (n) => n / 2)
  })
  for (const target of ['/sum/1/2', '/sum/1', '/fail/1/2', '/reject/3', '/half/1']) await post(t, server, target)
  const messages = told(server)
  const called = messages.map(({ name, function: fn, arguments: args }) => [name, fn, args])
  t.deepEqual(called, [
    ['ringcall:handler-error', 'fail', [1, 2]], ['ringcall:handler-error', 'reject', [3]], ['ringcall:handler-error', 'half', [1]]
  ])
  t.deepEqual(messages.slice(0, 2).map(({ error }) => error), [failure, failure])
  t.is(messages[2].error.code, 'ERR_INVALID_RETURN_VALUE')
  t.false(messages.some((message) => 'n' in message))
})

test('the failure of a declared function at the root is published with its own name, or handler', async (t) => {
  const told = collect(t, 'ringcall:handler-error')
  const servers = [function half() { return 0.5 }, () => 0.5].map((handler) => (
    serve(t, { onError: () => {} }, typed('(n: int) => int', handler))
  ))
  for (const server of servers) await post(t, server, '/1')
  t.deepEqual(servers.map((server) => told(server)[0].function), ['half', 'handler'])
})

test('a flood of refusals is published once a second at most, and the counts include every one', async (t) => {
  const told = collect(t, 'ringcall:refusal')
  const server = serve(t, { maxBodySize: 10 })
  const started = Date.now()
  for (let i = 0; i < 200; i++) await post(t, server, '/15', { body: 'x'.repeat(11) })
  const client = await connect(t, server)
  await client.send('/15', { headers: { X: 'x'.repeat(20_000) } })
  await untilStats(server, { bodiesTooLarge: 200, headersTooLarge: 1 })
  await until(() => told(server).some(({ kind }) => kind === 'headersTooLarge'))
  const messages = told(server)
  const bodies = messages.filter(({ kind }) => kind === 'bodiesTooLarge')
  t.is(bodies.reduce((sum, { count }) => sum + count, 0), 200)
  t.true(bodies.length <= (Date.now() - started) / 1000 + 1)
  t.deepEqual(messages.filter(({ kind }) => kind === 'headersTooLarge').map(({ count }) => count), [1])
})

test('connections that are reset are published, at the close at the latest', async (t) => {
  const told = collect(t, 'ringcall:connection-error')
  const server = serve(t)
  const client = await connect(t, server)
  await client.send('/15')
  client.reset()
  await untilStats(server, { connectionsOpen: 0 })
  await server.close()
  t.deepEqual(told(server), [{ name: 'ringcall:connection-error', kind: 'connectionErrors', count: 1 }])
})

test('events from before there was a subscriber are in the first message', async (t) => {
  const server = serve(t, { maxBodySize: 0 })
  await post(t, server, '/15', { body: 'x' })
  await untilStats(server, { bodiesTooLarge: 1 })
  const told = collect(t, 'ringcall:refusal')
  await until(() => told(server).length > 0)
  t.like(told(server), [{ kind: 'bodiesTooLarge', count: 1 }])
})

test('looking for events keeps no process alive', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    require('node:diagnostics_channel').subscribe('ringcall:refusal', () => {})
    serverListen(0, (n) => n).unref()
  })
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('NODE_DEBUG=ringcall logs the life of a server', async (t) => {
  const source = `
    const { serverListen } = require('ringcall')
    const server = serverListen({ port: 0, maxBodySize: 0, onError() {} }, (n) => {
      if (n === 1) throw new Error('no')
      return n
    })
    console.log(server.port)
    process.once('SIGTERM', () => server.close())`
  const child = start(t, ['-e', source], { env: { NODE_DEBUG: 'ringcall' } })
  const port = Number(await child.line())
  t.is((await post(t, port, '/15')).status, 200)
  t.is((await post(t, port, '/1')).status, 500)
  t.is((await post(t, port, '/15', { body: 'x' })).status, 413)
  child.kill('SIGTERM')
  const { code, stderr } = await child.exited
  t.is(code, 0)
  const url = `http://localhost:${port}`
  const lines = stderr.split('\n').filter((line) => line.startsWith('RINGCALL')).map((line) => line.replace(/^RINGCALL \d+: /, ''))
  t.deepEqual(lines, [
    `${url}: listening`,
    `${url}: the handler failed for 1: Error: no`,
    `${url}: closing`,
    `${url}: bodiesTooLarge: 1 more`,
    `${url}: closed`
  ].sort((a, b) => lines.indexOf(a) - lines.indexOf(b)))
})

test('NODE_DEBUG=ringcall names the function that failed, but not its arguments', async (t) => {
  const source = `
    const { serverListen } = require('ringcall')
    const server = serverListen({ port: 0, onError() {} }, { login() { throw new Error('no') } })
    console.log(server.port)
    process.once('SIGTERM', () => server.close())`
  const child = start(t, ['-e', source], { env: { NODE_DEBUG: 'ringcall' } })
  const port = Number(await child.line())
  t.is((await post(t, port, '/login/%22secret%22')).status, 500)
  child.kill('SIGTERM')
  const { stderr } = await child.exited
  t.true(stderr.includes(`http://localhost:${port}: the function login failed: Error: no\n`), stderr)
  t.false(stderr.includes('secret'))
})

test('nothing is printed without NODE_DEBUG', async (t) => {
  const child = startMain(t, async ({ serverListen }) => {
    const server = serverListen({ port: 0, onError() {} }, () => 'no')
    await fetch(`${server.url}/1`, { method: 'POST' }).then((response) => response.text())
    await server.close()
  })
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})
