'use strict'

// The server under fake timers: it does not run on the globals that tests replace.

const { readdirSync, readFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { connect, request, ringTest, root, serve, startMain, until } = require('./helpers.js')

// Starts a server in a process whose global timers and queues never call back, and whose clocks stand still, once
// ringcall is loaded.
async function startFaked(t, options) {
  const child = startMain(t, ({ engine, serverListen }, options) => {
    const { subscribe } = require('node:diagnostics_channel')
    const print = console.log
    // Node's own streams call `process.nextTick`, and http needs them.
    const queues = engine === 'node' ? [] : [[process, 'nextTick']]
    const names = ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'queueMicrotask']
    for (const [owner, name] of [...names.map((name) => [globalThis, name]), ...queues]) owner[name] = () => ({})
    performance.now = process.hrtime = process.hrtime.bigint = () => 0
    Object.defineProperty(globalThis, 'performance', { value: { now: () => 0 } })
    globalThis.Date = class { static now() { return 0 } toUTCString() { return 'Thu, 01 Jan 1970 00:00:00 GMT' } }

    const server = serverListen({ port: 0, host: '127.0.0.1', ...JSON.parse(options) }, (n) => {
      if (n === 0) return new Promise(() => {})
      return n === 1 ? n : Promise.resolve(n)
    })
    subscribe('ringcall:refusal', ({ kind }) => print(kind))
    process.on('SIGTERM', () => server.close({ timeout: 50 }).then(() => print('closed')))
    print(server.port)
  }, { args: [JSON.stringify(options)] })
  const port = Number(await child.line())
  return { child, port, client: await connect(t, port) }
}

test('under fake timers it answers, with values and with promises, and closes', async (t) => {
  const { child, client } = await startFaked(t, {})
  await client.write(request('/1') + request('/2'))
  t.deepEqual((await client.responses(2)).map(({ body }) => body), ['1', '2'])
  t.is((await client.send('/3')).body, '3')
  child.kill('SIGTERM')
  t.is(await child.line(), 'closed')
  t.is(await client.rest(), '')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('under fake timers a late handler is given up, and that is published while the server listens', async (t) => {
  const { child, client } = await startFaked(t, { handlerTimeout: 50 })
  t.is((await client.send('/0')).status, 503)
  t.is(await child.line(), 'handlerTimeouts')
})

ringTest(test)("strings and bytes are answered as they are, even if the application replaces Buffer's methods", async (t) => {
  const child = startMain(t, ({ serverListen }, root) => {
    const { typed } = require(root)
    const functions = { greet: typed('() => string', () => 'Hello, Zoë!'), bytes: typed('() => bytes', () => new Uint8Array([65])) }
    Buffer.prototype.write = Buffer.prototype.set = () => 0
    const server = serverListen({ port: 0, host: '127.0.0.1' }, functions)
    console.log(server.port)
  }, { args: [root] })
  const client = await connect(t, Number(await child.line()))
  t.is((await client.send('/greet')).body, '"Hello, Zoë!"')
  t.is((await client.send('/bytes')).body, 'A')
})

test('under fake timers an idle connection and half a request time out', async (t) => {
  const { port, client } = await startFaked(t, { headersTimeout: 50, keepAliveTimeout: 100 })
  const half = await connect(t, port)
  await half.write('POST /1 HT')
  t.is((await half.response()).status, 408)
  await client.gone()
  t.pass()
})

test('under fake timers close() cuts the remaining connections after its timeout', async (t) => {
  const { child, client } = await startFaked(t, { handlerTimeout: 0 })
  t.is((await client.send('/1')).body, '1')
  await client.write(request('/0'))
  child.kill('SIGTERM')
  await client.gone()
  t.is(await child.line(), 'closed')
})

test('nothing in lib/ asks the global scope for timers, queues or the clock', (t) => {
  const lib = path.join(root, 'lib')
  const names = Object.keys(require('../lib/globals.js')).join('|')
  for (const file of readdirSync(lib, { recursive: true }).map(String)) {
    if (!file.endsWith('.js') || file === 'globals.js') continue
    const source = readFileSync(path.join(lib, file), 'utf8')
    const taken = /const \{([^}]*)\} = require\('[./]*\/globals\.js'\)/.exec(source)?.[1].match(/\w+/g) ?? []
    const asked = source.match(new RegExp(`(?<![.\\w])(${names})(?=\\()|performance(?=\\.)`, 'g')) ?? []
    t.deepEqual(asked.filter((name) => !taken.includes(name)), [], file)
    t.notRegex(source, /process\.(nextTick|hrtime)|Date\.now/, file)
  }
})

test('replacing the global JSON after the start changes neither arguments nor answers', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const { typed } = require('./index.js')
    const same = typed('(a: json, b: string, c: string[]) => json', (a, b, c) => [a, b, c])
    const functions = {
      same,
      undeclared: (...args) => args,
      text: typed('(a: bytes) => string', (a) => `"${a.length}"`),
      list: typed('() => int[]', () => [1, 2])
    }
    const { port } = serverListen({ port: 0, host: '127.0.0.1' }, functions)
    JSON.parse = () => ({ other: true })
    JSON.stringify = () => '"other"'
    console.log(port)
  })
  const client = await connect(t, Number(await child.line()))
  const headers = { 'Content-Type': 'application/json' }
  for (const [target, body, expected] of [
    ['/same', '[{"a":1},"b\\n",["c\\n"]]', '[{"a":1},"b\\n",["c\\n"]]'],
    ['/same', '{"\\u0061":null,"b":"","c":[]}', '[null,"",[]]'],
    ['/undeclared', '["a",{"b":1}]', '["a",{"b":1}]'],
    ['/undeclared/%22a%22/1', '', '["a",1]'],
    ['/text', 'abc', '"\\"3\\""'],
    ['/list', '', '[1,2]']
  ]) {
    t.is((await client.send(target, { headers, body })).body, expected, target)
  }
  t.is(JSON.parse((await client.send('/none')).body).code, 'ERR_UNKNOWN_FUNCTION')
})

test("globals that a worker's module replaces change neither arguments nor answers nor error reports", async (t) => {
  const told = []
  const onError = (error, call) => told.push([error.name, error.message, call])
  const server = serve(t, { workers: 1, onError }, require.resolve('./modules/replacing.js'))
  const client = await connect(t, server)
  const headers = { 'Content-Type': 'application/json' }
  for (const [target, body, expected] of [
    ['/same', '[{"a":1},"b\\n",["c\\n"]]', '[{"a":1},"b\\n",["c\\n"]]'],
    ['/undeclared', '["a",{"b":1}]', '["a",{"b":1}]'],
    ['/length', 'abc', '"\\"3\\""'],
    ['/later/%22a%22/1', '', '["a",1]']
  ]) {
    t.is((await client.send(target, { headers, body })).body, expected, target)
  }
  t.is(JSON.parse((await client.send('/fail/1')).body).code, 'ERR_FAILED')
  await until(() => told.length > 0)
  t.deepEqual(told, [['RangeError', 'no', { function: 'fail', arguments: [1] }]])
  t.like(server.stats().workers, [{ restarts: 0 }])
})
