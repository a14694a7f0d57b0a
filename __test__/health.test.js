'use strict'

// The option `health`: at its path the server answers whether it serves and its event loop turns. The table of cases
// (cases/health.json) has the forms of its requests.

const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const test = require('ava')
const {
  connect, connectMany, gate, post, request, serve, serverListen, start, startMain, threadTest, until
} = require('./helpers.js')
const { typed } = require('../index.js')

const PATH = '/livez'
const GET = { method: 'GET' }
const ASK = request(PATH, GET)
const WELL = '{"status":"ok"}\n'

const ask = (t, server) => post(t, server, PATH, GET)

function folderOf(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a server of any kind is healthy while it serves, and its other answers stay the same', async (t) => {
  for (const [handler, target, answer] of [
    [(n) => n, '/15', '15'],
    [{ sum: (a, b) => a + b }, '/sum/3/4', '7'],
    [typed('(n: int) => int', (n) => n), '/15', '15']
  ]) {
    const server = serve(t, { health: PATH }, handler)
    const client = await connect(t, server)
    const { status, headers, body } = await client.send(PATH, GET)
    t.deepEqual([status, headers['content-type'], body], [200, 'application/json', WELL])
    t.is((await client.send(target)).body, answer)
    const head = await client.send(PATH, { method: 'HEAD' })
    t.deepEqual([head.status, head.headers['content-length']], [200, headers['content-length']])
    t.is((await client.send(target)).body, answer)
  }
  const plain = serve(t, { health: PATH })
  const { status, headers, body } = await post(t, plain, '/other', GET)
  t.deepEqual([status, headers.allow, body], [405, 'POST', 'The only method allowed here is POST.\n'])
  t.is((await post(t, plain, '/other')).body, 'The path must be one decimal integer, such as /15.\n')
  const refused = await post(t, plain, PATH)
  t.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'])
})

test('without the option there is no such path', async (t) => {
  t.is((await ask(t, serve(t))).status, 405)
  t.is((await ask(t, serve(t, {}, { sum: (a, b) => a + b }))).status, 404)
})

test('it answers while maxInFlight calls are pending, and does not count as a call', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { health: PATH, maxInFlight: 1 }, handler)
  const waiting = post(t, server, '/1')
  await held(1)
  t.is((await post(t, server, '/2')).status, 503)
  t.is((await ask(t, server)).body, WELL)
  t.is(server.stats().inFlight, 1)
  release(1, 1)
  t.is((await waiting).body, '1')
})

test('it answers in its turn among pipelined calls', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { health: PATH }, handler)
  const client = await connect(t, server)
  await client.write(ASK + request('/1') + ASK + request('/2') + ASK)
  t.is((await client.response()).body, WELL)
  await Promise.all([held(1), held(2)])
  release(2, 2)
  release(1, 1)
  t.deepEqual((await client.responses(4)).map(({ body }) => body), ['1', WELL, '2', WELL])
})

test('it answers each of many clients that ask at once', async (t) => {
  const server = serve(t, { health: PATH, ringThreads: 2 })
  const clients = await connectMany(t, server, 100)
  await Promise.all(clients.map((client) => client.write(ASK.repeat(20))))
  for (const client of clients) {
    for (const { status } of await client.responses(20)) t.is(status, 200)
  }
})

test('it answers with 503 while the server closes, and the connection ends', async (t) => {
  const { handler, held, release } = gate()
  for (const functions of [handler, { wait: handler }]) {
    const server = serve(t, { health: PATH }, functions)
    const busy = post(t, server, functions === handler ? '/1' : '/wait/1')
    await held(1)
    const client = await connect(t, server)
    t.is((await client.send(PATH, GET)).status, 200)
    const closed = server.close()
    const { status, headers, body } = await client.send(PATH, GET)
    t.deepEqual([status, headers.connection, headers['retry-after']], [503, 'close', '1'])
    if (functions === handler) t.is(body, 'The server is closing.\n')
    else t.is(JSON.parse(body).code, 'ERR_UNAVAILABLE')
    client.end()
    release(1, 1)
    t.is((await busy).body, '1')
    await closed
  }
})

// Starts a server whose handler blocks the thread until `goOn` creates the file.
function startStuck(t, options) {
  const file = path.join(folderOf(t), 'go on')
  const main = ({ serverListen }, options, file) => {
    const { existsSync } = require('node:fs')
    const look = new Int32Array(new SharedArrayBuffer(4))
    const server = serverListen({ port: 0, health: '/livez', ...JSON.parse(options) }, (n) => {
      while (n === 1 && !existsSync(file)) Atomics.wait(look, 0, 0, 1)
      return n
    })
    console.log(server.port)
  }
  return { child: startMain(t, main, { args: [JSON.stringify(options), file] }), goOn: () => writeFileSync(file, '') }
}

threadTest(test)('a blocked thread is reported unhealthy in time, and healthy when it turns again', async (t) => {
  const { child, goOn } = startStuck(t, { handlerTimeout: 100 })
  const port = Number(await child.line())
  t.is((await ask(t, port)).status, 200)
  const stuck = post(t, port, '/1')
  for (let i = 0; i < 3; i++) {
    const { status, body } = await ask(t, port)
    if (status === 200) i = -1 // The call has not begun yet.
    else t.deepEqual([status, body], [503, 'The JavaScript thread did not answer in time.\n'])
  }
  t.is((await stuck).status, 503)
  goOn()
  let answer
  do answer = await ask(t, port)
  while (answer.status !== 200)
  t.is(answer.body, WELL)
})

