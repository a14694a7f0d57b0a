'use strict'

// A server of a module, which workers run: what its own thread reports and does. The table of cases has the requests
// and answers of functions, workers-pool.test.js the start and the replacement of threads.

const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const test = require('ava')
const { connect, post, promptTest, ringTest, serve, serverListen, startMain, until } = require('./helpers.js')

// A module of the test's own, which the test may rewrite.
function moduleOf(t, source, name = 'functions.js') {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, name)
  const write = (text) => writeFileSync(file, text)
  write(source)
  return { file, write }
}

// Collects a channel's messages about a server.
function collect(t, channel, server) {
  const messages = []
  const listener = (message) => {
    if (message.server === server) messages.push(message)
  }
  subscribe(channel, listener)
  t.teardown(() => unsubscribe(channel, listener))
  return messages
}

// Waits until all workers have loaded the module, and none has a call.
function untilIdle(server) {
  return until(() => server.stats().workers.every(({ state }) => state === 'idle'))
}

const SUM = 'exports.sum = (a, b) => a + b'

test('functions of a module answer by name, and stats() has them and their workers', async (t) => {
  const { file } = moduleOf(t, SUM)
  const server = serve(t, { workers: 2 }, file)
  t.is((await post(t, server, '/sum/3/4')).body, '7')
  t.deepEqual(server.functions.map(({ name, fewest }) => [name, fewest]), [['sum', 2]])
  await untilIdle(server)
  const { functions, workers } = server.stats()
  t.is(functions.sum.calls, 1)
  t.deepEqual(workers.map(({ calls }) => calls).sort(), [0, 1])
  for (const { threadId, restarts, heapUsed } of workers) t.true(threadId > 0 && restarts === 0 && heapUsed > 0)
})

test('one plain function of a module answers integers, with bigint also unsafe ones', async (t) => {
  const { file } = moduleOf(t, 'export default (n) => n + (typeof n === "bigint" ? 1n : 1)', 'plain.mjs')
  const plain = serve(t, { workers: 1 }, pathToFileURL(file))
  t.is((await post(t, plain, '/609')).body, '610')
  t.deepEqual(plain.functions, [])
  t.is(plain.stats().functions, undefined)
  const exact = serve(t, { workers: 1, bigint: true }, pathToFileURL(file))
  t.is((await post(t, exact, '/9007199254740993')).body, '9007199254740994')
})

test("an error that a function throws in a worker is passed to onError, in the server's thread", async (t) => {
  const { file } = moduleOf(t, `
    const error = Object.assign(new RangeError('no', { cause: new Error('why') }), { code: 'ENO' })
    exports.fail = (...args) => { throw error }
    exports.refuse = () => { throw Object.assign(new Error('no'), { statusCode: 404 }) }
    exports.nothing = () => {}`)
  const told = []
  const server = serve(t, { workers: 1, onError: (...args) => told.push(args) }, file)
  const messages = collect(t, 'ringcall:handler-error', server)
  for (const [target, status] of [['/fail/1/%22a%22', 500], ['/refuse', 404], ['/nothing', 500]]) {
    t.is((await post(t, server, target)).status, status)
  }
  await until(() => told.length === 2)
  const [[error, call], [second]] = told
  t.true(error instanceof RangeError)
  t.like(error, { message: 'no', code: 'ENO', cause: { message: 'why' } })
  t.regex(error.stack, /functions\.js/)
  t.deepEqual(call, { function: 'fail', arguments: [1, 'a'] })
  t.is(second.code, 'ERR_INVALID_RETURN_VALUE')
  t.like(messages, [{ error, function: 'fail', arguments: [1, 'a'] }, { function: 'nothing' }])
  const { handlerErrors, functions } = server.stats()
  t.deepEqual([handlerErrors, functions.fail.errors, functions.refuse.errors, functions.nothing.errors], [2, 1, 0, 1])
})

test('for one plain function, onError gets the integer', async (t) => {
  const { file } = moduleOf(t, 'module.exports = (n) => { throw new Error("no") }')
  const told = []
  const server = serve(t, { workers: 1, onError: (error, n) => told.push([error.message, n]) }, file)
  await post(t, server, '/7')
  await until(() => told.length === 1)
  t.deepEqual(told, [['no', 7]])
})

test('an error about a module has the stack of the call that passed it, one that it throws its own', (t) => {
  const stackOf = (source) => t.throws(() => serve(t, { workers: 1 }, moduleOf(t, source).file)).stack
  for (const source of ['exports.a = 1', 'module.exports = class {}', 'process.exit(3)']) {
    t.regex(stackOf(source), /^\w*Error: .*\n( +at .*\n)* +at .*workers-server\.test\.js/)
  }
  t.regex(stackOf('throw new Error("no")'), /^Error: no\n +at .*functions\.js:1/)
})

