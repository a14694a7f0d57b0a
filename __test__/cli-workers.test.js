'use strict'

// `ringcall serve` with --workers and --watch: worker threads run the module, and reload it.

const { writeFileSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const path = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava')
const { answersAndEnds, bin, file, run, startServe, text } = require('./commands.js')
const { connect, engine, has, post, request, root, start, until } = require('./helpers.js')
const { load } = require('./load.js')

const ringcall = JSON.stringify(root)

const SUM = 'exports.sum = (a, b) => a + b'
const FIBONACCI = `module.exports = (n) => {
  let [a, b] = [0, 1]
  for (let i = 0; i < n; i++) [a, b] = [b, a + b]
  return a
}`

// Ends it, and returns what it has printed since the last line that was read.
async function end(child) {
  child.kill('SIGTERM')
  const stdout = await text(child)
  return { stdout, ...(await child.exited) }
}

function untilTold(child, pattern) {
  return until(() => pattern.test(child.stderr()))
}

test('serve --workers: worker threads run the functions', async (t) => {
  const source = `exports.isMain = () => require('node:worker_threads').isMainThread\n${SUM}`
  const { child, line, port } = await startServe(t, [file(t, 'functions.js', source), '--workers', '2'])
  t.is(line, `ringcall (${engine}) listening on http://localhost:${port}`)
  t.is(await child.line(), 'functions: isMain, sum')
  t.is(await child.line(), 'workers: 2')
  t.is((await post(t, port, '/sum/3/4')).body, '7')
  t.is((await post(t, port, '/isMain')).body, 'false')
  t.deepEqual(await end(child), { stdout: '', code: 0, signal: null, stderr: '' })
})

test('serve --workers auto: one worker for each core that the ring thread leaves free', async (t) => {
  const plain = file(t, 'plain.mjs', 'export default (n) => n + 1')
  const { child, port } = await startServe(t, [plain, '--workers', 'auto'])
  t.is(await child.line(), `workers: ${Math.max(1, availableParallelism() - 1)}`)
  t.is((await post(t, port, '/609')).body, '610')
})

test('serve --workers: an error is one sentence; the exit code is 2 for an option, and 1 otherwise', async (t) => {
  const good = file(t, 'functions.js', SUM)
  const none = file(t, 'none.js', 'exports.PI = 3')
  const named = file(t, 'named.js', 'exports["a-b"] = () => 0')
  for (const [args, sentence, exitCode = 1] of [
    [[good, '--workers', 'two'], '--workers must be an integer in decimal digits, or auto, not "two".', 2],
    [[good, '--workers', '0'], 'The value of "--workers" is out of range. It must be an integer >= 1 and <= 1024, or ' +
      '\'auto\'. Received 0. For none, leave it out.', 2],
    [['nowhere.js', '--workers', '2'], 'there is no file nowhere.js.'],
    [[none, '--workers', '2'], /^ringcall: \S+none\.js does not export a function\. A module is .*\n$/],
    [[none, '--watch'], /^ringcall: \S+none\.js does not export a function\. A module is .*\n$/],
    [[named, '--workers', '2'], /^ringcall: \S+named\.js cannot be served: The functions have one named "a-b".*\n$/],
    [[good, '--workers', '2', '--bigint'], /^ringcall: The option '--bigint' is for one function /, 2],
    [[good, '--workers', '2', '--host', 'no such host'], /^ringcall: getaddrinfo .*check the --host option.*\n$/]
  ]) {
    const { stdout, code, stderr } = await run(t, ['serve', ...args])
    t.deepEqual([stdout, code], ['', exitCode], stderr)
    const help = exitCode === 2 ? 'See `ringcall serve --help`.\n' : ''
    t.true(stderr.endsWith(help))
    if (typeof sentence === 'string') t.is(stderr, `ringcall: ${sentence}\n${help}`)
    else t.regex(stderr, sentence)
  }
})

test('serve --workers: an error thrown while the module loads is reported with its stack', async (t) => {
  for (const [source, told] of [
    ['throw new RangeError("at its top")', /cannot be loaded: RangeError: at its top\n +at .*throws\.js:1/],
    // ringcall's own errors have this code, too, but not this message.
    ['require("node:fs").readFileSync("nowhere")', /cannot be loaded: Error: ENOENT.*\n +at /],
    ['throw "text"', /cannot be loaded: text\n$/]
  ]) {
    const { stdout, code, stderr } = await run(t, ['serve', file(t, 'throws.js', source), '--workers', '2'])
    t.deepEqual([stdout, code], ['', 1])
    t.regex(stderr, told)
  }
})

test('serve --workers: SIGHUP reloads the module under load, and no request is lost', async (t) => {
  const module = file(t, 'fibonacci.js', FIBONACCI)
  const { child, port } = await startServe(t, [module, '--workers', '2', '--host', '127.0.0.1'])
  t.is(await child.line(), 'workers: 2')
  const clients = load(t, port)
  for (let i = 0; i < 3; i++) {
    await clients.more(100)
    clients.forgetPauses()
    child.kill('SIGHUP')
    t.is(await child.line(), 'reloaded')
  }
  await clients.more(100)
  await clients.stop()
  writeFileSync(module, 'module.exports = (n) => -n')
  child.kill('SIGHUP')
  t.is(await child.line(), 'reloaded')
  t.is((await post(t, port, '/15')).body, '-15')
  t.deepEqual(await end(child), { stdout: '', code: 0, signal: null, stderr: '' })
})

test('serve --workers: several SIGHUPs at once end with the latest module', async (t) => {
  const module = file(t, 'functions.js', 'exports.a = () => 0')
  const { child, port } = await startServe(t, [module, '--workers', '1'])
  t.is(await child.line(), 'functions: a')
  t.is(await child.line(), 'workers: 1')
  for (let i = 0; i < 5; i++) child.kill('SIGHUP')
  writeFileSync(module, 'exports.b = () => 0')
  child.kill('SIGHUP')
  while ((await child.line()) !== 'reloaded, functions: b');
  t.is((await post(t, port, '/b')).body, '0')
  t.is((await end(child)).stderr, '')
})

test('serve --workers: a module that does not load is reported in one line, and the old one goes on', async (t) => {
  const module = file(t, 'functions.js', SUM)
  const { child, port } = await startServe(t, [module, '--workers', '1'])
  await child.line()
  await child.line()
  const told = []
  for (const [source, line] of [
    ['exports.sum = (', `SyntaxError: Unexpected end of input (${module}:1)`],
    ['\nthrow new RangeError("no\\nmore")', `RangeError: no (${module}:2:7)`],
    ['throw { message: 1 }', '{ message: 1 }'],
    ['exports.PI = 3', /^Error: \S+functions\.js does not export a function\. A module is /],
    ['module.exports = (n) => n', /^Error: The module changes between one plain function and functions by name/]
  ]) {
    writeFileSync(module, source)
    child.kill('SIGHUP')
    told.push(line)
    await until(() => child.stderr().split('\n').length > told.length)
    t.is((await post(t, port, '/sum/3/4')).body, '7')
  }
  writeFileSync(module, 'exports.product = (a, b) => a * b')
  child.kill('SIGHUP')
  t.is(await child.line(), 'reloaded, functions: product')
  t.is((await post(t, port, '/product/3/4')).body, '12')
  const { code, stderr } = await end(child)
  t.is(code, 0)
  const start = `ringcall: ${module} was not reloaded: `
  const lines = stderr.trimEnd().split('\n')
  t.is(lines.length, told.length)
  for (const [i, line] of lines.entries()) {
    t.true(line.startsWith(start), line)
    if (typeof told[i] === 'string') t.is(line.slice(start.length), told[i])
    else t.regex(line.slice(start.length), told[i])
  }
})

test('serve --watch: one worker, and imported files are reloaded, too', async (t) => {
  const module = file(t, 'main.mjs', "import { value } from './value.mjs'\nexport const get = () => value")
  const at = (name) => path.join(path.dirname(module), name)
  const write = (name, value) => writeFileSync(at(name), value)
  write('value.mjs', 'export const value = 1')
  const { child, port } = await startServe(t, [module, '--watch'])
  t.is(await child.line(), 'functions: get')
  t.is(await child.line(), 'workers: 1, watching 2 files')
  const gets = async (body) => t.is((await post(t, port, '/get')).body, body)
  await gets('1')
  write('value.mjs', 'export const value = 2')
  t.is(await child.line(), 'reloaded, functions: get')
  await gets('2')
  // Another import from now on, which does not load at first, and then requires a file that does not exist yet.
  write('other.cjs', 'exports.value = (')
  write('main.mjs', "import other from './other.cjs'\nexport const get = () => other.value")
  await untilTold(child, /^ringcall: \S+main\.mjs was not reloaded: SyntaxError: .*\(\S+other\.cjs:\d+\)\n$/)
  await gets('2')
  write('other.cjs', "exports.value = require('./value.json')")
  await untilTold(child, /was not reloaded: Error: Cannot find module '\.\/value\.json'.*\n$/)
  await gets('2')
  write('value.json', '3')
  t.is(await child.line(), 'reloaded, functions: get')
  await gets('3')
  write('value.json', '4')
  t.is(await child.line(), 'reloaded, functions: get')
  await gets('4')
  t.like(await end(child), { stdout: '', code: 0, signal: null })
})

test('serve --watch: a file that a function writes beside the module causes no reload', async (t) => {
  const module = file(t, 'functions.js', `const { writeFileSync } = require('node:fs')
    exports.save = (value) => { writeFileSync(__dirname + '/data.json', String(value)); return value }`)
  const { child, port } = await startServe(t, [module, '--watch', '--workers', '2'])
  t.is(await child.line(), 'functions: save')
  t.is(await child.line(), 'workers: 2, watching 1 file')
  t.is((await post(t, port, '/save/1')).body, '1')
  // Long enough for a reload to be reported.
  await delay(300)
  t.deepEqual(await end(child), { stdout: '', code: 0, signal: null, stderr: '' })
})

test('serve --workers: the end of a worker is reported, and so is the call that it was running', async (t) => {
  const source = `${SUM}\nexports.end = (code) => process.exit(code)
    exports.fail = () => { setTimeout(() => { throw new RangeError('outside') }); return new Promise(() => {}) }
    exports.loop = () => { for (;;); }`
  const args = [file(t, 'functions.js', source), '--workers', '1', '--handler-timeout', '2000']
  const { child, port } = await startServe(t, args)
  // On a busy machine the next worker may take longer to start than calls wait for one.
  const untilServed = async () => {
    while ((await post(t, port, '/sum/3/4')).status === 503);
    t.is((await post(t, port, '/sum/3/4')).body, '7')
  }
  t.is((await post(t, port, '/end/3')).status, 500)
  await untilTold(child, /a worker has ended; the next one starts in 100 ms: its exit code is 3\.\n/)
  await untilServed()
  t.is((await post(t, port, '/fail')).status, 500)
  await untilTold(child, /a worker has ended; the next one starts in 200 ms: RangeError.*: outside\n +at /)
  await untilServed()
  t.true((await post(t, port, '/loop')).status >= 500)
  await untilTold(child, /a worker has ended; the next one starts in 400 ms: A call, or other code in the module, kept the worker busy for 2000 ms /)
  await untilServed()
  const { code, stderr } = await end(child)
  t.is(code, 0)
  for (const call of ['end', 'fail', 'loop']) {
    t.regex(stderr, new RegExp(`^ringcall: ${call}\\(.*\\) failed: The worker that ran the call has ended\\.$`, 'm'))
  }
})

test('serve --workers: if a port in use ends a worker, a hint says that each worker loads the module', async (t) => {
  const source = `const { createServer } = require('node:net')
    exports.listen = () => new Promise(() => {
      const first = createServer().listen(0, '127.0.0.1', () => createServer().listen(first.address()))
    })`
  const { child, port } = await startServe(t, [file(t, 'functions.js', source), '--workers', '1'])
  t.is((await post(t, port, '/listen')).status, 500)
  await untilTold(child, /a worker has ended; .*EADDRINUSE[^]*\nringcall: Each worker loads the module: .*thread\.\n/)
  t.is((await end(child)).code, 0)
})

test('serve --workers: header fields are not printed, even of a call that a reload has overtaken', async (t) => {
  const source = (name) => `const { typed } = require(${ringcall})
    exports.${name} = typed('(authorization: header) => void', async () => {
      console.log('called')
      await new Promise((resolve) => setTimeout(resolve, 300))
      throw new Error('late')
    })`
  const module = file(t, 'functions.js', source('login'))
  const { child, port } = await startServe(t, [module, '--workers', '1'])
  await child.line()
  await child.line()
  const client = await connect(t, port)
  await client.write(request('/login', { headers: { Authorization: 'secret' } }))
  t.is(await child.line(), 'called')
  writeFileSync(module, source('enter'))
  child.kill('SIGHUP')
  t.is(await child.line(), 'reloaded, functions: enter')
  t.is((await client.response()).status, 500)
  client.end()
  const { code, stderr } = await end(child)
  t.is(code, 0)
  t.regex(stderr, /^ringcall: login\(<authorization>\) failed: Error: late\n/)
  t.false(stderr.includes('secret'))
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`serve --workers: ${signal} lets it finish its answers and end with 0`, (t) => (
    answersAndEnds(t, signal, ['--workers', '2', '--watch'])
  ))
}

// Runs the command in a terminal of its own, closes that once the server listens, and prints how the command ended.
const IN_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
text = b''
while b'workers: 1' not in text: text += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`

test('serve --workers: closing its terminal ends it by SIGHUP', async (t) => {
  if (!has(t, 'python3')) return
  const args = [process.execPath, bin, 'serve', file(t, 'functions.js', SUM), '--workers', '1', '--port', '0']
  const child = start(t, ['-c', IN_TERMINAL, ...args], { command: 'python3' })
  t.is(await child.line(), '-1')
})
