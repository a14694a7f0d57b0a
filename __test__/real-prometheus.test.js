'use strict'

// A real Prometheus scrapes examples/production.js and a server of functions by name, under load, and evaluates the
// Grafana dashboard's queries.

const { spawnSync } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava').serial
const { prometheus } = require('ringcall/metrics')
const { connect, has, post, request, root, serve, start, until } = require('./helpers.js')
const { parse } = require('./prometheus.js')

const MODULE = require.resolve('./modules/functions.js')

const dashboard = JSON.parse(readFileSync(join(root, 'deploy', 'grafana-dashboard.json'), 'utf8'))
const targets = dashboard.panels.flatMap(({ targets = [] }) => targets)

// The query as Grafana would send it, with everything selected.
function expression({ expr }) {
  return expr.replaceAll('$__rate_interval', '5s').replaceAll(/\$(job|instance)\b/g, '.*')
}

// The port that Prometheus has taken, which it logs.
async function portOf(child) {
  let hasEnded = false
  child.exited.then(() => (hasEnded = true))
  const port = () => /"Listening on".* address=\S+:(\d+)\s/.exec(child.stderr())?.[1]
  await until(() => hasEnded || port() !== undefined)
  if (port() === undefined) throw new Error(`Prometheus has ended: ${child.stderr()}`)
  return port()
}

test('the dashboard asks for metrics that exist, and for all of them', (t) => {
  const families = parse(prometheus(serve(t, { workers: 1 }, MODULE)))
  const variables = dashboard.templating.list.flatMap(({ query }) => query.query ?? [])
  const names = [...targets.map(({ expr }) => expr), ...variables].flatMap((text) => text.match(/ringcall_\w+/g) ?? [])
  t.true(names.length > 20)
  const samples = new Set([...families.values()].flatMap(({ samples }) => samples.map(({ name }) => name)))
  for (const name of names) t.true(samples.has(name), name)
  // The dashboard leaves none out.
  for (const family of families.keys()) t.true(names.some((name) => name.startsWith(family)), `${family} is not shown`)
  const ids = dashboard.panels.map(({ id }) => id)
  t.is(new Set(ids).size, ids.length)
})

test('promtool reports nothing', async (t) => {
  if (!has(t, 'promtool')) return
  const servers = [serve(t), serve(t, { workers: 2 }, MODULE)]
  await post(t, servers[0], '/15')
  await post(t, servers[1], '/sum/1/2')
  for (const options of [{}, { labels: { path: 'C:\\temp\n"a"' }, prefix: 'app_' }]) {
    const input = prometheus(servers, options)
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
    t.deepEqual([status, stdout, stderr], [0, '', ''])
  }
})

// Serves functions by name, and their metrics as examples/production.js does.
const FUNCTIONS = `
  const http = require('node:http')
  const { serverListen } = require('ringcall')
  const { contentType, prometheus } = require('ringcall/metrics')
  const sum = (a, b) => a + b
  const fail = () => { throw new Error('no') }
  const server = serverListen({ port: 0, host: '127.0.0.1', onError: () => {} }, { sum, fail })
  const admin = http.createServer((_, response) => {
    response.setHeader('Content-Type', contentType).end(prometheus(server))
  })
  admin.listen(0, '127.0.0.1', () => console.log(server.port + ' ' + admin.address().port))`

test('Prometheus scrapes a loaded server, and has an answer to every query of the dashboard', async (t) => {
  if (!has(t, 'prometheus')) return
  const service = start(t, ['examples/production.js'], { env: { HOST: '127.0.0.1', PORT: '0', ADMIN_PORT: '0' } })
  const [, port, adminPort] = /:(\d+) .* (\d+)$/.exec(await service.line())
  const [namedPort, namedAdminPort] = (await start(t, ['-e', FUNCTIONS]).line()).split(' ')
  const folder = mkdtempSync(join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'prometheus.yml'), `
    scrape_configs:
      - job_name: fibonacci
        scrape_interval: 500ms
        scrape_timeout: 500ms
        static_configs: [{ targets: ['127.0.0.1:${adminPort}', '127.0.0.1:${namedAdminPort}'] }]
  `)
  const child = start(t, [
    `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, '--web.listen-address=127.0.0.1:0'
  ], { command: 'prometheus' })
  const at = await portOf(child)
  const query = async (text) => {
    const response = await fetch(`http://127.0.0.1:${at}/api/v1/query?${new URLSearchParams({ query: text })}`)
    return (await response.json()).data.result
  }

  // All kinds of answers, and some connections that break.
  let running = true
  const loaded = Promise.all(Array.from({ length: 4 }, async () => {
    const client = await connect(t, Number(port))
    const named = await connect(t, Number(namedPort))
    while (running) {
      for (const target of ['/sum/1/2', '/sum/1', '/fail']) await named.send(target)
      for (const target of ['/15', '/100', '/x', '/10001']) await client.send(target)
      const breaking = await connect(t, Number(port))
      await breaking.write(request('/15'))
      breaking.reset()
    }
  }))
  t.teardown(() => (running = false))

  const wanted = new Map(targets.map((target) => [expression(target), undefined]))
  for (;;) {
    for (const [text, result] of wanted) {
      // NaN means that nothing has happened in between: a quantile or a share of nothing is no answer.
      const isAnswer = ({ value }) => Number.isFinite(Number(value[1]))
      if (result === undefined) wanted.set(text, (await query(text).catch(() => [])).find(isAnswer))
    }
    const missing = [...wanted].filter(([, result]) => result === undefined)
    if (missing.length === 0) break
    await Promise.race([delay(200), loaded])
  }
  const [{ value: [, scraped] }] = await query('max_over_time(scrape_samples_scraped[1m])')
  t.true(Number(scraped) > 100)
  const [{ value: [, isUp] }] = await query('up{job="fibonacci"}')
  t.is(isUp, '1')
  running = false
  await loaded
  child.kill('SIGTERM')
  t.like(await child.exited, { code: 0 })
})
