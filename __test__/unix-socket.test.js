'use strict'

const { spawn } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const { once } = require('node:events')
const os = require('node:os')
const path = require('node:path')
const { Worker } = require('node:worker_threads')
const test = require('ava')
const {
  assertServes, connect, engine, gate, post, request, serve, startMain, underTest, untilRefused
} = require('./helpers.js')

const { dirname, join } = path
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103

// A path for a socket in a directory of the test's own.
function socketPath(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ringcall-'))
  t.teardown(() => fs.rmSync(directory, { recursive: true }))
  return path.join(directory, 'ringcall.sock')
}

// A node:net server on a path; it ends with the test.
async function othersServer(t, options, onConnection) {
  const server = net.createServer(onConnection).listen(options)
  t.teardown(() => server.close())
  await once(server, 'listening')
  return server
}

// Leaves a socket that nothing listens on. libuv removes the name that it knows, but not the second one.
async function leaveBehind(path) {
  const server = net.createServer().listen(`${path}.first`)
  await once(server, 'listening')
  fs.linkSync(`${path}.first`, path)
  server.close()
  await once(server, 'close')
}

// The code of a process that prints how its start was refused, run as another user if one is given.
function refusedStart({ serverListen }, path, user) {
  if (user !== undefined) {
    process.setgroups([])
    process.setgid(Number(user))
    process.setuid(Number(user))
  }
  try {
    serverListen({ path }, (n) => n)
  } catch ({ code, syscall }) {
    console.log(code, syscall)
  }
}

// A process that starts and closes a server on the path when asked to; the server answers with the number. The third
// always has the engine 'node', as servers of different engines must not get in each other's way, either.
function startRacer(t, path, number) {
  const main = ({ serverListen }, path, number) => {
    let server
    const start = () => {
      try {
        server = serverListen(number === 3 ? { path, engine: 'node' } : { path }, () => number)
        return 'listening'
      } catch ({ code }) {
        return code
      }
    }
    process.on('message', async (what) => {
      if (what === 'start') return process.send(start())
      await server?.close()
      server = undefined
      process.send('closed')
    })
    process.send('ready')
  }
  const source = `(${main})(require(${JSON.stringify(underTest)}), ${JSON.stringify(path)}, ${number})`
  const racer = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.teardown(() => racer.kill('SIGKILL'))
  return racer
}

async function ask(racer, what) {
  racer.send(what)
  const [reply] = await once(racer, 'message')
  return reply
}

test('a path listens on a Unix domain socket', async (t) => {
  const path = socketPath(t)
  const server = serve(t, { path })
  t.is(server.address(), path)
  t.is(server.port, null)
  t.is(server.url, `unix:${path}`)
  t.true(fs.statSync(path).isSocket())
  await assertServes(t, server)
})

test("node:http's socketPath reaches it", async (t) => {
  const server = serve(t, { path: socketPath(t) })
  const outgoing = http.request({ socketPath: server.address(), path: '/17', method: 'POST' }).end()
  const [response] = await once(outgoing, 'response')
  t.is(Buffer.concat(await response.toArray()).toString(), '1597')
})

test('host and port are ignored beside a path', async (t) => {
  const path = socketPath(t)
  const server = serve(t, { path, port: 1, host: '203.0.113.1' })
  t.is(server.address(), path)
  await assertServes(t, server)
})

test('the socket is gone after close, and its path free', async (t) => {
  const path = socketPath(t)
  const server = serve(t, { path })
  await server.close()
  t.false(fs.existsSync(path))
  await assertServes(t, serve(t, { path }))
})

test('the path is free from close() on, and the next server keeps it', async (t) => {
  const path = socketPath(t)
  const { handler, held, release } = gate()
  const first = serve(t, { path }, handler)
  const client = await connect(t, { path })
  await client.write(request('/1'))
  await held(1)
  const closed = first.close()
  t.false(fs.existsSync(path), 'the socket goes before the last request is done')
  const second = serve(t, { path })
  release(1, 1)
  t.is((await client.response()).body, '1')
  await closed
  await assertServes(t, second)
})

