'use strict'

// examples/cluster.js replaces its processes under load, and examples/workers.js its code; no sent request is lost.

const { execFileSync } = require('node:child_process')
const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava').serial
const { assertRefused, start, untilRefused } = require('./helpers.js')
const { load } = require('./load.js')

const WORKERS = 2

const SAYS = {
  'cluster.js': /^2 workers listen on port (\d+) \(POST \/15 answers 610\), process (\d+)$/,
  'workers.js': /^listening on http:\/\/localhost:(\d+) \(POST \/15 answers 610\), 2 workers, process (\d+)$/
}

async function startExample(t, file) {
  const child = start(t, [`examples/${file}`], { env: { PORT: '0', WORKERS: String(WORKERS) } })
  const [, port, pid] = SAYS[file].exec(await child.line())
  t.is(Number(pid), child.pid)
  return { child, port: Number(port) }
}

for (const [file, told] of [['cluster.js', 'restarted'], ['workers.js', 'reloaded']]) {
  test(`${file} reloads its code twice under load`, async (t) => {
    const { child, port } = await startExample(t, file)
    const clients = load(t, port)
    for (let i = 0; i < 2; i++) {
      await clients.more(200)
      clients.forgetPauses()
      child.kill('SIGHUP')
      t.is(await child.line(), told)
    }
    await clients.more(200)
    await clients.stop()
    t.log(`${clients.answered()} requests`)
    child.kill('SIGTERM')
    t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
    await assertRefused(t, port)
  })
}

test('cluster.js still ends when a worker is killed while all are replaced', async (t) => {
  const { child, port } = await startExample(t, 'cluster.js')
  const pids = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).trim().split('\n').map(Number)
  child.kill('SIGHUP')
  process.kill(pids[1], 'SIGKILL')
  t.is(await child.line(), 'restarted')
  child.kill('SIGTERM')
  t.like(await child.exited, { code: 0, signal: null })
  await untilRefused(t, port)
})

test('cluster.js replaces a worker that was killed', async (t) => {
  const { child, port } = await startExample(t, 'cluster.js')
  const workers = () => execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).trim().split('\n').map(Number)
  const [victim, survivor] = workers()
  process.kill(victim, 'SIGKILL')
  let now = []
  while (now.length < WORKERS || now.includes(victim)) {
    await delay(50)
    now = workers()
  }
  t.true(now.includes(survivor))
  child.kill('SIGINT')
  t.like(await child.exited, { code: 0, signal: null, stderr: 'a worker has died\n' })
  await untilRefused(t, port)
})
