'use strict'

// The choice of the engine, and what probe() tells.

const { cpSync, mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const test = require('ava')
const { probe } = require('..')
const { assertServes, post, ringTest, root, serve, start } = require('./helpers.js')

test("engine: 'node' serves on Node's own http server", async (t) => {
  const server = serve(t, { engine: 'node' })
  t.is(server.engine, 'node')
  t.is(server.stats().engine, 'node')
  await assertServes(t, server)
})

for (const engine of ['auto', 'io_uring', undefined]) {
  ringTest(test)(`engine: ${engine} is io_uring where it can run`, async (t) => {
    const server = serve(t, { engine })
    t.is(server.engine, 'io_uring')
    await assertServes(t, server)
  })
}

test('an engine that does not exist is refused', (t) => {
  for (const engine of ['uring', '', 'toString', null, 1]) {
    const error = t.throws(() => serve(t, { engine }), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' })
    t.true(error.message.includes("'io_uring', 'node', 'auto'"), error.message)
  }
})

ringTest(test)('probe tells what is here, as plain data', (t) => {
  const found = probe()
  t.deepEqual(JSON.parse(JSON.stringify(found)), found)
  t.like(found, { available: true, engine: 'io_uring', platform: 'linux', arch: process.arch, node: process.versions.node })
  t.regex(found.kernel, /^\d+\.\d+/)
  t.regex(found.binary.path, /ringcall\.linux-.*\.node$/)
  t.deepEqual([found.reason, found.message, found.cure, found.binary.error], Array(4).fill(undefined))
  const needed = { io_uring_setup: true, operations: true, buffer_rings: true, restrictions: true }
  t.deepEqual(found.features, needed)
  t.deepEqual(Object.keys(found.limits), ['memlock', 'nofile'])
  t.true(found.limits.nofile.soft > 0)
})

// The package without its binary, as on a platform that has none.
function withoutBinary(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const each of ['bin', 'lib', 'index.js', 'package.json']) {
    cpSync(path.join(root, each), path.join(folder, each), { recursive: true })
  }
  return folder
}

test('without a binary it loads, probe says so, io_uring throws and auto serves', async (t) => {
  const child = start(t, ['-e', `
    const { probe, serverListen } = require(process.argv[1])
    const { available, reason, message, cure, binary, limits } = probe()
    console.log(JSON.stringify({ available, reason, message, cure, binary, limits }))
    try {
      serverListen({ port: 0, engine: 'io_uring' }, (n) => n)
    } catch ({ code, reason, message }) {
      console.log(JSON.stringify({ code, reason, message }))
    }
    const server = serverListen(0, (n) => (setImmediate(() => server.close()), n))
    console.log(server.engine, server.port)`, withoutBinary(t)])
  const found = JSON.parse(await child.line())
  t.like(found, { available: false, reason: 'platform' })
  t.regex(found.message, /ringcall\.linux-.* is not there/)
  t.regex(found.cure, /npx ringcall build/)
  t.truthy(found.binary.error)
  t.true(found.limits.nofile.soft > 0)
  const error = JSON.parse(await child.line())
  t.like(error, { code: 'ERR_IO_URING_UNAVAILABLE', reason: 'platform' })
  t.true(error.message.includes(found.cure), error.message)
  const [engine, port] = (await child.line()).split(' ')
  t.is(engine, 'node')
  t.is((await post(t, Number(port), '/15')).body, '15')
  const { code, stderr } = await child.exited
  t.is(code, 0)
  t.regex(stderr, /RINGCALL_FALLBACK/)
})