test('close leaves a server or file that has replaced the socket alone', async (t) => {
  const path = socketPath(t)
  const first = serve(t, { path })
  fs.rmSync(path)
  const second = serve(t, { path })
  await first.close()
  await assertServes(t, second)
  fs.rmSync(path)
  fs.writeFileSync(path, 'precious')
  await second.close()
  t.is(fs.readFileSync(path, 'utf8'), 'precious')
})

test('close leaves a socket that was moved elsewhere alone', async (t) => {
  const path = socketPath(t)
  const server = serve(t, { path })
  fs.renameSync(path, `${path}.elsewhere`)
  await assertServes(t, { path: `${path}.elsewhere` })
  await server.close()
  t.true(fs.existsSync(`${path}.elsewhere`))
})

for (const way of ['close', 'exit']) {
  test(`after process.chdir ${way} removes the socket, and no file of that name elsewhere`, async (t) => {
    const directory = dirname(socketPath(t))
    fs.mkdirSync(join(directory, 'elsewhere'))
    fs.writeFileSync(join(directory, 'elsewhere', 'app.sock'), 'precious')
    const child = startMain(t, async ({ serverListen }, directory, way) => {
      process.chdir(directory)
      const server = serverListen({ path: 'app.sock' }, (n) => n)
      console.log(server.address())
      process.chdir('elsewhere')
      if (way === 'close') await server.close()
      process.exit()
    }, { args: [directory, way] })
    t.is(await child.line(), 'app.sock')
    t.is((await child.exited).code, 0)
    t.deepEqual(fs.readdirSync(directory), ['elsewhere'])
    t.is(fs.readFileSync(join(directory, 'elsewhere', 'app.sock'), 'utf8'), 'precious')
  })
}

test('process.exit during close leaves the next server on the path alone', async (t) => {
  const path = socketPath(t)
  const child = startMain(t, ({ serverListen }, path) => {
    const server = serverListen({ path }, () => new Promise((resolve) => process.once('SIGTERM', resolve)))
    process.once('SIGUSR2', () => console.log(server.close() && 'closing'))
    process.once('SIGTERM', () => process.exit())
    console.log('listening')
  }, { args: [path] })
  await child.line()
  const client = await connect(t, { path })
  await client.write(request('/1'))
  child.kill('SIGUSR2')
  t.is(await child.line(), 'closing')
  const next = serve(t, { path })
  child.kill('SIGTERM')
  await child.exited
  await assertServes(t, next)
})

test('a worker that is terminated leaves the path free', async (t) => {
  const path = socketPath(t)
  const source = `require(${JSON.stringify(underTest)}).serverListen({ path: ${JSON.stringify(path)} }, (n) => n)
    require('node:worker_threads').parentPort.postMessage('listening')`
  const worker = new Worker(source, { eval: true })
  await once(worker, 'message')
  t.is((await post(t, { path }, '/7')).body, '7')
  await worker.terminate()
  await assertServes(t, serve(t, { path }))
})

test('a socket with a listening server is in use, and left alone', async (t) => {
  const path = socketPath(t)
  const server = serve(t, { path })
  const error = t.throws(() => serve(t, { path }), { instanceOf: Error, code: 'EADDRINUSE' })
  t.like(error, { syscall: 'listen', address: path })
  t.true(error.message.startsWith(`listen EADDRINUSE: address already in use ${path}. `), error.message)
  await assertServes(t, server)
})

test('a socket that a killed process left behind is replaced', async (t) => {
  const path = socketPath(t)
  const child = startMain(t, ({ serverListen }, path) => {
    serverListen({ path }, (n) => n)
    console.log('listening')
  }, { args: [path] })
  await child.line()
  child.kill('SIGKILL')
  await child.exited
  t.true(fs.statSync(path).isSocket(), 'the stale socket is there')
  await untilRefused(t, { path })
  await assertServes(t, serve(t, { path }))
})

