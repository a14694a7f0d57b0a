'use strict'

// `ringcall serve` of a file of WebAssembly, with workers and without.

const { copyFileSync, mkdirSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { fromWasm } = require('..')
const { moduleOf, op } = require('./assembler.js')
const { file, folder, run, startServe, text } = require('./commands.js')
const { post, root, until } = require('./helpers.js')

const [i32] = ['i32']
const binary = (name, code) => ({ name, parameters: [i32, i32], results: [i32], code: [op.get(0), op.get(1), code] })
const sum = binary('sum', op.i32Add)
const divide = binary('divide', op.i32DivS)
const several = { name: 'several', results: [i32, i32], code: [op.i32Const(1), op.i32Const(2)] }
const constant = (value) => moduleOf([{ name: 'get', results: [i32], code: [op.i32Const(value)] }])

const WORKERS = { 'without workers': [], 'with workers': ['--workers', '2'] }

for (const [how, options] of Object.entries(WORKERS)) {
  test(`serve, ${how}: the functions that a file of WebAssembly exports`, async (t) => {
    const module = file(t, 'math.wasm', moduleOf([sum, divide]))
    const { child, port } = await startServe(t, [module, ...options])
    t.is(await child.line(), 'functions: sum, divide')
    t.is((await post(t, port, '/sum/3/4')).body, '7')
    t.is((await post(t, port, '/sum/3/2147483648')).status, 400)
    t.is((await post(t, port, '/divide/1/0')).status, 500)
    await until(() => /\n$/.test(child.stderr()))
    t.is((await post(t, port, '/divide/7/2')).body, '3')
    child.kill('SIGTERM')
    await text(child)
    const { code, stderr } = await child.exited
    t.is(code, 0)
    t.regex(stderr, /^ringcall: divide\(1, 0\) failed: (?:Error \[)?RuntimeError\]?: divide by zero\n +at .*wasm:\/\//)
  })

  test(`serve, ${how}: --only serves some of the functions`, async (t) => {
    const module = file(t, 'math.wasm', moduleOf([sum, several, divide]))
    const { child, port } = await startServe(t, [module, '--only', 'divide,sum', ...options])
    t.is(await child.line(), 'functions: divide, sum')
    t.is((await post(t, port, '/sum/3/4')).body, '7')
    t.is((await post(t, port, '/several')).status, 404)
  })

  test(`serve, ${how}: the compiler's own exports are served only if --only names them`, async (t) => {
    const module = file(t, 'math.wasm', moduleOf([sum, { ...divide, name: '__new' }]))
    const { child, port } = await startServe(t, [module, ...options])
    t.is(await child.line(), 'functions: sum')
    t.is((await post(t, port, '/__new/6/2')).status, 404)
    const { child: other, port: otherPort } = await startServe(t, [module, '--only', '__new,sum', ...options])
    t.is(await other.line(), 'functions: __new, sum')
    t.is((await post(t, otherPort, '/__new/6/2')).body, '3')
  })

  test(`serve, ${how}: an error is one sentence and exit code 1`, async (t) => {
    const math = file(t, 'math.wasm', moduleOf([sum, several, divide]))
    const wasi = moduleOf([{ module: 'wasi_snapshot_preview1', import: 'fd_write', parameters: [i32] }, sum])
    for (const [args, told] of [
      [[math], 'The export "several" can\'t be served: it returns 2 results, and one is the most. The option --only ' +
        'names the functions to serve; these can be served: sum, divide.'],
      [[math, '--only', 'summ'], 'The WebAssembly module exports no function "summ". Did you mean "sum"?'],
      [[math, '--only', ''], 'The WebAssembly module exports no function "". It exports sum, several, divide.'],
      [[file(t, 'new.wasm', moduleOf([{ ...sum, name: '__new' }]))], /its compiler's: __new\. The option --only names/],
      [[file(t, 'empty.wasm', '')], 'There are no bytes. Is the file empty, or was their memory transferred away?'],
      [[file(t, 'wasi.wasm', wasi)], /imports that were not passed: wasi_snapshot_preview1\.fd_write\. It was built for WASI/],
      [[file(t, 'text.wasm', '(module)')], /text format/],
      [[file(t, 'script.wasm', 'exports.sum = 1')], /expected magic word/]
    ]) {
      const { stdout, code, stderr } = await run(t, ['serve', ...args, ...options])
      t.deepEqual([stdout, code], ['', 1], stderr)
      const start = `ringcall: ${args[0]} cannot be served: `
      t.is(stderr.slice(0, start.length), start)
      t.is(stderr.indexOf('\n'), stderr.length - 1)
      if (typeof told === 'string') t.is(stderr.slice(start.length).trimEnd(), told)
      else t.regex(stderr, told)
    }
    const script = file(t, 'script.js', 'exports.sum = () => 1')
    const told = `${script} is JavaScript, and exports what is to be served: --only is for files of WebAssembly.`
    t.like(await run(t, ['serve', script, '--only', 'sum', ...options]), { code: 1, stderr: `ringcall: ${told}\n` })
  })

  test(`serve, ${how}: a folder whose package.json names a file of WebAssembly`, async (t) => {
    const made = folder(t)
    writeFileSync(path.join(made, 'package.json'), '{ "main": "sum.wasm" }')
    copyFileSync(path.join(__dirname, 'modules', 'sum.wasm'), path.join(made, 'sum.wasm'))
    const { port } = await startServe(t, [made, ...options])
    t.is((await post(t, port, '/sum/3/4')).body, '7')
  })

  test(`serve, ${how}: a module that spreads the functions among its own`, async (t) => {
    const made = folder(t)
    mkdirSync(path.join(made, 'lib'))
    writeFileSync(path.join(made, 'lib', 'sum.wasm'), moduleOf([sum]))
    writeFileSync(path.join(made, 'main.mjs'), `import { readFileSync } from 'node:fs'
      import ringcall from ${JSON.stringify(path.join(root, 'index.js'))}
      const functions = ringcall.fromWasm(readFileSync(new URL('lib/sum.wasm', import.meta.url)))
      export default { ...functions, greet: (name) => 'Hello, ' + name }`)
    const { child, port } = await startServe(t, [path.join(made, 'main.mjs'), ...options])
    t.is(await child.line(), 'functions: sum, greet')
    t.is((await post(t, port, '/sum/3/4')).body, '7')
    t.is((await post(t, port, '/sum/3/4000000000')).status, 400)
    t.is((await post(t, port, '/greet/%22Ada%22')).body, '"Hello, Ada"')
  })
}

test('serve --watch: a file of WebAssembly is reloaded, and a broken one leaves the old one in place', async (t) => {
  const module = file(t, 'get.wasm', constant(1))
  const { child, port } = await startServe(t, [module, '--watch'])
  t.is(await child.line(), 'functions: get')
  t.is(await child.line(), 'workers: 1, watching 1 file')
  const gets = async (body) => t.is((await post(t, port, '/get')).body, body)
  await gets('1')
  writeFileSync(module, constant(2))
  t.is(await child.line(), 'reloaded, functions: get')
  await gets('2')
  writeFileSync(module, constant(3).subarray(0, 20))
  await until(() => /\n$/.test(child.stderr()))
  t.regex(child.stderr(), /^ringcall: \S+get\.wasm was not reloaded: Error: \S+get\.wasm cannot be served: .*\n$/)
  await gets('2')
  writeFileSync(module, moduleOf([sum]))
  t.is(await child.line(), 'reloaded, functions: sum')
  t.is((await post(t, port, '/sum/3/4')).body, '7')
})

test('openapi: the functions that a file of WebAssembly exports, or some of them', async (t) => {
  const module = file(t, 'math.wasm', moduleOf([sum, several, divide]))
  const { stdout, code } = await run(t, ['openapi', module, '--only', 'sum'])
  t.is(code, 0)
  const { paths } = JSON.parse(stdout)
  t.deepEqual(Object.keys(paths), ['/sum', '/sum/{a}/{b}'])
  t.is(paths['/sum'].post['x-signature'], '(a: int, b: int) => int')
  t.like(await run(t, ['openapi', module]), { stdout: '', code: 1, signal: null })
})

test('a module that workers load: each has an instance, and reload() makes new ones', async (t) => {
  const module = file(t, 'get.wasm', constant(1))
  t.is(fromWasm(constant(1)).get(), 1)
  const { serverListen } = require('..')
  const server = serverListen({ port: 0, workers: 2 }, module)
  t.teardown(() => server.close())
  t.is((await post(t, server, '/get')).body, '1')
  t.like(server.functions[0], { name: 'get', signature: '() => int' })
  writeFileSync(module, constant(2))
  await server.reload()
  t.is((await post(t, server, '/get')).body, '2')
  writeFileSync(module, 'nothing')
  await t.throwsAsync(server.reload(), { code: 'ERR_WORKER_LOAD', message: /get\.wasm cannot be served: / })
  t.is((await post(t, server, '/get')).body, '2')
})
