'use strict'

const { writeFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { checkArguments } = require('../lib/options.js')
const { version } = require('../package.json')
const { answersAndEnds, bin, file, run, startServe, text } = require('./commands.js')
const { connect, engine, post, request, ringTest, root, serve, start } = require('./helpers.js')
const { refusedTest, startRefused } = require('./without-io-uring.js')

test('the version and the usage, in each of the usual ways', async (t) => {
  for (const args of [['version'], ['--version'], ['-v']]) {
    t.like(await run(t, args), { stdout: version, code: 0, stderr: '' })
  }
  const about = {
    '': [
      ['help'], ['--help'], ['-h'], ['help', 'help'], ['--help', '--help'], ['help', '-h', 'serve'], ['help', 'version']
    ]
  }
  for (const name of ['serve', 'openapi', 'doctor', 'build']) about[` ${name}`] = [['help', name], [name, '--help'], [name, '-h']]
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
  const { options } = checkArguments({}, () => 0)
  const told = [...stdout.matchAll(/--([\w-]+) <\w+> .*\[(\d+)\]/g)]
  t.true(told.length > 10)
  const { maxBodySize } = checkArguments({}, { sum: () => 0 }).options
  t.true(stdout.includes(`of a request's body [${maxBodySize}]; for one plain function [65536]`))
  for (const [, name, value] of told) {
    t.is(Number(value), options[name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())], name)
  }
})

