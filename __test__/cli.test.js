'use strict'

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const test = require('ava')
const { checkArguments } = require('../lib/options.js')
const { version } = require('../package.json')
const { assertRefused, connect, engine, post, request, ringTest, root, serve, start } = require('./helpers.js')
const { refusedTest, startRefused } = require('./without-io-uring.js')

const bin = path.join(root, 'bin', 'ringcall.js')

// A file of the test's own.
function file(t, name, text) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(path.join(folder, name), text)
  return path.join(folder, name)
}

// What a command prints, and its end.
async function run(t, args, options) {
  const child = start(t, [bin, ...args], options)
  return { stdout: await text(child), ...(await child.exited) }
}

async function text(child) {
  const lines = []
  for (;;) {
    const line = await child.line().catch(() => null)
    if (line === null) return lines.join('\n')
    lines.push(line)
  }
}

// A `ringcall serve` that listens.
async function startServe(t, args) {
  const child = start(t, [bin, 'serve', ...args, '--port', '0', '--engine', engine])
  const line = await child.line()
  return { child, line, port: Number(/:(\d+)$/.exec(line)?.[1]) }
}

test('the version and the usage, in each of the usual ways', async (t) => {
  for (const args of [['version'], ['--version'], ['-v']]) {
    t.like(await run(t, args), { stdout: version, code: 0, stderr: '' })
  }
  const about = { '': [['help'], ['--help'], ['-h']] }
  for (const name of ['serve', 'doctor', 'build']) about[` ${name}`] = [['help', name], [name, '--help'], [name, '-h']]
  for (const [name, lines] of Object.entries(about)) {
    for (const args of lines) {
      const { stdout, code, stderr } = await run(t, args)
      t.true(stdout.startsWith(`Usage: ringcall${name || ' <command>'}`), stdout)
      t.deepEqual([code, stderr], [0, ''])
    }
  }
})

test('the usage of serve has the defaults of serverListen', async (t) => {
  const { stdout } = await run(t, ['help', 'serve'])
  const options = checkArguments({}, () => 0)
  const told = [...stdout.matchAll(/--([\w-]+) <\w+> .*\[(\d+)\]/g)]
  t.true(told.length > 10)
  for (const [, name, value] of told) {
    t.is(Number(value), options[name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())], name)
  }
})

test('what is no command, and none, are the usage on stderr and exit code 2', async (t) => {
  const misuses = [
    [[], 'a command is missing.'],
    [['listen'], 'there is no command "listen".'],
    [['--port', '80'], 'there is no command "--port".'],
    [['toString'], 'there is no command "toString".'],
    [['help', 'listen'], 'there is no command "listen".'],
    [['serve'], '<module> is missing.'],
    [['serve', 'a', 'b'], 'unexpected argument "b".'],
    [['doctor', 'x'], 'unexpected argument "x".'],
    [['serve', 'a.js', '--prot', '80'], "Unknown option '--prot'."]
  ]
  for (const [args, sentence] of misuses) {
    const { stdout, code, stderr } = await run(t, args)
    t.deepEqual([stdout, code], ['', 2], args.join(' '))
    t.true(stderr.startsWith(`ringcall: ${sentence}\n\nUsage: ringcall`), stderr)
  }
})

const modules = {
  'a CommonJS module': ['handler.js', 'module.exports = (n) => n + 1'],
  'an ES module': ['handler.mjs', 'export default (n) => n + 1'],
  'an ES module that was compiled to CommonJS': ['handler.cjs', 'exports.__esModule = true; exports.default = (n) => n + 1']
}

for (const [what, [name, source]] of Object.entries(modules)) {
  test(`serve: ${what}`, async (t) => {
    const { line, port } = await startServe(t, [file(t, name, source)])
    t.is(line, `ringcall (${engine}) listening on http://localhost:${port}`)
    t.is((await post(t, port, '/609')).body, '610')
  })
}

test('serve: a folder is what require makes of it', async (t) => {
  const main = file(t, 'main.js', 'module.exports = (n) => n + 1')
  const folder = path.dirname(main)
  writeFileSync(path.join(folder, 'package.json'), '{ "main": "main.js" }')
  const { port } = await startServe(t, [folder])
  t.is((await post(t, port, '/609')).body, '610')
})

test('serve: -p is the port', async (t) => {
  const handler = file(t, 'handler.js', 'module.exports = (n) => n')
  const child = start(t, [bin, 'serve', handler, '-p', '0', '--engine', engine])
  t.regex(await child.line(), /listening on http:\/\/localhost:\d+$/)
})

test('serve: the options are those of serverListen', async (t) => {
  const handler = file(t, 'handler.mjs', 'export default (n) => n + 1n')
  const args = ['--bigint', '--host', '127.0.0.1', '--max-body-size', '3', '--ring-threads', '2']
  const { line, port } = await startServe(t, [handler, ...args])
  t.is(line, `ringcall (${engine}) listening on http://127.0.0.1:${port}`)
  t.is((await post(t, port, '/9007199254740993')).body, '9007199254740994')
  t.is((await post(t, port, '/1', { body: 'abcd' })).status, 413)
})