test('a server of a module is unhealthy while it has no worker, and healthy when it has one again', async (t) => {
  const folder = folderOf(t)
  const [file, loads] = [path.join(folder, 'functions.js'), path.join(folder, 'loads')]
  writeFileSync(loads, '')
  writeFileSync(file, `
    if (!require('node:fs').existsSync(${JSON.stringify(loads)})) throw new Error('not now')
    exports.end = () => process.exit()
    exports.sum = (a, b) => a + b`)
  // Without a subscriber the exit would emit a warning.
  const heard = () => {}
  subscribe('ringcall:worker-exit', heard)
  t.teardown(() => unsubscribe('ringcall:worker-exit', heard))
  const server = serve(t, { health: PATH, workers: 1, onError() {} }, file)
  t.is((await ask(t, server)).status, 200)
  rmSync(loads)
  t.is((await post(t, server, '/end')).status, 500)
  await until(() => server.stats().workers[0].state !== 'busy')
  const { status, body } = await ask(t, server)
  t.deepEqual([status, JSON.parse(body).code], [503, 'ERR_UNAVAILABLE'])
  t.is(JSON.parse(body).detail, 'No worker is available.')
  writeFileSync(loads, '')
  await until(() => server.stats().workers[0].state === 'idle')
  t.is((await ask(t, server)).body, WELL)
})

test('a path that something else uses is refused at the start', (t) => {
  const refuses = (options, handler, message) => {
    t.throws(() => serverListen({ port: 0, ...options }, handler), { code: 'ERR_INVALID_ARG_VALUE', message })
  }
  const functions = { sum: (a, b) => a + b }
  refuses({ health: '/sum' }, functions, /'health' is "\/sum", and there is a function of the name sum\..*'\/health-check'/)
  refuses({ health: '/sum/up' }, functions, /function of the name sum/)
  refuses({ health: '/openapi.json' }, functions, /where the description of the functions is/)
  refuses({ health: '/' }, functions, /where the description of the functions is/)
  refuses({ health: '/15' }, (n) => n, /the path of a call is an integer/)
  refuses({ health: '/-0' }, (n) => n, /the path of a call is an integer/)
  for (const health of ['', 'livez', '/live z', '/livez?', '/%31', '/é', `/${'x'.repeat(255)}`]) {
    refuses({ health }, (n) => n, /a path such as '\/livez'/)
  }
  for (const health of [true, 1, null, ['/livez']]) {
    t.throws(() => serverListen({ port: 0, health }, (n) => n), { code: 'ERR_INVALID_ARG_TYPE' })
  }
})

test('a path that nothing else uses is accepted', async (t) => {
  const functions = { sum: (a, b) => a + b }
  for (const [options, handler] of [
    [{ health: '/', openapi: false }, functions],
    [{ health: '/health/live' }, functions],
    [{ health: '/summary' }, functions],
    [{ health: '/openapi.json' }, (n) => n],
    [{ health: '/' }, (n) => n],
    [{ health: '/15x' }, (n) => n],
    [{ health: '/15' }, typed('(n: int) => int', (n) => n)]
  ]) {
    const server = serve(t, options, handler)
    t.is((await post(t, server, options.health, GET)).body, WELL, options.health)
  }
})

test('a reloaded module with a function at the path is refused, and the previous one keeps serving', async (t) => {
  const file = path.join(folderOf(t), 'functions.js')
  writeFileSync(file, 'exports.sum = (a, b) => a + b')
  const server = serve(t, { health: PATH, workers: 1 }, file)
  writeFileSync(file, 'exports.livez = () => 1')
  await t.throwsAsync(server.reload(), { code: 'ERR_WORKER_LOAD', message: /function of the name livez/ })
  t.is((await post(t, server, '/sum/3/4')).body, '7')
  t.is((await ask(t, server)).body, WELL)
  const other = path.join(folderOf(t), 'functions.js')
  writeFileSync(other, 'exports.livez = () => 1')
  t.throws(() => serverListen({ port: 0, health: PATH, workers: 1 }, other), { code: 'ERR_INVALID_ARG_VALUE' })
})

test('ringcall serve --health answers at the path, and refuses a path in use', async (t) => {
  const file = path.join(folderOf(t), 'functions.js')
  writeFileSync(file, 'exports.sum = (a, b) => a + b')
  const bin = path.join(__dirname, '..', 'bin', 'ringcall.js')
  const child = start(t, [bin, 'serve', file, '--port', '0', '--health', PATH])
  const [, port] = /:(\d+)$/.exec(await child.line())
  t.is((await ask(t, Number(port))).body, WELL)
  const refused = await start(t, [bin, 'serve', file, '--port', '0', '--health', '/sum']).exited
  t.is(refused.code, 2)
  t.regex(refused.stderr, /The option '--health' is "\/sum", and there is a function of the name sum/)
})