test('misuse: one sentence, where to look, and exit code 2', async (t) => {
  const ofWorkers = 'It is one of the `workerOptions`, which only serverListen takes: call that in a file of your own.'
  const misuses = [
    [[], 'a command is missing.'],
    [['listen'], 'there is no command "listen".'],
    [['serv', 'a.js'], 'there is no command "serv". Did you mean serve?'],
    [['./app.js'], 'there is no command "./app.js". Did you mean `ringcall serve ./app.js`?'],
    [['sum.wasm'], 'there is no command "sum.wasm". Did you mean `ringcall serve sum.wasm`?'],
    [['app.mjs', '--port', '80'], 'there is no command "app.mjs". Did you mean `ringcall serve app.mjs`?'],
    [['--port', '80'], 'there is no command "--port".'],
    [['toString'], 'there is no command "toString".'],
    [['help', 'listen'], 'there is no command "listen".'],
    [['serve'], '<module> is missing.', 'serve'],
    [['serve', ''], '<module> is missing.', 'serve'],
    [['serve', 'a', 'b'], 'unexpected argument "b".', 'serve'],
    [['doctor', 'x'], 'unexpected argument "x".', 'doctor'],
    [['doctor', '--jsn'], "Unknown option '--jsn'. Did you mean --json?", 'doctor'],
    [['build', '--release'], "Unknown option '--release'.", 'build'],
    [['serve', 'a.js', '--prot', '80'], "Unknown option '--prot'. Did you mean --port?", 'serve'],
    [['serve', 'a.js', '--hostname', 'a'], "Unknown option '--hostname'. Did you mean --host?", 'serve'],
    [['serve', 'a.js', '--threads', '2'], "Unknown option '--threads'. Did you mean --workers or --ring-threads?", 'serve'],
    [['serve', 'a.js', '--maxInFlight=2'], "Unknown option '--maxInFlight'. Did you mean --max-in-flight?", 'serve'],
    [['serve', 'a.js', '--load-timeout', '9'], `Unknown option '--load-timeout'. ${ofWorkers}`, 'serve'],
    [['serve', 'a.js', '--resourceLimits=9'], `Unknown option '--resourceLimits'. ${ofWorkers}`, 'serve'],
    [['serve', 'a.js', '--stack-size-mb=9'], `Unknown option '--stack-size-mb'. ${ofWorkers}`, 'serve'],
    [['doctor', '--env'], "Unknown option '--env'.", 'doctor'],
    [['serve', 'a.js', '-x'], "Unknown option '-x'.", 'serve'],
    [['serve', 'a.js', '--no-such'], "Unknown option '--no-such'.", 'serve']
  ]
  for (const [args, sentence, command] of misuses) {
    const about = command === undefined ? 'ringcall' : `ringcall ${command}`
    const { stdout, code, stderr } = await run(t, args)
    t.deepEqual([stdout, code], ['', 2], args.join(' '))
    t.is(stderr, `ringcall: ${sentence}\nSee \`${about} --help\`.\n`)
  }
  const { code, stderr } = await run(t, ['serve', 'a.js', '--port', '-1'])
  t.is(code, 2)
  t.regex(stderr, /^ringcall: [^\n]*ambiguous[^\n]*\nSee `ringcall serve --help`\.\n$/)
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

const ringcall = JSON.stringify(root)

// Each is asked for `sum`, and for `missing`, which it does not serve.
const modulesOfFunctions = {
  'an object as the default export': ['math.mjs', 'export default { sum: (a, b) => a + b }'],
  'named exports': ['math.mjs', 'export const sum = (a, b) => a + b\nexport const PI = 3\nexport class missing {}'],
  'a default export, which wins over named ones': [
    'math.mjs', 'export default { sum: (a, b) => a + b }\nexport const missing = () => 0'
  ],
  'an object that is module.exports': ['math.js', 'module.exports = { sum: (a, b) => a + b, PI: 3, missing: class {} }'],
  'properties of exports': ['math.js', 'exports.sum = (a, b) => a + b\nexports.missing = undefined'],
  'named exports that were compiled to CommonJS': [
    'math.js', 'Object.defineProperty(exports, "__esModule", { value: true })\nexports.sum = (a, b) => a + b'
  ],
  'a default object that was compiled to CommonJS': [
    'math.js', 'exports.__esModule = true\nexports.default = { sum: (a, b) => a + b }\nexports.missing = () => 0'
  ],
  'declared functions': ['math.js', `const { typed } = require(${ringcall})
    exports.sum = typed('(a: int, b: int) => int', (a, b) => a + b)`]
}

for (const [what, [name, source]] of Object.entries(modulesOfFunctions)) {
  test(`serve: ${what}`, async (t) => {
    const { child, line, port } = await startServe(t, [file(t, name, source)])
    t.is(line, `ringcall (${engine}) listening on http://localhost:${port}`)
    t.is(await child.line(), 'functions: sum')
    t.is((await post(t, port, '/sum/3/4')).body, '7')
    t.is((await post(t, port, '/missing')).status, 404)
  })
}

test('serve: a declared function as the default export is the root', async (t) => {
  const source = `module.exports = require(${ringcall}).typed('(a: int, b: int) => int', (a, b) => a + b)`
  const { port } = await startServe(t, [file(t, 'sum.js', source)])
  t.is((await post(t, port, '/3/4')).body, '7')
})

test('serve: `this` in a function is the exports', async (t) => {
  const source = 'export function scale(n) { return this.multiply(n, this.factor) }\nexport const factor = 3\n' +
    'export const multiply = (a, b) => a * b'
  const { port } = await startServe(t, [file(t, 'math.mjs', source)])
  t.is((await post(t, port, '/scale/4')).body, '12')
  const counts = 'exports.total = 0\nexports.add = function (n) { return this.total += n }\nexports.read = () => exports.total'
  const counter = await startServe(t, [file(t, 'counter.js', counts)])
  for (const [target, body] of [['/add/3', '3'], ['/add/4', '7'], ['/read', '7']]) {
    t.is((await post(t, counter.port, target)).body, body)
  }
})

test('serve: of many functions, the first ten are named', async (t) => {
  const source = 'for (let i = 0; i < 12; i++) exports[`f${i}`] = () => i'
  const { child } = await startServe(t, [file(t, 'many.js', source)])
  t.is(await child.line(), 'functions: f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more')
})

test('serve: the failure of a function by name is reported with its arguments, but for header fields', async (t) => {
  const source = `const { typed } = require(${ringcall})
  exports.fail = (...args) => { throw new Error('no') }
  exports.login = typed('(name: string, authorization: header) => void', () => { throw new Error('not now') })
  exports.refuse = () => { throw Object.assign(new Error('no'), { statusCode: 404 }) }`
  const { child, port } = await startServe(t, [file(t, 'functions.js', source)])
  const client = await connect(t, port)
  await client.send('/fail/1/%22a%22/%5B%5D')
  await client.send('/fail')
  await client.send('/fail', { body: JSON.stringify(['x'.repeat(1000)]), headers: { 'Content-Type': 'application/json' } })
  await client.send('/login/Ada', { headers: { Authorization: 'secret' } })
  await client.send('/refuse')
  client.end()
  child.kill('SIGTERM')
  const { code, stderr } = await child.exited
  t.is(code, 0)
  const [first, second, third, fourth, ...more] = stderr.split(/^(?=ringcall: )/m)
  t.regex(first, /^ringcall: fail\(1, 'a', \[\]\) failed: Error: no\n +at /)
  t.regex(second, /^ringcall: fail\(\) failed: Error: no\n/)
  t.regex(third, /^ringcall: fail\('x{100}'\.\.\. 900 more characters\) failed: Error: no\n/)
  t.regex(fourth, /^ringcall: login\('Ada', <authorization>\) failed: Error: not now\n/)
  t.deepEqual(more, [])
  t.false(stderr.includes('secret'))
})

test('serve: a folder is resolved as require resolves it', async (t) => {
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

test('serve: --origins names one, several or all origins whose pages may call', async (t) => {
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
  t.is(code, 2)
  t.regex(stderr, /origins\[0\]/)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`serve: ${signal} lets it finish its answers and end with 0`, (t) => answersAndEnds(t, signal, []))
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

test('serve: an error is one sentence and exit code 1', async (t) => {
  const good = file(t, 'handler.js', 'module.exports = (n) => n')
  const { port } = serve(t, { host: '127.0.0.1' })
  const wrong = [
    [['nowhere.js'], /there is no file nowhere\.js\./],
    [[file(t, 'none.mjs', 'export const PI = 3')], /does not export a function\. A module is /],
    [[file(t, 'none.mjs', 'export default { }')], /does not export a function\. A module is /],
    [[file(t, 'none.mjs', 'export const sum = () => 0; export default 3')], /does not export a function\. .* a default export goes before/],
    [[file(t, 'class.mjs', 'export class Calculator {}')], /does not export a function\. A module is /],
    [[file(t, 'mixed.mjs', 'export default { sum: () => 0, PI: 3 }')],
      /mixed\.mjs cannot be served: functions\.PI must be of type function\. Received type number \(3\)/],
    [[file(t, 'class.mjs', 'export default { Calculator: class {} }')], /cannot be served: functions\.Calculator is a class/],
    [[file(t, 'class.mjs', 'export default class Calculator {}')], /cannot be served: what it exports is a class, which can't be/],
    [[file(t, 'instance.js', 'module.exports = new (class Calculator { add() {} })()')],
      /instance\.js cannot be served: what it exports must be a function, .* an instance of Calculator\. Name its methods/],
    [[file(t, 'name.js', 'exports["a-b"] = () => 0')], /cannot be served: The functions have one named "a-b"/],
    [[file(t, 'number.js', 'module.exports = 610')], /does not export a function\. A module is /],
    [[path.dirname(file(t, 'nothing.txt', ''))], /is a folder without an index\.js or .* A module is /],
    [[file(t, 'package.json', '{ "main": "handler.js" }')], /package\.json is not a module\. A module is /],
    [[good, '--path', path.dirname(good), '--engine', engine], /EADDRINUSE: .* It is a directory/],
    [[good, '--host', 'no such host', '--engine', engine], /check the --host option/],
    [[good, '--port', String(port), '--host', '127.0.0.1', '--engine', engine], /EADDRINUSE.*the --reuse-port option/]
  ]
  for (const [args, sentence] of wrong) {
    const { stdout, code, stderr } = await run(t, ['serve', ...args])
    t.deepEqual([stdout, code], ['', 1], stderr)
    t.regex(stderr, sentence)
    t.regex(stderr, /^ringcall: [^\n]+\n$/)
    t.false(stderr.includes('await'), 'at a command line there is nothing to await')
  }
  const { code, stderr } = await run(t, ['serve', file(t, 'throws.mjs', 'throw new Error("at its top")')])
  t.is(code, 1)
  t.regex(stderr, /cannot be loaded: Error: at its top/)
})

test('serve: a wrong option value: one sentence, where to look, and exit code 2', async (t) => {
  const good = file(t, 'handler.js', 'module.exports = (n) => n')
  const named = file(t, 'named.js', 'exports.sum = () => 0')
  for (const [args, sentence] of [
    ...['eighty', '0x50', '1e4', '80.5', ' 80', '+80', ''].map((port) => (
      [[good, '--port', port], `--port must be an integer in decimal digits, not ${JSON.stringify(port)}.`]
    )),
    [[good, '--port=-1'], /--port must be an integer in decimal digits, not "-1"\./],
    [[good, '--port', '65536'], /"--port" is out of range\. It must be an integer >= 0 and <= 65535/],
    [[good, '--max-in-flight', ''], /--max-in-flight must be an integer in decimal digits, not ""\./],
    [[good, '--max-in-flight', '0'], /"--max-in-flight" is out of range/],
    [[good, '--engine', 'epoll'], /'--engine' must be one of: 'io_uring', 'node', 'auto'/],
    [[good, '--host', '127.0.0.1:8000'], /'--host' must be .*:8000'\. The port belongs in --port\./],
    [[good, '--host', '/run/a.sock'], /The path of a Unix domain socket belongs in --path\./],
    [[named, '--bigint'], /The option '--bigint' is for one function/],
    [[named, '--max-buffered-bytes', '1000'], /The option '--max-body-size' is 1048576, and '--max-buffered-bytes'/]
  ]) {
    const { stdout, code, stderr } = await run(t, ['serve', ...args])
    t.deepEqual([stdout, code], ['', 2], stderr)
    const [, told] = /^ringcall: ([^\n]+)\nSee `ringcall serve --help`\.\n$/.exec(stderr) ?? []
    if (typeof sentence === 'string') t.is(told, sentence)
    else t.regex(told, sentence)
    t.false(stderr.includes('await'), 'at a command line there is nothing to await')
  }
})

test('serve: a failed start ends at once, even if the module holds something open', async (t) => {
  const holding = (name, source) => file(t, name, `setInterval(() => {}, 1000)\n${source}`)
  const good = holding('handler.js', 'module.exports = (n) => n')
  const { port } = serve(t, { host: '127.0.0.1' })
  for (const [args, sentence, exitCode = 1] of [
    [[good, '--port', String(port), '--host', '127.0.0.1', '--engine', engine], /EADDRINUSE/],
    [[good, '--max-in-flight', '0'], /"--max-in-flight" is out of range/, 2],
    [[good, '--host', '127.0.0.1:8000'], /'--host' must be .*:8000'\. The port belongs in --port\./, 2],
    [[good, '--host', '/run/a.sock'], /The path of a Unix domain socket belongs in --path\./, 2],
    [[good, '--path', path.dirname(good), '--engine', engine], /EADDRINUSE: .* It is a directory/],
    [[good, '--host', 'no such host', '--engine', engine], /ENOTFOUND/],
    [[holding('none.js', 'module.exports = 610')], /does not export a function/],
    [[holding('throws.js', 'throw new Error("at its top")')], /Error: at its top/],
    [[holding('rejects.mjs', 'await Promise.reject(new Error("at its top"))')], /Error: at its top/]
  ]) {
    const { code, stderr } = await run(t, ['serve', ...args])
    t.is(code, exitCode)
    t.regex(stderr, sentence)
  }
})

test('serve: a module that starts a server of its own: the advice is to run it with node', async (t) => {
  const listens = `const { serverListen } = require(${JSON.stringify(root)})
    serverListen({ port: 0, host: '127.0.0.1', engine: '${engine}' }, (n) => n)\n`
  const none = file(t, 'none.js', listens)
  const { code, stderr } = await run(t, ['serve', none])
  const advice = `The module started a server of its own: run it with \`node ${none}\`.`
  t.deepEqual([code, stderr], [1, `ringcall: ${none} does not export a function. ${advice}\n`])
  // If the module exports its function, too, a port in use may be that of its own server.
  const both = file(t, 'both.js', `${listens}module.exports = (n) => n`)
  const { port } = serve(t, { host: '127.0.0.1' })
  const refused = await run(t, ['serve', both, '--port', String(port), '--host', '127.0.0.1', '--engine', engine])
  t.is(refused.code, 1)
  t.regex(refused.stderr, /EADDRINUSE.* The module started a server of its own: run it with `node .*both\.js`\.\n$/)
})

test('serve: each failure of the function goes to stderr, with its stack and its argument', async (t) => {
  const source = `module.exports = function half(n) {
    if (n === 7) throw { toString() { throw new Error('odd') }, [Symbol.for('nodejs.util.inspect.custom')]: null }
    if (n === 8) throw Object.assign(new Error('no such N'), { statusCode: 404 })
    if (n === 9) throw Object.assign(new Error('outer'), { cause: new Error('inner') })
    return n / 2
  }`
  const { child, port } = await startServe(t, [file(t, 'handler.js', source)])
  const client = await connect(t, port)
  for (const n of [1, 3, 7, 8, 9]) t.is((await client.send(`/${n}`)).status, n === 8 ? 404 : 500)
  client.end()
  child.kill('SIGTERM')
  const { code, stderr } = await child.exited
  t.is(code, 0)
  const [first, second, third, fourth, ...more] = stderr.split(/^(?=ringcall: )/m)
  t.regex(first, /^ringcall: the function failed for 1: TypeError.*It returned 0\.5\. Round it/)
  t.regex(second, /^ringcall: the function failed for 3: TypeError.*It returned 1\.5\. Round it/)
  t.regex(third, /^ringcall: the function failed for 7: /)
  t.regex(fourth, /^ringcall: the function failed for 9: Error: outer\n +at half .*inner/s)
  t.deepEqual(more, [])
  t.false(stderr.includes('onError'))
})

test('serve: an export named `then` is reported, but one in a default export is served', async (t) => {
  const functions = 'then() { return 1 }, sum(a, b) { return a + b }'
  for (const [name, source] of [
    ['a.mjs', 'export function then() {}\nexport const sum = (a, b) => a + b'],
    ['a.js', 'exports.then = () => {}\nexports.sum = (a, b) => a + b']
  ]) {
    const { code, stderr } = await run(t, ['serve', file(t, name, source)])
    t.is(code, 13)
    t.regex(stderr, /^ringcall: \S+ cannot be loaded: .*, or one of its exports is named `then`, .* another name\.\n$/)
  }
  const { child, port } = await startServe(t, [file(t, 'a.mjs', `export default { ${functions} }`)])
  t.is(await child.line(), 'functions: then, sum')
  t.is((await post(t, port, '/then')).body, '1')
})

test('serve: a top-level await that never settles is reported, with the exit code of Node.js', async (t) => {
  const source = 'await new Promise(() => {})\nexport default (n) => n'
  const module = file(t, 'handler.mjs', source)
  const { stdout, code, stderr } = await run(t, ['serve', module])
  t.deepEqual([stdout, code], ['', 13])
  t.true(stderr.startsWith(`ringcall: ${module} cannot be loaded: its top-level await never settles, or `))
  t.is(stderr.indexOf('\n'), stderr.length - 1)
  const waits = 'await new Promise((resolve) => setTimeout(resolve, 10))\nexport default (n) => n'
  const { port } = await startServe(t, [file(t, 'handler.mjs', waits)])
  t.is((await post(t, port, '/15')).body, '15')
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

refusedTest(test)('doctor: seccomp forbids io_uring', async (t) => {
  const child = startRefused(t, '1', [bin, 'doctor'])
  const stdout = await text(child)
  t.like(await child.exited, { code: 1, stderr: '' })
  t.regex(stdout, /^io_uring +cannot run here \(seccomp\)$/m)
  t.regex(stdout, /custom profile/)
  const json = startRefused(t, '1', [bin, 'doctor', '--json'])
  t.like(JSON.parse(await text(json)), { available: false, reason: 'seccomp', engine: 'node' })
  t.is((await json.exited).code, 1)
})

refusedTest(test)('doctor: a feature that the kernel lacks is reported as needed', async (t) => {
  const child = startRefused(t, 'restrictions', [bin, 'doctor'])
  const stdout = await text(child)
  t.like(await child.exited, { code: 1, stderr: '' })
  t.regex(stdout, /^io_uring +cannot run here \(kernel\)$/m)
  t.regex(stdout, /^buffer_rings +yes$/m)
  t.regex(stdout, /^restrictions +no, but it is needed$/m)
})

test('build: without cargo, one sentence and exit code 1', async (t) => {
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
