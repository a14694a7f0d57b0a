'use strict'

const test = require('ava')
const { post, root, start } = require('./helpers.js')
const { refusedTest, startRefused } = require('./without-io-uring.js')

const main = `
const { probe, serverListen } = require(${JSON.stringify(root)})
if (process.env.BECOME_NOBODY) {
  process.setgroups([])
  process.setgid(65534)
  process.setuid(65534)
}
try {
  serverListen({ port: 0, engine: 'io_uring' }, (n) => n).close()
  console.log(JSON.stringify('it listens'))
} catch (error) {
  console.log(JSON.stringify({ isError: error instanceof Error, message: error.message, ...error }))
}
console.log(JSON.stringify(probe()))
process.on('warning', ({ code, message }) => console.log(JSON.stringify({ code, message })))
const servers = [1, 2].map(() => serverListen({ port: 0 }, (n) => {
  if (n === 0) for (const server of servers) server.close()
  return n
}))
const [{ engine, port }] = servers
setImmediate(() => console.log(JSON.stringify({ engine, port, counted: servers[1].stats().engine })))`

const refusals = [
  ['EPERM, as from Docker', '1', 'seccomp', /seccomp/],
  ['ENOSYS, as from Podman and kernels without io_uring', '38', 'kernel', /Linux 6\.1/],
  ['EINVAL, as from kernels before 6.1 for DEFER_TASKRUN', '22', 'kernel', /Linux 6\.1/],
  ['rings that cannot be restricted', 'restrictions', 'kernel', /Linux 6\.1/, {
    io_uring_setup: true, operations: true, buffer_rings: true, restrictions: false
  }],
  ['no memory to lock', 'memlock', 'memlock', /ulimit -l|memlock/i]
]

for (const [what, how, reason, cure, features = {}] of refusals) {
  refusedTest(test)(`${what}: io_uring throws, probe() says why, and auto falls back with one warning`, async (t) => {
    const child = startRefused(t, how, ['-e', main])
    const next = async () => JSON.parse(await child.line())

    const error = await next()
    t.like(error, { isError: true, code: 'ERR_IO_URING_UNAVAILABLE', reason })
    t.regex(error.message, cure)

    const probed = await next()
    t.like(probed, { available: false, engine: 'node', reason, platform: 'linux' })
    t.deepEqual(probed.features, features)
    t.regex(probed.cure, cure)
    t.regex(probed.binary.path, /\.node$/)

    const warning = await next()
    t.is(warning.code, 'RINGCALL_FALLBACK')
    t.regex(warning.message, cure)

    const { engine, port, counted } = await next()
    t.deepEqual([engine, counted], ['node', 'node'])
    t.is((await post(t, port, '/15')).body, '15')
    t.is((await post(t, port, '/0')).body, '0')
    const { code, stderr } = await child.exited
    t.is(code, 0, 'nothing keeps the process alive')
    t.is(stderr.match(/RINGCALL_FALLBACK/g).length, 1)
  })
}

test('a start refused for another reason does not fall back', async (t) => {
  const child = start(t, ['-e', `
    const { serverListen } = require(${JSON.stringify(root)})
    const { port } = serverListen({ port: 0, host: '127.0.0.1' }, (n) => n).unref()
    for (const where of [{ port, host: '127.0.0.1' }, { port: 0, host: 'no such host' }]) {
      try {
        serverListen(where, (n) => n)
      } catch ({ code }) {
        console.log(code)
      }
    }`])
  t.is(await child.line(), 'EADDRINUSE')
  t.is(await child.line(), 'ENOTFOUND')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})