test('the end of a worker is published on its channel, and the call that it ran is reported to onError', async (t) => {
  const { file } = moduleOf(t, `${SUM}\nexports.end = (code) => process.exit(code)`)
  const told = []
  const server = serve(t, { workers: 2, onError: (...args) => told.push(args) }, file)
  const exits = collect(t, 'ringcall:worker-exit', server)
  t.is((await post(t, server, '/end/3')).status, 500)
  await until(() => exits.length === 1 && told.length === 1)
  const [{ threadId }] = exits
  t.deepEqual(exits, [{ server, threadId, error: null, exitCode: 3, restartIn: 100 }])
  t.is(told[0][0].code, 'ERR_WORKER_DIED')
  t.regex(told[0][0].message, /\bringcall:worker-exit of node:diagnostics_channel\.$/)
  t.is(server.stats().handlerErrors, 1)
  t.is((await post(t, server, '/sum/3/4')).body, '7')
  await untilIdle(server)
  t.deepEqual(server.stats().workers.map(({ restarts }) => restarts).sort(), [0, 1])
})

promptTest(test)('a call that never ends is answered, and its worker is ended, which is published', async (t, timeout) => {
  const { file } = moduleOf(t, `${SUM}\nexports.loop = () => { for (;;); }`)
  const server = serve(t, { workers: 2, handlerTimeout: timeout, onError: () => {} }, file)
  await untilIdle(server)
  const exits = collect(t, 'ringcall:worker-exit', server)
  const [late, sum] = await Promise.all([post(t, server, '/loop'), post(t, server, '/sum/3/4')])
  t.deepEqual([late.status, sum.body], [503, '7'])
  await until(() => exits.length > 0)
  t.is(exits[0].error.code, 'ERR_WORKER_OVERDUE')
  t.true(exits[0].error.message.includes(`${timeout} ms (handlerTimeout)`))
})

ringTest(test)('a worker that cannot take calls is reported, whatever its module does with errors', async (t) => {
  const { file } = moduleOf(t, `process.on('uncaughtException', () => {}).on('unhandledRejection', () => {})\n${SUM}`)
  const server = serve(t, { engine: 'io_uring', workers: 1, workerOptions: { execArgv: ['--no-addons'] } }, file)
  const exits = collect(t, 'ringcall:worker-exit', server)
  await until(() => exits.length > 0)
  t.like(exits[0], { exitCode: 1, error: { code: 'ERR_IO_URING_UNAVAILABLE' } })
  t.regex(exits[0].error.message, /without --no-addons/)
})

test('after a reload new requests call the current functions of the module', async (t) => {
  const { file, write } = moduleOf(t, SUM)
  const server = serve(t, { workers: 1 }, file)
  const client = await connect(t, server)
  t.is((await client.send('/sum/3/4')).body, '7')
  write('exports.mul = (a, b) => a * b')
  t.is(await server.reload(), undefined)
  t.deepEqual(server.functions.map(({ name }) => name), ['mul'])
  t.is((await client.send('/mul/3/4')).body, '12')
  t.is((await client.send('/sum/3/4')).status, 404)
  t.deepEqual(Object.keys(server.stats().functions), ['mul'])
})

test('a call that began before a reload is answered by the function that it began with', async (t) => {
  const { file, write } = moduleOf(t, `
    const channel = new BroadcastChannel(require('node:worker_threads').workerData)
    let release
    channel.onmessage = () => release('before')
    exports.wait = () => new Promise((resolve) => { release = resolve })
    exports.sum = (a, b) => a + b`)
  const name = `${process.pid} reload`
  const server = serve(t, { workers: 1, workerOptions: { workerData: name } }, file)
  const answer = post(t, server, '/wait')
  await until(() => server.stats().workers[0].state === 'busy')
  write("exports.wait = () => 'after'; exports.sum = (a, b) => `${a}${b}`")
  await server.reload()
  t.is((await post(t, server, '/wait')).body, '"after"')
  const channel = new BroadcastChannel(name)
  channel.postMessage('release')
  t.is((await answer).body, '"before"')
  channel.close()
  t.is(server.stats().workers.length, 1)
  t.is(server.stats().workers[0].calls, 2)
})