test('serve: --origins names one, several or all of those whose pages may call', async (t) => {
  const handler = file(t, 'handler.js', 'module.exports = (n) => n')
  const of = (origin) => ({ headers: { Origin: origin } })
  const pages = ['https://a.example', 'http://b.example:81', 'https://c.example']
  for (const [origins, statuses] of [
    ['https://a.example', [200, 403, 403]],
    ['https://a.example,http://b.example:81', [200, 200, 403]],
    ['*', [200, 200, 200]]
  ]) {
    const { port } = await startServe(t, [handler, '--origins', origins])
    const asked = await Promise.all(pages.map((page) => post(t, port, '/15', of(page))))
    t.deepEqual(asked.map(({ status }) => status), statuses, origins)
  }
  const { code, stderr } = await start(t, [bin, 'serve', handler, '--origins', 'a.example']).exited
  t.is(code, 1)
  t.regex(stderr, /origins\[0\]/)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`serve: ${signal} lets it answer, and end with 0`, async (t) => {
    const source = 'export default (n) => new Promise((resolve) => setTimeout(resolve, 200, n))'
    const { child, port } = await startServe(t, [file(t, 'handler.mjs', source)])
    const client = await connect(t, port)
    await client.write(request('/15'))
    await post(t, port, '/x')
    child.kill(signal)
    t.is((await client.response()).body, '15')
    client.end()
    t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
    await assertRefused(t, port)
  })
}

test('serve: a second signal ends it at once', async (t) => {
  const source = `export default () => new Promise(() => console.log('called'))
    process.on('SIGTERM', () => console.log('told'))`
  const { child, port } = await startServe(t, [file(t, 'handler.mjs', source)])
  const client = await connect(t, port)
  await client.write(request('/15'))
  t.is(await child.line(), 'called')
  child.kill('SIGTERM')
  t.is(await child.line(), 'told')
  child.kill('SIGINT')
  t.deepEqual(await child.exited, { code: 1, signal: null, stderr: '' })
  await client.gone()
})

test('serve: what is wrong is one sentence and exit code 1', async (t) => {
  const good = file(t, 'handler.js', 'module.exports = (n) => n')
  const { port } = serve(t, { host: '127.0.0.1' })
  const wrong = [
    [['nowhere.js'], /there is no file nowhere\.js\./],
    [[file(t, 'none.mjs', 'export const handler = (n) => n')], /does not export a function\. A module is /],
    [[file(t, 'number.js', 'module.exports = 610')], /does not export a function\. A module is /],
    [[path.dirname(file(t, 'nothing.txt', ''))], /is a folder without an index\.js or .* A module is /],
    [[file(t, 'package.json', '{ "main": "handler.js" }')], /package\.json is not a module\. A module is /],
    [[good, '--port', '65536'], /"--port" is out of range\. It must be an integer >= 0 and <= 65535/],
    [[good, '--port', 'eighty'], /--port must be a number, not "eighty"\./],
    [[good, '--max-in-flight', ''], /--max-in-flight must be a number, not ""\./],
    [[good, '--max-in-flight', '0'], /"--max-in-flight" is out of range/],
    [[good, '--engine', 'epoll'], /'--engine' must be one of: 'io_uring', 'node', 'auto'/],
    [[good, '--host', 'no such host', '--engine', engine], /check the --host option/],
    [[good, '--port', String(port), '--host', '127.0.0.1', '--engine', engine], /EADDRINUSE.*the --reuse-port option/]
  ]
  for (const [args, sentence] of wrong) {
    const { stdout, code, stderr } = await run(t, ['serve', ...args])
    t.deepEqual([stdout, code], ['', 1], stderr)
    t.regex(stderr, sentence)
    t.regex(stderr, /^ringcall: [^\n]+\n$/)
  }
  const { code, stderr } = await run(t, ['serve', file(t, 'throws.mjs', 'throw new Error("at its top")')])
  t.is(code, 1)
  t.regex(stderr, /cannot be loaded: Error: at its top/)
})

ringTest(test)('doctor: io_uring can run here', async (t) => {
  const { stdout, code, stderr } = await run(t, ['doctor'])
  t.deepEqual([code, stderr], [0, ''])
  t.regex(stdout, /^io_uring +can run here$/m)
  t.regex(stdout, /^buffer_rings +yes$/m)
  t.false(stdout.includes('\x1b'), 'no colours in a pipe')
  const json = await run(t, ['doctor', '--json'])
  t.is(json.code, 0)
  t.like(JSON.parse(json.stdout), { available: true, engine: 'io_uring' })
})

refusedTest(test)('doctor: seccomp forbids it', async (t) => {
  const child = startRefused(t, '1', [bin, 'doctor'])
  const stdout = await text(child)
  t.like(await child.exited, { code: 1, stderr: '' })
  t.regex(stdout, /^io_uring +cannot run here \(seccomp\)$/m)
  t.regex(stdout, /custom profile/)
  const json = startRefused(t, '1', [bin, 'doctor', '--json'])
  t.like(JSON.parse(await text(json)), { available: false, reason: 'seccomp', engine: 'node' })
  t.is((await json.exited).code, 1)
})

refusedTest(test)('doctor: each feature that the kernel lacks is one that a server needs', async (t) => {
  const child = startRefused(t, 'restrictions', [bin, 'doctor'])
  const stdout = await text(child)
  t.like(await child.exited, { code: 1, stderr: '' })
  t.regex(stdout, /^io_uring +cannot run here \(kernel\)$/m)
  t.regex(stdout, /^buffer_rings +yes$/m)
  t.regex(stdout, /^restrictions +no, but it is needed$/m)
})

test('build: without cargo it is one sentence and exit code 1', async (t) => {
  const { cpSync } = require('node:fs')
  const folder = path.dirname(file(t, 'nothing', ''))
  for (const each of ['bin', 'lib', 'scripts', 'package.json']) {
    cpSync(path.join(root, each), path.join(folder, each), { recursive: true })
  }
  const env = { PATH: folder, CARGO_HOME: folder, HOME: folder }
  const child = start(t, [path.join(folder, 'bin', 'ringcall.js'), 'build'], { env })
  const { code, stderr } = await child.exited
  t.is(code, 1)
  t.regex(stderr, /needs Rust.*https:\/\/rustup\.rs/)
})
