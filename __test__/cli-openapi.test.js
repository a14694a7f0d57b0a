'use strict'

// `ringcall openapi` prints the document that a server of the module would serve, and nothing else.

const path = require('node:path')
const test = require('ava')
const { bin, file, run, startServe } = require('./commands.js')
const { post, root, serve, start } = require('./helpers.js')
const { functions } = require('./modules/described.js')

const described = JSON.stringify(path.join(root, '__test__', 'modules', 'described.js'))
const sum = 'exports.sum = (a, b) => a + b'

test('it prints the document of a server with the same functions', async (t) => {
  const made = file(t, 'math.js', `module.exports = require(${described}).functions`)
  const { stdout, code, stderr } = await run(t, ['openapi', made])
  t.deepEqual([code, stderr], [0, ''])
  t.deepEqual(JSON.parse(stdout), serve(t, {}, functions).openapi())
  t.true(stdout.startsWith('{\n  "openapi": "3.1.0",\n'))
})

test('its flags do what the options of the same names do', async (t) => {
  const made = file(t, 'math.mjs', 'export const sum = (a, b) => a + b')
  const flags = ['--title', 'Sums', '--api-version=2.1', '--description', 'All.', '--servers', '/v2,https://a.example']
  const { info, servers } = JSON.parse((await run(t, ['openapi', made, ...flags])).stdout)
  t.deepEqual(info, { title: 'Sums', version: '2.1', description: 'All.' })
  t.deepEqual(servers, [{ url: '/v2' }, { url: 'https://a.example' }])
  const plain = file(t, 'plain.js', 'module.exports = function square(n) { return n * n }')
  for (const [flags, minimum] of [[[], -(2 ** 53) + 1], [['--bigint'], -(2 ** 63)]]) {
    const { paths } = JSON.parse((await run(t, ['openapi', plain, ...flags])).stdout)
    t.is(paths['/{n}'].post.parameters[0].schema.minimum, minimum)
  }
})

test('the output of the module goes to stderr, and a timer that it keeps does not delay the end', async (t) => {
  const loud = "console.log('loaded')\nsetInterval(() => {}, 1000)\nprocess.stdout.write('written\\n')"
  const made = file(t, 'math.js', `${sum}\n${loud}`)
  const { stdout, code, stderr } = await run(t, ['openapi', made])
  t.deepEqual(Object.keys(JSON.parse(stdout).paths), ['/sum'])
  t.deepEqual([code, stderr], [0, 'loaded\nwritten\n'])
})

test('a long document is printed whole, also to a pipe that is read late', async (t) => {
  const made = file(t, 'many.js', 'for (let i = 0; i < 900; i++) exports[`f${i}`] = (a) => a')
  const { stdout } = await run(t, ['openapi', made])
  t.is(Object.keys(JSON.parse(stdout).paths).length, 900)
  const script = '"$0" "$1" openapi "$2" | (sleep 0.5; wc -l)'
  const child = start(t, ['-c', script, process.execPath, bin, made], { command: 'sh' })
  t.is(Number(await child.line()), stdout.split('\n').length)
})

test('a module that cannot be served is reported as serve reports it', async (t) => {
  const cases = [
    ['throws.js', "throw new Error('no')", /^ringcall: \S+throws\.js cannot be loaded: Error: no\n/],
    ['none.js', 'exports.a = 1', /^ringcall: \S+none\.js does not export a function\. A module is a JavaScript file/],
    ['class.js', 'exports.default = { A: class {} }', /^ringcall: \S+class\.js cannot be served: functions\.A is a class/],
    ['never.mjs', 'await new Promise(() => {})', /^ringcall: \S+never\.mjs cannot be loaded: its .* never settles/]
  ]
  for (const [name, source, told] of cases) {
    const { stdout, code, stderr } = await run(t, ['openapi', file(t, name, source)])
    t.deepEqual([stdout, code], ['', name === 'never.mjs' ? 13 : 1])
    t.regex(stderr, told)
  }
  t.is((await run(t, ['openapi', './nowhere.js'])).stderr, 'ringcall: there is no file ./nowhere.js.\n')
})

test('serve: the document is served, unless --no-openapi says otherwise', async (t) => {
  const made = file(t, 'math.js', sum)
  for (const [flags, status] of [[[], 200], [['--workers', '1'], 200], [['--no-openapi'], 404]]) {
    const { port } = await startServe(t, [made, ...flags])
    t.is((await post(t, port, '/openapi.json', { method: 'GET' })).status, status)
  }
})

test('a wrong flag is reported in one sentence', async (t) => {
  const made = file(t, 'math.js', sum)
  const misuse = (sentence) => `ringcall: ${sentence}\nSee \`ringcall openapi --help\`.\n`
  for (const [args, told, code] of [
    [[], misuse('<module> is missing.'), 2],
    [[made, '--titel', 'A'], misuse("Unknown option '--titel'. Did you mean --title?"), 2],
    [[made, '--title', ''], misuse('The "--title" argument must be a non-empty string. Received type string ("")'), 2],
    [[made, '--api-version', ''], /^ringcall: The "--api-version" argument must be a non-empty string/, 2],
    [[made, '--servers', '/,a b'], /^ringcall: --servers must have a URL, such as 'https:/, 2],
    [[made, '--bigint'], /^ringcall: The option '--bigint' is for one function that is not declared/, 2]
  ]) {
    const { stdout, code: exited, stderr } = await run(t, ['openapi', ...args])
    t.deepEqual([stdout, exited], ['', code], stderr)
    if (typeof told === 'string') t.is(stderr, told)
    else t.regex(stderr, told)
  }
})