test('the next server replaces a killed one as soon as its process has ended', async (t) => {
  const path = socketPath(t)
  for (let i = 0; i < 3; i++) {
    const child = startMain(t, ({ serverListen }, path) => {
      serverListen({ path }, (n) => n)
      console.log('listening')
    }, { args: [path] })
    t.is(await child.line(), 'listening')
    child.kill('SIGKILL')
    await child.exited
  }
  await assertServes(t, serve(t, { path }))
})

test('a socket that was left behind is replaced, and nothing else stays in its directory', async (t) => {
  const path = socketPath(t)
  await leaveBehind(path)
  const server = serve(t, { path })
  await assertServes(t, server)
  t.deepEqual(fs.readdirSync(dirname(path)), ['ringcall.sock'])
  await server.close()
  t.deepEqual(fs.readdirSync(dirname(path)), [])
})

test('when processes start on one path at the same time, one serves and the others are refused', async (t) => {
  t.timeout(100_000)
  const path = socketPath(t)
  const racers = [1, 2, 3].map((number) => startRacer(t, path, number))
  await Promise.all(racers.map((racer) => once(racer, 'message')))
  for (let round = 0; round < 20; round++) {
    if (round % 4 > 0) await leaveBehind(path)
    const told = await Promise.all(racers.map((racer) => ask(racer, 'start')))
    t.deepEqual([...told].sort(), ['EADDRINUSE', 'EADDRINUSE', 'listening'], `round ${round}`)
    t.is((await post(t, { path }, '/0')).body, String(1 + told.indexOf('listening')))
    await Promise.all(racers.map((racer) => ask(racer, 'close')))
    t.deepEqual(fs.readdirSync(dirname(path)), [])
  }
})

test('a start connects at most once to a server that is already there', async (t) => {
  const path = socketPath(t)
  let seen = 0
  await othersServer(t, { path }, (socket) => {
    seen++
    socket.destroy()
  })
  const child = startMain(t, refusedStart, { args: [path] })
  t.is(await child.line(), 'EADDRINUSE listen')
  await child.exited
  await (await connect(t, { path })).gone()
  t.true(seen <= 2, `${seen} connections, the test's own included`)
})

test('a path whose server accepts no more connections is in use', async (t) => {
  const path = socketPath(t)
  const busy = startMain(t, (_, path) => {
    require('node:net').createServer().listen({ path, backlog: 1 }, () => {
      console.log('listening')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })
  }, { args: [path] })
  await busy.line()
  for (let code; code !== 'EAGAIN';) code = await connect(t, { path }).then(() => undefined, (error) => error.code)
  const child = startMain(t, refusedStart, { args: [path] })
  t.is(await child.line(), 'EADDRINUSE listen')
})

// The name has the maximum length, as Node.js pads shorter ones, also as a client.
test('a path that begins with a NUL is an abstract name, which has no file', async (t) => {
  if (process.platform !== 'linux') return t.pass()
  const path = `\0ringcall ${process.pid}`.padEnd(engine === 'io_uring' ? 108 : 0, '.')
  const server = serve(t, { path })
  t.is(server.address(), path)
  await assertServes(t, server)
  t.throws(() => serve(t, { path }), { code: 'EADDRINUSE', message: /Another server is listening there/ })
  await server.close()
  await assertServes(t, serve(t, { path }))
})

test('a path of something other than a socket is in use, and left alone', (t) => {
  const path = socketPath(t)
  const refused = () => t.throws(() => serve(t, { path }), { code: 'EADDRINUSE' })
  fs.writeFileSync(path, 'precious')
  refused()
  t.is(fs.readFileSync(path, 'utf8'), 'precious')
  fs.rmSync(path)
  fs.mkdirSync(path)
  refused()
  fs.rmdirSync(path)
  fs.symlinkSync('nowhere', path)
  refused()
  t.is(fs.readlinkSync(path), 'nowhere')
})

