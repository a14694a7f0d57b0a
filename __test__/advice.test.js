'use strict'

// What errors and warnings advise, when a server starts and when its handler fails.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('ava')
const { post, serve, serverListen, sharingTest, start, startMain, underTest } = require('./helpers.js')

// The error in a separate process where the port is in use. A cluster worker runs the same file.
async function refusedIn(t, { cluster = false, env } = {}) {
  const { port } = serve(t, { host: '127.0.0.1' })
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ringcall-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'listen.js')
  fs.writeFileSync(file, `
    const cluster = require('node:cluster')
    const { serverListen } = require(${JSON.stringify(underTest)})
    if (${cluster} && cluster.isPrimary) {
      cluster.fork()
    } else {
      try {
        serverListen({ port: ${port}, host: '127.0.0.1' }, (n) => n)
      } catch ({ code, message }) {
        console.log(JSON.stringify({ code, message }))
      }
      process.disconnect?.()
    }`)
  const { code, message } = JSON.parse(await start(t, [file], { env }).line())
  t.is(code, 'EADDRINUSE')
  return message
}

test('a port in use: stop the other, take another port, or share it', async (t) => {
  const message = await refusedIn(t)
  t.regex(message, /await its close\(\)/)
  t.regex(message, /another port \(0 picks a free one\)/)
  t.regex(message, /set the reusePort option in both/)
})

for (const [what, how] of [
  ['a cluster worker', { cluster: true }],
  ['a pm2 instance', { env: { pm_id: '1', NODE_APP_INSTANCE: '1' } }]
]) {
  test(`a port in use in ${what} without reusePort: the error advises reusePort`, async (t) => {
    const message = await refusedIn(t, how)
    t.regex(message, /Cluster workers and pm2 instances .* set the reusePort option in all of them/)
    t.regex(message, /choose another port/)
  })
}

sharingTest(test)('a port in use with reusePort: the error says that the other server does not share it', (t) => {
  // The sockets of several ring threads share the port, also with any other of the same user that shares it.
  const { port } = serve(t, { host: '127.0.0.1', ringThreads: 1 })
  const error = t.throws(() => serve(t, { port, host: '127.0.0.1', reusePort: true }), { code: 'EADDRINUSE' })
  t.regex(error.message, /does not share the port/)
})

for (const [port, where] of [[0, '203.0.113.1'], [8000, '203.0.113.1:8000']]) {
  test(`an address that this machine does not have, with port ${port}: the error names both and what to do`, (t) => {
    const error = t.throws(() => serverListen({ port, host: '203.0.113.1' }, (n) => n), { code: 'EADDRNOTAVAIL' })
    t.like(error, { syscall: 'listen', address: '203.0.113.1', port })
    t.true(error.message.startsWith(`listen EADDRNOTAVAIL: address not available ${where}. `), error.message)
    t.regex(error.message, /leave out the host option/)
  })
}

test('a path that is taken, or whose directory does not exist: the error says what to do', (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ringcall-'))
  t.teardown(() => fs.rmSync(directory, { recursive: true }))
  const taken = path.join(directory, 'taken.sock')
  serve(t, { path: taken })
  t.throws(() => serve(t, { path: taken }), { message: /Another server is listening there: stop it, or choose/ })
  t.throws(() => serve(t, { path: directory }), { message: /It is a directory: choose a path in it/ })
  const file = path.join(directory, 'file')
  fs.writeFileSync(file, '')
  t.throws(() => serve(t, { path: file }), { message: /It is a regular file: delete it/ })
  t.throws(() => serve(t, { path: path.join(file, 'a.sock') }), { message: /A part of it is a file/ })
  const link = path.join(directory, 'link')
  fs.symlinkSync(taken, link)
  t.throws(() => serve(t, { path: link }), { message: /It is a symbolic link: delete it/ })
  // libuv reports EACCES where the directory does not exist.
  const nowhere = path.join(directory, 'none', 'a.sock')
  t.throws(() => serve(t, { path: nowhere }), { message: /create (it first|the directory if there is none)/ })
})

test('the warning of the first failure begins with advice, and the stack has lines of its own', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.on('warning', ({ message }) => console.log(JSON.stringify(message)))
    console.log(serverListen(0, () => { throw new Error('no such row') }).port)
  })
  const port = Number(await child.line())
  t.is((await post(t, port, '/15')).status, 500)
  const [advice, ...stack] = JSON.parse(await child.line()).split('\n')
  t.regex(advice, /^The handler failed for 15\. .*pass onError .*handlerErrors counts them\.$/)
  t.is(stack[0], 'Error: no such row')
  t.regex(stack[1], /^ +at /)
})

const wrong = [
  [undefined, /It returned undefined\. Is a `return` missing\?$/],
  ['610', /It returned a string\. If it holds digits, convert it with Number\(\) or BigInt\(\)\.$/],
  [[610], /It returned an array\. Each call answers with a single integer\.$/],
  [null, /It returned null\.$/],
  [{}, /It returned an object\.$/],
  [true, /It returned a boolean\.$/],
  [() => 610, /It returned a function\.$/],
  [NaN, /It returned NaN\. .*undefined, from a promise without `await`, or from 0 \/ 0\.$/],
  [7.5, /It returned 7\.5\. Round it, with Math\.round\(\) for example\.$/],
  [2 ** 53, /It returned 9007199254740992\. .*only a bigint is exact: return one\.$/],
  [Infinity, /It returned Infinity\.$/]
]

test('an error names what the handler returned instead of an integer, and says what to do', async (t) => {
  const told = []
  const server = serve(t, { onError: (error) => told.push(error.message) }, (n) => wrong[n][0])
  for (const [n, [, sentence]] of wrong.entries()) {
    t.is((await post(t, server, `/${n}`)).status, 500)
    t.regex(told.at(-1), sentence)
    t.regex(told.at(-1), /^The handler must return an integer, as a number or a bigint, or a promise of one\. It /)
  }
})
