'use strict'

// Servers without ring threads: the event loop of the thread that has started them drives their ring. The other tests
// of servers run on these with RINGCALL_TEST_RING_THREADS=0; here is what only they do.

const { readFile } = require('node:fs')
const net = require('node:net')
const { setTimeout: delay } = require('node:timers/promises')
const { Worker } = require('node:worker_threads')
const test = require('ava')
const {
  assertServes, connect, connectMany, gate, request, ringTest, serve, startMain, threadsNamed, until, untilRefused
} = require('./helpers.js')

const embedded = { ringThreads: 0 }

ringTest(test)('there is no thread for the network', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    console.log(serverListen({ port: 0, ringThreads: 0 }, (n) => n + 1).port)
  })
  const client = await connect(t, Number(await child.line()))
  t.is((await client.send('/1')).body, '2')
  t.deepEqual(threadsNamed('ringcall', child.pid), [])
})

// However the answer comes about, no request follows it that would make the loop turn.
const later = {
  'a timer': (done) => setTimeout(done, 1),
  'an immediate': setImmediate,
  'a tick': process.nextTick,
  'a file': (done) => readFile(__filename, done),
  'another thread': (done) => new Worker('', { eval: true }).once('exit', done),
  'another socket': (done) => {
    const listener = net.createServer((socket) => socket.end('done')).listen(0, () => {
      net.connect(listener.address().port).once('data', () => listener.close(done))
    })
  }
}

for (const [what, wait] of Object.entries(later)) {
  ringTest(test)(`an answer that waits for ${what} is sent as soon as it is there`, async (t) => {
    const server = serve(t, embedded, (n) => new Promise((resolve) => wait(() => resolve(n))))
    const client = await connect(t, server)
    for (let n = 0; n < 5; n++) t.is((await client.send(`/${n}`)).body, String(n))
  })
}

ringTest(test)('an answer that comes from a call of another server is sent before Node.js waits', async (t) => {
  let answer
  let sent
  // libuv asks the server that was started last first, so this one's function runs after the other was asked.
  const first = serve(t, embedded, (n) => {
    answer(n)
    setImmediate(() => (sent = second.stats().responses2xx))
    return n
  })
  const second = serve(t, embedded, () => new Promise((resolve) => (answer = resolve)))
  const [one, two] = await Promise.all([connect(t, first), connect(t, second)])
  for (let n = 1; n < 20; n++) {
    const asked = two.send('/0')
    await until(() => answer !== undefined)
    t.is((await one.send(`/${n}`)).body, String(n))
    t.is((await asked).body, String(n))
    await until(() => sent !== undefined)
    t.is(sent, n)
    sent = undefined
    answer = undefined
  }
})

ringTest(test)('while a function blocks the thread, requests wait, and none of them times out', async (t) => {
  const options = { ...embedded, headersTimeout: 100, requestTimeout: 100, keepAliveTimeout: 1000, handlerTimeout: 0 }
  const server = serve(t, options, (n) => {
    for (const end = performance.now() + n; performance.now() < end;);
    return n
  })
  const [blocking, ...others] = await connectMany(t, server, 9)
  await Promise.all(others.map((other) => other.send('/0')))
  const blocked = blocking.send('/500')
  // They are written before the function is called, as it blocks this thread.
  const answers = await Promise.all([blocked, ...others.map((other) => other.send('/1'))])
  t.deepEqual(answers.map(({ status }) => status), answers.map(() => 200))
  const { headersTimeouts, requestTimeouts } = server.stats()
  t.is(headersTimeouts + requestTimeouts, 0)
})

ringTest(test)('an idle server takes no turns', async (t) => {
  const server = serve(t, embedded)
  await assertServes(t, server)
  await until(() => server.stats().connectionsOpen === 0)
  // The last connection leaves a tick or two.
  let turns
  do {
    turns = server.stats().ringTurns
    await delay(300)
  } while (server.stats().ringTurns !== turns)
  t.pass()
})

ringTest(test)('servers with and without ring threads work side by side in one thread', async (t) => {
  const servers = [0, 1, 0, 2, 0].map((ringThreads) => serve(t, { ringThreads }))
  await Promise.all(servers.map((server) => assertServes(t, server)))
})

ringTest(test)('a thread whose server computes without end can be terminated, and the port is free', async (t) => {
  const worker = new Worker(`
    const { parentPort, workerData } = require('node:worker_threads')
    const { serverListen } = require(workerData)
    parentPort.postMessage(serverListen({ port: 0, ringThreads: 0 }, () => { for (;;); }).port)
  `, { eval: true, workerData: require.resolve('..') })
  t.teardown(() => worker.terminate())
  const port = await new Promise((resolve) => worker.once('message', resolve))
  const client = await connect(t, port)
  await client.write(request('/1') + request('/2'))
  await delay(50)
  await worker.terminate()
  await t.throwsAsync(client.response())
  await untilRefused(t, port)
  await assertServes(t, serve(t, { ...embedded, port }))
})

ringTest(test)('process.exit() in a function ends the process and its connections', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const server = serverListen({ port: 0, ringThreads: 0 }, (n) => {
      if (n === 1) process.exit(7)
      return n
    })
    console.log(server.port)
  })
  const [client, other] = await connectMany(t, Number(await child.line()), 2)
  t.is((await other.send('/2')).body, '2')
  await client.write(request('/1'))
  t.deepEqual(await child.exited, { code: 7, signal: null, stderr: '' })
})

ringTest(test)('close() from a function answers it, and resolves', async (t) => {
  let closed
  const server = serve(t, embedded, (n) => {
    closed = server.close()
    return n
  })
  const { port } = server
  const client = await connect(t, port)
  const { body, headers } = await client.send('/3')
  t.deepEqual([body, headers.connection], ['3', 'close'])
  await closed
  await untilRefused(t, port)
})

ringTest(test)('a call without an answer is in flight, and close({ timeout }) cuts it off', async (t) => {
  const { handler, held } = gate()
  const server = serve(t, embedded, handler)
  const client = await connect(t, server)
  await client.write(request('/5'))
  await held(5)
  t.is(server.stats().inFlight, 1)
  await server.close({ timeout: 10 })
  await t.throwsAsync(client.response())
})

for (const [runtime, name] of [['bun', 'Bun'], ['deno', 'Deno']]) {
  ringTest(test)(`${name} lacks Node's event loop: ringThreads: 0 is refused; engine: 'node' ignores it`, async (t) => {
    const child = startMain(t, ({ serverListen }, runtime) => {
      Object.defineProperty(process, 'versions', { value: { ...process.versions, [runtime]: '1.0.0' } })
      const listen = (engine) => serverListen({ port: 0, ringThreads: 0, engine }, (n) => n).close()
      try {
        listen('io_uring')
      } catch ({ code, message }) {
        console.log(`${code} ${message}`)
      }
      listen('node').then(() => console.log('closed'))
    }, { args: [runtime] })
    t.regex(await child.line(), new RegExp(`^ERR_INVALID_ARG_VALUE .*this is ${name}\\.`))
    t.is(await child.line(), 'closed')
  })
}