test('no request is lost while the module is reloaded again and again', async (t) => {
  const { file, write } = moduleOf(t, 'exports.load = () => 0')
  const server = serve(t, { workers: 2 }, file)
  // A worker that loaded the module later would load a later version.
  await untilIdle(server)
  let isOver = false
  const clients = Array.from({ length: 8 }, async () => {
    const client = await connect(t, server)
    let last = 0
    while (!isOver) {
      const { status, body } = await client.send('/load')
      if (status !== 200 || Number(body) < last) throw new Error(`${status} ${body} after ${last}`)
      last = Number(body)
    }
    return last
  })
  for (let i = 1; i <= 5; i++) {
    write(`exports.load = () => ${i}`)
    await server.reload()
    t.is((await post(t, server, '/load')).body, String(i))
  }
  isOver = true
  t.true((await Promise.all(clients)).every((last) => last >= 4))
  t.is(server.stats().handlerErrors, 0)
})

test('the counts of functions continue after a reload', async (t) => {
  const { file } = moduleOf(t, SUM)
  const server = serve(t, { workers: 1 }, file)
  const client = await connect(t, server)
  const call = async (path, status) => t.is((await client.send(path)).status, status)
  for (let reloads = 0; reloads < 3; reloads++) {
    await call('/sum/3/4', 200)
    await call('/sum/3/x', 400)
    await server.reload()
  }
  await call('/sum/3/4', 200)
  await until(() => server.stats().functions.sum.calls === 4)
  t.is(server.stats().functions.sum.refusals, 3)
  t.is(server.stats().handlerTime.count, 4)
})

test('a reload that fails rejects with the reason, and the server goes on as it was', async (t) => {
  const { file, write } = moduleOf(t, SUM)
  const server = serve(t, { workers: 1 }, file)
  for (const [source, expected] of [
    ['throw new RangeError("no")', { instanceOf: RangeError, message: 'no' }],
    ['exports.a = 1', { code: 'ERR_WORKER_LOAD', message: /does not export a function/ }],
    ['module.exports = (n) => n', { code: 'ERR_WORKER_LOAD', message: /one plain function.*That needs another server/ }]
  ]) {
    write(source)
    await t.throwsAsync(server.reload(), expected)
    t.is((await post(t, server, '/sum/3/4')).body, '7')
  }
})

test('reload() rejects on a server of functions that were passed, and on a closed one', async (t) => {
  const passed = serve(t)
  await t.throwsAsync(passed.reload(), { code: 'ERR_WORKER_LOAD', message: /was passed functions.*new URL/ })
  const { file } = moduleOf(t, SUM)
  const server = serve(t, { workers: 1 }, file)
  const reloading = server.reload()
  const closed = server.close()
  await t.throwsAsync(reloading, { code: 'ERR_SERVER_NOT_RUNNING' })
  await closed
  await t.throwsAsync(server.reload(), { code: 'ERR_SERVER_NOT_RUNNING' })
  await t.throwsAsync(async () => server.reload.call({}), { code: 'ERR_INVALID_THIS' })
})

test('close answers calls in flight, and has ended the workers when it resolves', async (t) => {
  const { file } = moduleOf(t, `
    setInterval(() => {}, 1e6)
    exports.slow = () => new Promise((resolve) => setTimeout(resolve, 100, 'done'))`)
  const server = serve(t, { workers: 2 }, file)
  const answer = post(t, server, '/slow')
  await until(() => server.stats().workers.some(({ state }) => state === 'busy'))
  await server.close()
  t.is((await answer).body, '"done"')
  t.deepEqual(server.stats().workers.map(({ state }) => state), ['down', 'down'])
})

test('a start that fails throws, and its port is free', async (t) => {
  const { file, write } = moduleOf(t, 'throw new RangeError("no")')
  const { port } = serve(t, { host: '127.0.0.1' })
  t.throws(() => serverListen({ port, host: '127.0.0.1', workers: 1 }, file), { instanceOf: RangeError, message: 'no' })
  write(SUM)
  t.throws(() => serverListen({ port, host: '127.0.0.1', workers: 1 }, file), { code: 'EADDRINUSE' })
  t.throws(() => serverListen({ port: 0, bigint: true, workers: 1 }, file), { message: /'bigint' is for one function/ })
})

// Runs `main({ serverListen }, file)`, which prints a line, in a process. Returns the line and the end of the process.
async function run(t, main, { source = `${SUM}\nsetInterval(() => {}, 1e6)`, ask, env } = {}) {
  const { file } = moduleOf(t, source)
  const child = startMain(t, main, { args: [file], env })
  const line = await child.line()
  if (ask !== undefined) await ask(Number(line), child)
  return { line, ...(await child.exited) }
}

