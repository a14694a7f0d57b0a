'use strict'

const { on, once } = require('node:events')
const { Worker } = require('node:worker_threads')
const test = require('ava')
const { assertServes, connect, post, request, ringTest, serve, sharingTest, underTest } = require('./helpers.js')

// A worker that runs the text of `main({ serverListen }, parentPort, data)`, its first message, and its exit code.
async function startWorker(t, main, data) {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    ;(${main})(require(${JSON.stringify(underTest)}), parentPort, workerData)`
  const worker = new Worker(source, { eval: true, workerData: data })
  t.teardown(() => worker.terminate())
  const exited = once(worker, 'exit').then(([code]) => code)
  const [port] = await once(worker, 'message')
  return { worker, port, exited }
}

const listening = ({ serverListen }, parent) => {
  parent.postMessage(serverListen(0, (n) => n + 1).port)
}

test('a server in a worker serves', async (t) => {
  const { port } = await startWorker(t, listening)
  const client = await connect(t, port)
  for (let n = 0; n < 100; n++) t.is((await client.send(`/${n}`)).body, String(n + 1))
})

test('workers and the main thread serve side by side', async (t) => {
  const main = serve(t)
  const workers = await Promise.all(Array.from({ length: 4 }, () => startWorker(t, listening)))
  await Promise.all(workers.map(async ({ port }) => t.is((await post(t, port, '/1')).body, '2')))
  await Promise.all(workers.map(({ worker }) => worker.terminate()))
  await assertServes(t, main)
})

sharingTest(test)('workers share a port with reusePort', async (t) => {
  const main = serve(t, { reusePort: true }, (n) => n)
  await startWorker(t, ({ serverListen }, parent, port) => {
    parent.postMessage(serverListen({ port, reusePort: true }, (n) => n + 1).port)
  }, main.port)
  const seen = new Set()
  for (let i = 0; i < 200 && seen.size < 2; i++) seen.add((await post(t, main, '/0')).body)
  t.deepEqual([...seen].sort(), ['0', '1'])
})

test('terminate frees the port', async (t) => {
  const { worker, port } = await startWorker(t, listening)
  t.is((await post(t, port, '/1')).body, '2')
  await worker.terminate()
  await assertServes(t, serve(t, { port }))
})

test('terminate cuts connections that wait past maxConnections', async (t) => {
  const { worker, port } = await startWorker(t, ({ serverListen }, parent) => {
    parent.postMessage(serverListen({ port: 0, maxConnections: 1, handlerTimeout: 0 }, (n) => n).port)
  })
  const first = await connect(t, port)
  t.is((await first.send('/1')).body, '1')
  for (const n of [2, 3]) await (await connect(t, port)).write(request(`/${n}`))
  await worker.terminate()
  await assertServes(t, serve(t, { port }))
})

test('terminate with a promise that never settles frees the port and the connection', async (t) => {
  const { worker, port } = await startWorker(t, ({ serverListen }, parent) => {
    let calls = 0
    const server = serverListen(0, () => {
      parent.postMessage(++calls)
      return new Promise(() => {})
    })
    parent.postMessage(server.port)
  })
  const client = await connect(t, port)
  await client.write(request('/1').repeat(3))
  // Node's own http parser has read them all then; see below.
  for await (const [calls] of on(worker, 'message')) if (calls === 3) break
  await worker.terminate()
  await client.gone()
  await assertServes(t, serve(t, { port }))
})

test('terminate with a handler in an endless loop frees the port', async (t) => {
  const { worker, port } = await startWorker(t, ({ serverListen }, parent) => {
    const server = serverListen(0, () => {
      parent.postMessage('called')
      for (;;);
    })
    parent.postMessage(server.port)
  })
  const client = await connect(t, port)
  await client.write(request('/1').repeat(3))
  await once(worker, 'message')
  await worker.terminate()
  await client.gone()
  await assertServes(t, serve(t, { port }))
})

// Node's own http parser aborts the process where a worker ends while it parses: docs/engines.md says so.
ringTest(test)('terminate under load frees the port', async (t) => {
  const { worker, port } = await startWorker(t, listening)
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(t, port)))
  await Promise.all(clients.map(async (client, c) => {
    for (let i = 0; ; i++) {
      if (c === 0 && i === 50) worker.terminate()
      const response = await client.send('/1').catch(() => null)
      if (response === null) return
      t.is(response.body, '2')
    }
  }))
  await worker.terminate()
  await assertServes(t, serve(t, { port }))
})

test('process.exit in a worker ends only the worker, and frees the port', async (t) => {
  const { port, exited } = await startWorker(t, ({ serverListen }, parent) => {
    parent.postMessage(serverListen(0, (n) => process.exit(n)).port)
  })
  const client = await connect(t, port)
  await client.write(request('/7'))
  t.is(await exited, 7)
  await client.gone()
  await assertServes(t, serve(t, { port }))
})

test('a worker ends by itself once its server is closed', async (t) => {
  const { port, exited } = await startWorker(t, ({ serverListen }, parent) => {
    const server = serverListen(0, (n) => {
      server.close()
      return n
    })
    parent.postMessage(server.port)
  })
  t.is((await post(t, port, '/1')).body, '1')
  t.is(await exited, 0)
})

test('a worker ends although its unrefed server listens', async (t) => {
  const { exited } = await startWorker(t, ({ serverListen }, parent) => {
    parent.postMessage(serverListen(0, (n) => n).unref().port)
  })
  t.is(await exited, 0)
})

test('twenty workers come and go', async (t) => {
  for (let i = 0; i < 20; i++) {
    const { worker, port } = await startWorker(t, listening)
    t.is((await post(t, port, '/1')).body, '2')
    await worker.terminate()
  }
})
