'use strict'

// examples/production.js as a platform runs it: probed, scraped, and stopped under load.

const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava')
const { assertRefused, connect, post, request, start, untilRefused } = require('./helpers.js')
const { load } = require('./load.js')
const { parse } = require('./prometheus.js')

async function startProduction(t, env) {
  const child = start(t, ['examples/production.js'], { env: { HOST: '127.0.0.1', PORT: '0', ADMIN_PORT: '0', ...env } })
  const [, port, adminPort] = /^listening on \S+:(\d+) \(POST \/15 answers 610\), admin on port (\d+)$/.exec(await child.line())
  const ask = async (path) => {
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`)
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
  }
  return { child, port: Number(port), ask }
}

test('it answers its probes and its scrapes', async (t) => {
  const { port, ask } = await startProduction(t)
  t.is((await post(t, port, '/15')).body, '610')
  t.like(await ask('/livez'), { status: 200, body: 'ok\n' })
  t.like(await ask('/readyz'), { status: 200, body: 'ok\n' })
  t.is((await ask('/else')).status, 404)
  const { status, type, body } = await ask('/metrics')
  t.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  t.is(parse(body).get('ringcall_requests_total').samples[0].value, 1)
})

test('SIGHUP under load reloads its functions, and no request is lost', async (t) => {
  const { child, port, ask } = await startProduction(t, { WORKERS: '2', DRAIN_DELAY: '0' })
  const clients = load(t, port)
  for (let i = 0; i < 2; i++) {
    await clients.more(100)
    clients.forgetPauses()
    child.kill('SIGHUP')
    t.is(await child.line(), 'reloaded')
    t.is((await ask('/readyz')).status, 200)
  }
  await clients.more(100)
  await clients.stop()
  const places = parse((await ask('/metrics')).body).get('ringcall_worker_restarts_total').samples
  t.deepEqual(places.map(({ value }) => value), [0, 0])
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('on SIGTERM under load readyz fails first, then the server closes, and no request is lost', async (t) => {
  const { child, port, ask } = await startProduction(t, { DRAIN_DELAY: '2000' })
  const clients = load(t, port)
  await clients.more(200)
  child.kill('SIGTERM')
  const fresh = () => post(t, port, '/15')
  while ((await ask('/readyz')).status !== 503) t.is((await fresh()).body, '610')
  // Not ready, but still serving, fresh connections too.
  t.is((await ask('/livez')).status, 200)
  t.is((await fresh()).body, '610')
  clients.forgetPauses()
  await clients.more(50)
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
  await clients.stop()
  await assertRefused(t, port)
})

test('a second signal ends it at once', async (t) => {
  const { child, port, ask } = await startProduction(t, { DRAIN_DELAY: '60000' })
  child.kill('SIGTERM')
  while ((await ask('/readyz')).status !== 503);
  child.kill('SIGINT')
  t.deepEqual(await child.exited, { code: 1, signal: null, stderr: '' })
  await untilRefused(t, port)
})

test('connections left after CLOSE_TIMEOUT are cut', async (t) => {
  const { child, port } = await startProduction(t, { DRAIN_DELAY: '0', CLOSE_TIMEOUT: '100' })
  const client = await connect(t, port)
  await client.write(request('/15').slice(0, 20))
  await delay(50) // Until the request has begun to arrive, so that closing waits for it.
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
  await client.gone()
})