test('a process ends once its server is closed or unrefed', async (t) => {
  const closing = await run(t, ({ serverListen }, file) => {
    const server = serverListen({ port: 0, host: '127.0.0.1', workers: 2 }, file)
    console.log(server.port)
    process.on('SIGTERM', () => server.close())
  }, {
    async ask(port, child) {
      t.is((await post(t, port, '/sum/3/4')).body, '7')
      child.kill('SIGTERM')
    }
  })
  t.like(closing, { code: 0, stderr: '' })
  const unrefed = await run(t, ({ serverListen }, file) => {
    console.log(serverListen({ port: 0, host: '127.0.0.1', workers: 2 }, file).unref().port)
  })
  t.like(unrefed, { code: 0, stderr: '' })
})

test('a process ends where the port of its server is in use', async (t) => {
  const refused = await run(t, ({ serverListen }, file) => {
    const { port } = serverListen({ port: 0, host: '127.0.0.1' }, (n) => n).unref()
    try {
      serverListen({ port, host: '127.0.0.1', workers: 2 }, file)
    } catch ({ code }) {
      console.log(code)
    }
  })
  t.like(refused, { line: 'EADDRINUSE', code: 0, stderr: '' })
})

test('without listeners, the first end of a worker and the first error emit warnings', async (t) => {
  const { stderr } = await run(t, ({ serverListen }, file) => {
    const server = serverListen({ port: 0, host: '127.0.0.1', workers: 1 }, file)
    console.log(server.port)
    process.on('SIGTERM', () => server.close())
  }, {
    source: 'exports.fail = () => { throw new Error("no") }; exports.end = () => process.exit(3)',
    async ask(port, child) {
      for (const target of ['/fail', '/fail', '/end', '/end', '/fail']) t.is((await post(t, port, target)).status, 500)
      child.kill('SIGTERM')
    }
  })
  t.is(stderr.match(/RINGCALL_HANDLER_ERROR/g).length, 1)
  t.is(stderr.match(/RINGCALL_WORKER_EXIT/g).length, 1)
  t.regex(stderr, /A worker has ended with the exit code 3\. .*ringcall:worker-exit/)
})

test("where a port of the module's own ends a worker, the warning says that each worker loads it", async (t) => {
  const { stderr } = await run(t, ({ serverListen }, file) => {
    const server = serverListen({ port: 0, host: '127.0.0.1', workers: 1 }, file)
    console.log(server.port)
    process.on('SIGTERM', () => server.close())
  }, {
    source: `const { createServer } = require('node:net')
      exports.listen = () => new Promise(() => {
        const first = createServer().listen(0, '127.0.0.1', () => createServer().listen(first.address()))
      })`,
    async ask(port, child) {
      t.is((await post(t, port, '/listen')).status, 500)
      child.kill('SIGTERM')
    }
  })
  t.regex(stderr, /A worker has ended with the exit code 1\. Each worker loads the module: .* main thread\. This/)
  t.regex(stderr, /EADDRINUSE/)
})

test('with NODE_DEBUG=ringcall ends of workers and reloads are logged', async (t) => {
  const { stderr } = await run(t, ({ serverListen }, file) => {
    const server = serverListen({ port: 0, host: '127.0.0.1', workers: 1 }, file)
    console.log(server.port)
    process.on('SIGTERM', () => server.reload().then(() => server.close()))
  }, {
    source: 'exports.end = () => process.exit(3)',
    env: { NODE_DEBUG: 'ringcall' },
    async ask(port, child) {
      await post(t, port, '/end')
      child.kill('SIGTERM')
    }
  })
  t.regex(stderr, /: worker \d+ has ended \(3\), the next one starts in 100 ms/)
  t.regex(stderr, /: reloaded\n/)
})

test('a server with workers runs in a worker', async (t) => {
  const { line, code, stderr } = await run(t, (_, file) => {
    const { Worker } = require('node:worker_threads')
    const main = ({ serverListen }, { file }) => {
      const server = serverListen({ port: 0, host: '127.0.0.1', workers: 2 }, file)
      fetch(`${server.url}/sum/3/4`, { method: 'POST' }).then((response) => response.text()).then((text) => {
        console.log(text)
        return server.close()
      })
    }
    const source = `(${main})(require('./__test__/helpers.js'), require('node:worker_threads').workerData)`
    new Worker(source, { eval: true, workerData: { file } })
  })
  t.deepEqual([line, code, stderr], ['7', 0, ''])
})
