'use strict'

const path = require('node:path')
const test = require('ava')
const {
  connect, post, request, serve, serverListen, start, startMain, underTest, untilRefused
} = require('./helpers.js')

test('a listening server keeps the process alive, and after close the process ends by itself', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.on('beforeExit', () => console.log('idle'))
    const server = serverListen(0, (n) => {
      if (n === 0) server.close()
      return n
    })
    console.log(server.port)
  })
  const port = Number(await child.line())
  t.is((await post(t, port, '/1')).body, '1')
  t.is((await post(t, port, '/0')).body, '0')
  t.is(await child.line(), 'idle')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

// As Node's own servers do.
test('a server in a cluster closes when its worker is disconnected, and the worker ends', async (t) => {
  const child = start(t, [path.join(__dirname, 'modules', 'cluster.js'), underTest])
  const port = Number(await child.line())
  t.is((await post(t, port, '/1')).body, '1')
  t.is(await child.line(), 'disconnected')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('an unrefed server lets the process end', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const server = serverListen(0, (n) => n)
    console.log(server.unref() === server && server.unref() === server)
  })
  t.is(await child.line(), 'true')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('an unrefed server serves while something else keeps the process alive', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const timer = setInterval(() => {}, 1000)
    const server = serverListen(0, (n) => {
      if (n === 0) clearInterval(timer)
      return n
    })
    console.log(server.unref().port)
  })
  const client = await connect(t, Number(await child.line()))
  t.is((await client.send('/1')).body, '1')
  await client.write(request('/0'))
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('ref undoes unref', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const server = serverListen(0, (n) => {
      if (n === 0) server.close()
      return n
    })
    console.log(server.unref().ref().ref().port)
  })
  const port = Number(await child.line())
  t.is((await post(t, port, '/1')).body, '1')
  await post(t, port, '/0')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('an unrefed server can be closed and awaited', async (t) => {
  const child = startMain(t, async ({ serverListen }) => {
    await serverListen(0, (n) => n).unref().close()
    console.log('closed')
  })
  t.is(await child.line(), 'closed')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('close resolves before a process without anything else ends', async (t) => {
  const child = startMain(t, async ({ serverListen }) => {
    await serverListen(0, (n) => n).close()
    console.log('closed')
  })
  t.is(await child.line(), 'closed')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('a server without references keeps serving through garbage collections', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const listen = () => serverListen(0, (n) => {
      globalThis.gc()
      return n
    }).port
    console.log(listen())
  }, { execArgv: ['--expose-gc'] })
  const client = await connect(t, Number(await child.line()))
  for (let n = 0; n < 200; n++) t.is((await client.send(`/${n}`)).body, String(n))
})

test('a closed server and its handler can be garbage-collected', async (t) => {
  const child = startMain(t, async ({ serverListen }) => {
    const listenAndClose = async () => {
      const handler = (n) => n
      const server = serverListen(0, handler)
      await fetch(`${server.url}/1`, { method: 'POST' }).then((response) => response.text())
      await server.close()
      return [new WeakRef(server), new WeakRef(handler)]
    }
    const held = (await Promise.all([1, 2, 3].map(listenAndClose))).flat()
    // A target that deref() returned is held until the end of that turn, so looking and collecting take turns.
    for (let turn = 0; turn < 100 && held.some((reference) => reference.deref()); turn++) {
      await new Promise(setImmediate)
      globalThis.gc()
      await new Promise(setImmediate)
    }
    console.log(held.map((reference) => typeof reference.deref()).join())
  }, { execArgv: ['--expose-gc'] })
  // Of three servers and their handlers.
  t.is(await child.line(), Array(6).fill('undefined').join())
})

test('process.exit inside the handler ends the process with its code', async (t) => {
  const child = startMain(t, ({ serverListen }) => console.log(serverListen(0, (n) => process.exit(n)).port))
  const client = await connect(t, Number(await child.line()))
  await client.write(request('/7'))
  t.deepEqual(await child.exited, { code: 7, signal: null, stderr: '' })
  await client.gone()
})

test('process.exit with requests and promises pending ends the process with its code', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    let count = 0
    const server = serverListen(0, (n) => (++count === 50 ? process.exit(7) : n % 2 ? new Promise(() => {}) : n))
    console.log(server.port)
  })
  const port = Number(await child.line())
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(t, port)))
  await Promise.all(clients.map((client, n) => client.write(request(`/${n}`).repeat(10)).catch(() => {})))
  t.deepEqual(await child.exited, { code: 7, signal: null, stderr: '' })
})

test('the handler may use the whole API, and be called again meanwhile', async (t) => {
  const server = serve(t, {}, async (n) => {
    if (n === 0) return 1
    server.unref().ref()
    server.closeIdleConnections()
    const other = serverListen({ port: 0, host: '127.0.0.1' }, () => server.stats().handlerErrors + 1)
    const inner = await post(t, other, '/0')
    const again = await post(t, server, '/0')
    await other.close()
    return Number(inner.body) * 10 + Number(again.body)
  })
  t.is((await post(t, server, '/1')).body, '11')
  t.is(server.stats().handlerErrors, 0)
})

test('an uncaught exception elsewhere ends the process as usual', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    console.log(serverListen(0, (n) => (setImmediate(() => { throw new Error('elsewhere') }), n)).port)
  })
  const client = await connect(t, Number(await child.line()))
  await client.write(request('/1'))
  const { code, signal, stderr } = await child.exited
  t.deepEqual([code, signal], [1, null])
  t.regex(stderr, /Error: elsewhere/)
})

test('SIGTERM without a listener ends the process as usual', async (t) => {
  const child = startMain(t, ({ serverListen }) => console.log(serverListen(0, (n) => n).port))
  const port = Number(await child.line())
  t.is((await post(t, port, '/1')).body, '1')
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: null, signal: 'SIGTERM', stderr: '' })
})

test('a child process inherits neither port nor connections', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const { spawn } = require('node:child_process')
    const server = serverListen(0, (n) => {
      const sleeper = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
      sleeper.unref()
      console.log(sleeper.pid)
      return n
    })
    console.log(server.port)
  })
  const port = Number(await child.line())
  const client = await connect(t, port)
  t.is((await client.send('/0')).body, '0')
  const sleeper = Number(await child.line())
  t.teardown(() => process.kill(sleeper))
  child.kill('SIGKILL')
  await child.exited
  await client.gone()
  await untilRefused(t, port)
})

test('the addon can be loaded twice', async (t) => {
  const child = startMain(t, (first) => {
    for (const key of Object.keys(require.cache)) delete require.cache[key]
    const second = require(process.cwd())
    console.log(first.serverListen(0, (n) => n).port)
    console.log(second.serverListen(0, (n) => -n).port)
  })
  t.is((await post(t, Number(await child.line()), '/15')).body, '15')
  t.is((await post(t, Number(await child.line()), '/15')).body, '-15')
})
