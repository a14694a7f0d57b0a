'use strict'

// `ringcall serve` as a process among others: signals at any time, output that nobody reads, and the folder that it was
// started in.

const { execFileSync, spawnSync } = require('node:child_process')
const { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { bin, file, folder, run, startServe } = require('./commands.js')
const { connect, has, post, request, start, until } = require('./helpers.js')

// A module that loads only once `go()` has made a file; the file `started` is there while it waits.
function gated(t, source) {
  const made = folder(t)
  const at = (name) => path.join(made, name)
  writeFileSync(at('functions.js'), `
    const { existsSync, writeFileSync } = require('node:fs')
    writeFileSync(${JSON.stringify(at('started'))}, '')
    while (!existsSync(${JSON.stringify(at('go'))}));
    ${source}`)
  return { module: at('functions.js'), started: at('started'), go: () => writeFileSync(at('go'), '') }
}

test('serve --workers: SIGHUP while it starts does not end it, and reloads the module', async (t) => {
  const { module, started, go } = gated(t, 'exports.sum = (a, b) => a + b')
  const child = start(t, [bin, 'serve', module, '--workers', '1', '--port', '0'])
  await until(() => existsSync(started))
  child.kill('SIGHUP')
  go()
  const port = Number(/:(\d+)$/.exec(await child.line())?.[1])
  t.is(await child.line(), 'functions: sum')
  t.is(await child.line(), 'workers: 1')
  t.is(await child.line(), 'reloaded, functions: sum')
  t.is((await post(t, port, '/sum/3/4')).body, '7')
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('serve --workers: SIGTERM while it starts ends it at once', async (t) => {
  const { module, started } = gated(t, '')
  const child = start(t, [bin, 'serve', module, '--workers', '1', '--port', '0'])
  await until(() => existsSync(started))
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: null, signal: 'SIGTERM', stderr: '' })
})

for (const args of [[], ['--workers', '1']]) {
  test(`${['serve', ...args].join(' ')}: SIGTERM while it starts ends the first process of a container`, async (t) => {
    if (!has(t, 'unshare')) return
    const { module, started, go } = gated(t, 'exports.sum = (a, b) => a + b')
    const serve = [process.execPath, bin, 'serve', module, ...args, '--port', '0']
    const namespaces = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child']
    if (spawnSync('unshare', [...namespaces, 'true']).status !== 0) {
      t.log('NOT RUN: namespaces are not available')
      return t.pass()
    }
    const child = start(t, [...namespaces, ...serve], { command: 'unshare' })
    await until(() => existsSync(started))
    const [inside] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')
    process.kill(Number(inside), 'SIGTERM')
    go()
    t.regex(await child.line(), /listening/)
    t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
  })
}

test('serve --workers: a second signal ends it at once, although a worker is in a system call', async (t) => {
  const fifo = path.join(folder(t), 'fifo')
  execFileSync('mkfifo', [fifo])
  // Nobody ever writes to it.
  const source = `exports.hang = () => {
    console.log('called')
    setImmediate(() => require('node:fs').readFileSync(${JSON.stringify(fifo)}))
  }`
  const { child, port } = await startServe(t, [file(t, 'functions.js', source), '--workers', '1'])
  await child.line()
  await child.line()
  const client = await connect(t, port)
  await client.write(request('/hang'))
  t.is(await child.line(), 'called')
  child.kill('SIGTERM')
  child.kill('SIGINT')
  const { code, signal } = await child.exited
  t.is(code, null)
  t.regex(signal, /^SIG(TERM|INT)$/)
})

for (const [how, source] of [
  ['throws', 'throw new Error("no database")'],
  ['ends its thread', 'process.exit(3)'],
  ['exports nothing', '']
]) {
  test(`serve --workers: a module that ${how}: its output is printed before the error`, async (t) => {
    const prints = 'for (const n of [1, 2, 3]) { console.log(`out ${n}`); console.error(`err ${n}`) }'
    const module = file(t, 'functions.js', `${prints}\n${source}`)
    const { stdout, stderr, code } = await run(t, ['serve', module, '--workers', '1'])
    t.is(code, 1)
    t.is(stdout, 'out 1\nout 2\nout 3')
    t.regex(stderr, /^err 1\nerr 2\nerr 3\nringcall: \S+functions\.js (cannot be loaded|does not export a function)/)
  })
}

for (const args of [[], ['--workers', '1']]) {
  test(`${['serve', ...args].join(' ')}: it goes on serving when nobody reads its output any more`, async (t) => {
    const source = `exports.print = () => {
      console.log('out')
      console.error('err')
      return 1
    }`
    const { child, port } = await startServe(t, [file(t, 'functions.js', source), ...args])
    child.stopReading()
    for (let i = 0; i < 20; i++) t.is((await post(t, port, '/print')).status, 200)
    child.kill('SIGTERM')
    const { code, signal } = await child.exited
    t.deepEqual({ code, signal }, { code: 0, signal: null })
  })
}

test('serve --workers: output that nobody reads does not fill the memory of a worker', async (t) => {
  const source = `
    exports.print = () => process.stdout.write('x'.repeat(1e6))
    exports.waiting = () => process.stdout.writableLength`
  const { child, port } = await startServe(t, [file(t, 'functions.js', source), '--workers', '1'])
  child.stopReading()
  for (let i = 0; i < 20; i++) await post(t, port, '/print')
  while ((await post(t, port, '/waiting')).body !== '0');
  t.is((await post(t, port, '/waiting')).body, '0')
})

test('serve --workers: started in a folder that is a link, SIGHUP loads from where the link then leads', async (t) => {
  const releases = folder(t)
  const at = (...names) => path.join(releases, ...names)
  for (const name of ['1', '2']) {
    mkdirSync(at(name))
    writeFileSync(at(name, 'functions.js'), 'exports.release = () => process.cwd().at(-1)')
  }
  symlinkSync('1', at('current'))
  const { child, port } = await startServe(t, ['./functions.js', '--workers', '1'], {
    cwd: at('current'),
    env: { PWD: at('current') }
  })
  await child.line()
  await child.line()
  t.is((await post(t, port, '/release')).body, '"1"')
  rmSync(at('current'))
  symlinkSync('2', at('current'))
  // Node.js starts no thread in a folder that does not exist.
  rmSync(at('1'), { recursive: true })
  child.kill('SIGHUP')
  await child.line()
  t.is((await post(t, port, '/release')).body, '"2"')
})
