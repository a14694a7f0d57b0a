'use strict'

// The choice of the engine, and what probe() reports.

const { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const test = require('ava')
const { probe } = require('..')
const { binaryName } = require('../lib/native.js')
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

ringTest(test)('probe reports what the machine has, as plain data', (t) => {
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

test('without a binary the package loads, probe says so, io_uring throws and auto serves', async (t) => {
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

// Prints what a process finds: `probe()`, the error of `'io_uring'`, and the engine and the port with `'auto'`.
const look = `
  const found = probe()
  console.log(JSON.stringify({ ...found, features: {} }))
  try {
    serverListen({ port: 0, engine: 'io_uring' }, (n) => n).close()
    console.log('{}')
  } catch ({ code, reason, message }) {
    console.log(JSON.stringify({ code, reason, message }))
  }
  const server = serverListen({ port: 0 }, (n) => (setImmediate(() => server.close()), n))
  console.log(server.engine, server.port)`

async function assertFallsBack(t, child, { reason, message, cure }) {
  const found = JSON.parse(await child.line())
  t.like(found, { available: false, engine: 'node', reason })
  t.regex(found.message, message)
  t.regex(found.cure, cure)
  t.is(found.binary.error, found.message)
  const error = JSON.parse(await child.line())
  t.like(error, { code: 'ERR_IO_URING_UNAVAILABLE', reason })
  t.true(error.message.includes(found.cure), error.message)
  const [engine, port] = (await child.line()).split(' ')
  t.is(engine, 'node')
  t.is((await post(t, Number(port), '/15')).body, '15')
  const { code, stderr } = await child.exited
  t.is(code, 0, stderr)
  t.regex(stderr, /RINGCALL_FALLBACK/)
  t.true(stderr.includes(found.cure), stderr)
  return found
}

// Node's own name for the flag, which has changed.
const flags = process.allowedNodeEnvironmentFlags
const permission = flags.has('--permission') ? '--permission' : '--experimental-permission'
const mayListen = flags.has('--allow-net') ? ['--allow-net'] : []
const source = `const { probe, serverListen } = require(${JSON.stringify(root)}); ${look}`

test('where addons are switched off, it falls back and names the flag', async (t) => {
  await assertFallsBack(t, start(t, ['--no-addons', '-e', source]), {
    reason: 'other', message: /does not load/, cure: /^Start Node\.js without --no-addons\.$/
  })
})

test('where the permission model keeps addons off, it falls back and names the flag', async (t) => {
  await assertFallsBack(t, start(t, [permission, '--allow-fs-read=*', ...mayListen, '-e', source]), {
    reason: 'other', message: /does not load/, cure: /^Start Node\.js with --allow-addons\.$/
  })
})

test('where the permission model hides the addon, it falls back and names the flags', async (t) => {
  const readable = ['index.js', 'package.json', 'lib/'].map((each) => `--allow-fs-read=${path.join(root, each)}`)
  await assertFallsBack(t, start(t, [permission, ...readable, ...mayListen, '-e', source]), {
    reason: 'other',
    message: /does not load/,
    cure: /^Start Node\.js with --allow-fs-read=\/.*\.node and --allow-addons\.$/
  })
})

test('with an invalid binary it falls back and says how to build one', async (t) => {
  const folder = withoutBinary(t)
  writeFileSync(path.join(folder, binaryName()), 'no binary')
  const child = start(t, ['-e', `const { probe, serverListen } = require(process.argv[1]); ${look}`, folder])
  await assertFallsBack(t, child, { reason: 'platform', message: /does not load/, cure: /npx ringcall build/ })
})

const broken = {
  'process.report throws': "Object.defineProperty(process, 'report', { get() { throw new Error('no') } })",
  'process.report cannot be changed': 'Object.freeze(process.report)',
  'there is no process.report': "Object.defineProperty(process, 'report', { value: undefined })",
  'a report throws': "process.report.getReport = () => { throw new Error('no') }",
  'a report is empty': 'process.report.getReport = () => undefined',
  'the version of the kernel cannot be read': "require('node:os').release = () => { throw new Error('no') }",
  'files cannot be looked for': "require('node:fs').existsSync = () => { throw new Error('no') }"
}

for (const [what, code] of Object.entries(broken)) {
  test(`where ${what}, probe reports what it can, and auto serves`, async (t) => {
    const child = start(t, ['-e', `${code}; ${source}`])
    const found = JSON.parse(await child.line())
    t.like(found, { platform: 'linux', arch: process.arch })
    t.deepEqual(Object.keys(found.limits), ['memlock', 'nofile'])
    t.is(typeof found.kernel, 'string')
    await child.line()
    const [, port] = (await child.line()).split(' ')
    t.is((await post(t, Number(port), '/15')).body, '15')
    t.is((await child.exited).code, 0)
  })
}

// What bundlers make of the package: all its files in one, somewhere else. An ES module has no `__dirname`.
function bundle(t, name, requireOfNode) {
  const files = readdirSync(path.join(root, 'lib'), { recursive: true }).map((file) => path.join('lib', String(file)))
  const modules = ['index.js', ...files.filter((file) => file.endsWith('.js'))].map((file) => (
    `${JSON.stringify(file)}(module, exports, require) {\n${readFileSync(path.join(root, file), 'utf8')}\n}`
  ))
  const file = path.join(withoutBinary(t), name)
  writeFileSync(file, `${requireOfNode}
    const modules = { ${modules.join(',\n')} }
    const loaded = {}
    function load(file) {
      if (!Object.hasOwn(modules, file)) return nodeRequire(file)
      if (loaded[file] === undefined) {
        const module = (loaded[file] = { exports: {} })
        const inside = (name) => load(name.startsWith('.') ? nodeRequire('node:path').join(file, '..', name) : name)
        modules[file](module, module.exports, inside)
      }
      return loaded[file].exports
    }
    const { probe, serverListen } = load('index.js')
    ${look}`)
  return file
}

const bundles = {
  'bundle.mjs': "import { createRequire } from 'node:module'; const nodeRequire = createRequire(import.meta.url)",
  'bundle.cjs': 'const nodeRequire = require'
}

for (const [name, requireOfNode] of Object.entries(bundles)) {
  test(`in a ${name} it falls back and says to leave it out of the bundle`, async (t) => {
    const found = await assertFallsBack(t, start(t, [bundle(t, name, requireOfNode)]), {
      reason: 'other', message: /bundle/, cure: /external.*--external:ringcall.*commonjs ringcall.*Rollup/s
    })
    t.is(found.binary.path, null)
  })
}

test('if the warning of the fallback throws, so does the start, and nothing is left listening', async (t) => {
  const child = start(t, ['--no-addons', '-e', `
    const { serverListen } = require(process.argv[1])
    process.emitWarning = () => { throw new Error('no') }
    try {
      serverListen(0, (n) => n)
    } catch ({ message }) {
      console.log(message)
    }`, root])
  t.is(await child.line(), 'no')
  t.is((await child.exited).code, 0)
})
