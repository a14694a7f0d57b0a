'use strict'

const fs = require('node:fs')
const http = require('node:http')
const { once } = require('node:events')
const os = require('node:os')
const path = require('node:path')
const test = require('ava')
const { assertServes, connect, request, serve, startMain, untilRefused } = require('./helpers.js')

// A path for a socket in a directory of the test's own.
function socketPath(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ringcall-'))
  t.teardown(() => fs.rmSync(directory, { recursive: true }))
  return path.join(directory, 'ringcall.sock')
}

test('a path is a unix socket', async (t) => {
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

test('a socket that somebody listens on is in use, and left alone', async (t) => {
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

test('a file that is no socket is in use, and left alone', (t) => {
  const path = socketPath(t)
  fs.writeFileSync(path, 'precious')
  t.throws(() => serve(t, { path }), { code: 'EADDRINUSE' })
  t.is(fs.readFileSync(path, 'utf8'), 'precious')
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

test('a directory that is not there is refused', (t) => {
  const path = `${socketPath(t)}/no/such/directory`
  const error = t.throws(() => serve(t, { path }), { instanceOf: Error })
  t.is(error.syscall, 'listen')
  t.is(error.address, path)
})

// Serial: the other tests' servers count, too.
test.serial('many servers on paths are no leak of listeners, and leave none behind', async (t) => {
  const directory = path.dirname(socketPath(t))
  const before = process.listenerCount('exit')
  const servers = Array.from({ length: 12 }, (_, index) => serve(t, { path: path.join(directory, String(index)) }))
  t.true(process.listenerCount('exit') <= before + 1)
  await Promise.all(servers.map((server) => server.close()))
  t.is(process.listenerCount('exit'), before)
})