test('a link to a socket that was left behind is left alone', async (t) => {
  const path = socketPath(t)
  await leaveBehind(`${path}.target`)
  fs.symlinkSync(`${path}.target`, path)
  t.throws(() => serve(t, { path }), { code: 'EADDRINUSE' })
  t.true(fs.lstatSync(path).isSymbolicLink())
  t.true(fs.existsSync(`${path}.target`))
})

test("another user's socket is in use, and left alone", async (t) => {
  if (process.getuid() !== 0) return t.pass(t.log('not run: it needs root'))
  const path = socketPath(t)
  await leaveBehind(path)
  fs.chmodSync(dirname(path), 0o777)
  const child = startMain(t, refusedStart, { args: [path, '65534'] })
  t.is(await child.line(), 'EADDRINUSE listen')
  t.true(fs.existsSync(path))
})

test('a relative path in a removed directory is refused', async (t) => {
  const directory = dirname(socketPath(t))
  const child = startMain(t, ({ serverListen }, directory) => {
    const { mkdirSync, rmdirSync } = require('node:fs')
    mkdirSync(`${directory}/gone`)
    process.chdir(`${directory}/gone`)
    rmdirSync(`${directory}/gone`)
    try {
      serverListen({ path: 'app.sock' }, (n) => n)
    } catch ({ code, syscall, address }) {
      console.log(code, syscall, address)
    }
  }, { args: [directory] })
  t.is(await child.line(), 'ENOENT listen app.sock')
})

test('a short relative path is served where the absolute one is too long for a socket', async (t) => {
  const directory = join(dirname(socketPath(t)), 'x'.repeat(120))
  fs.mkdirSync(directory)
  const child = startMain(t, async ({ serverListen }, directory) => {
    process.chdir(directory)
    const server = serverListen({ path: 's' }, (n) => n)
    console.log(require('node:fs').readdirSync('.').join())
    await server.close()
    console.log(require('node:fs').readdirSync('.').join())
  }, { args: [directory] })
  t.is(await child.line(), 's')
  t.is(await child.line(), '')
})

test('a path of the maximum length is served', async (t) => {
  for (const name of ['s', 'long-enough.sock']) {
    const directory = dirname(socketPath(t))
    const path = join(directory, 'x'.repeat(PATH_BYTES_MAX - directory.length - name.length - 2), name)
    fs.mkdirSync(dirname(path))
    t.is(path.length, PATH_BYTES_MAX)
    await assertServes(t, serve(t, { path }))
    t.deepEqual(fs.readdirSync(dirname(path)), [name])
  }
})

test('process.exit removes the socket', async (t) => {
  const path = socketPath(t)
  const child = startMain(t, ({ serverListen }, path) => {
    serverListen({ path }, (n) => process.exit(n))
    console.log('listening')
  }, { args: [path] })
  await child.line()
  const client = await connect(t, { path })
  await client.write(request('/3'))
  t.is((await child.exited).code, 3)
  t.false(fs.existsSync(path))
})

test('a path too long for a socket is refused', (t) => {
  const path = `${socketPath(t)}${'x'.repeat(108)}`
  const error = t.throws(() => serve(t, { path }), { instanceOf: Error })
  t.regex(error.code, /^(EINVAL|ENAMETOOLONG)$/)
  t.false(fs.existsSync(path))
})

test('a path in a missing directory is refused', (t) => {
  const path = `${socketPath(t)}/no/such/directory`
  const error = t.throws(() => serve(t, { path }), { instanceOf: Error })
  t.is(error.syscall, 'listen')
  t.is(error.address, path)
})

// Serial, as the servers of other tests would count, too.
test.serial('many servers on paths add one exit listener at most, and leave none behind', async (t) => {
  const directory = path.dirname(socketPath(t))
  const before = process.listenerCount('exit')
  const servers = Array.from({ length: 12 }, (_, index) => serve(t, { path: path.join(directory, String(index)) }))
  t.true(process.listenerCount('exit') <= before + 1)
  await Promise.all(servers.map((server) => server.close()))
  t.is(process.listenerCount('exit'), before)
})
