'use strict'

const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const test = require('ava')
const { contentType, prometheus } = require('ringcall/metrics')
const { connect, post, root, serve, until, untilStats } = require('./helpers.js')
const { parse } = require('./prometheus.js')

const value = (text, name, labels = {}) => {
  const samples = [...parse(text).values()].flatMap((family) => family.samples)
  const isIt = (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  return samples.find(isIt)?.value
}

// A server of another engine, or of another version.
const fake = (stats, more) => ({ stats: () => stats, ...more })

// The same functions, for workers.
const MODULE = require.resolve('./modules/functions.js')

// The functions of a server of functions by name.
const functions = { sum: (a, b) => a + b, fail() { throw new Error('no') } }

test('a new server exposes every metric in the format, at zero', (t) => {
  const families = parse(prometheus(serve(t, { workers: 2 }, MODULE)))
  const begun = ['info', 'ring_turns_total', 'worker_state', 'worker_heap_bytes'].map((name) => `ringcall_${name}`)
  for (const { name, samples } of families.values()) {
    if (begun.includes(name)) continue
    for (const sample of samples) t.is(sample.value, 0, sample.name)
  }
  t.is(contentType, 'text/plain; version=0.0.4; charset=utf-8')
})

test("the metrics are the server's counts", async (t) => {
  const server = serve(t, { maxInFlight: 1, onError: () => {} }, (n) => {
    if (n === 404) throw Object.assign(new Error('no'), { statusCode: 404 })
    return n === 500 ? undefined : n
  })
  const client = await connect(t, server)
  for (const target of ['/1', '/2', '/404', '/500', '/x']) await client.send(target)
  await untilStats(server, { requests: 5, inFlight: 0 })
  await until(() => server.stats().latency.count === 4)
  const text = prometheus(server)
  const stats = server.stats()
  t.is(value(text, 'ringcall_requests_total'), 5)
  t.is(value(text, 'ringcall_responses_total', { status: '200' }), 2)
  for (const status of ['400', '404', '500']) t.is(value(text, 'ringcall_responses_total', { status }), 1)
  t.is(value(text, 'ringcall_responses_total', { status: '503' }), 0)
  t.is(value(text, 'ringcall_handler_errors_total'), 1)
  t.is(value(text, 'ringcall_connections'), 1)
  t.is(value(text, 'ringcall_connections_accepted_total'), 1)
  t.is(value(text, 'ringcall_received_bytes_total'), stats.bytesReceived)
  t.is(value(text, 'ringcall_batch_size_sum'), 4)
  t.is(value(text, 'ringcall_batch_size_count'), stats.batches)
  t.is(value(text, 'ringcall_request_duration_seconds_count'), 4)
  t.true(Math.abs(value(text, 'ringcall_request_duration_seconds_sum') - stats.latency.sum / 1000) < 1e-9)
  t.is(value(text, 'ringcall_request_duration_seconds_bucket', { le: '0.000025' }), stats.latency.counts[0])
  t.is(value(text, 'ringcall_handler_duration_seconds_count'), 4)
  t.is(value(text, 'ringcall_info', { version: require('ringcall/package.json').version }), 1)
})

test('functions by name have series of their own, with a few buckets each', async (t) => {
  const server = serve(t, { onError: () => {} }, functions)
  const client = await connect(t, server)
  for (const target of ['/sum/1/2', '/sum/3/4', '/sum/1', '/fail', '/none']) await client.send(target)
  await untilStats(server, { requests: 5, inFlight: 0 })
  const text = prometheus(server)
  const read = (name) => ['sum', 'fail'].map((each) => value(text, `ringcall_function_${name}`, { function: each }))
  t.deepEqual(read('calls_total'), [2, 1])
  t.deepEqual(read('errors_total'), [0, 1])
  t.deepEqual(read('refusals_total'), [1, 0])
  t.deepEqual(read('duration_seconds_count'), [2, 1])
  const { bounds, counts, sum } = server.stats().functions.sum.handlerTime
  t.is(value(text, 'ringcall_function_duration_seconds_sum', { function: 'sum' }), Number((sum / 1000).toPrecision(15)))
  const within = counts.slice(0, bounds.indexOf(5) + 1).reduce((total, count) => total + count)
  t.is(value(text, 'ringcall_function_duration_seconds_bucket', { function: 'sum', le: '0.005' }), within)
  const series = [...parse(text).values()].flatMap(({ samples }) => samples).filter((sample) => sample.labels.function === 'sum')
  t.is(series.length, 18, 'as docs/metrics.md says')
})

test('one plain function has no metrics by function, and none by worker', (t) => {
  t.false(/ringcall_(function|worker)_/.test(prometheus(serve(t))))
})

test('workers have series of their own, by their places', async (t) => {
  const server = serve(t, { workers: 2, onError: () => {} }, MODULE)
  await until(() => server.stats().workers.every(({ state }) => state === 'idle'))
  const client = await connect(t, server)
  for (const target of ['/sum/1/2', '/fail', '/sum/3/4']) await client.send(target)
  await untilStats(server, { requests: 3, inFlight: 0 })
  await until(() => server.stats().workers.every(({ state }) => state === 'idle'))
  const text = prometheus(server)
  const read = (name, labels) => ['0', '1'].map((worker) => value(text, `ringcall_worker_${name}`, { worker, ...labels }))
  t.deepEqual(read('calls_total'), server.stats().workers.map(({ calls }) => calls))
  t.deepEqual(read('restarts_total'), [0, 0])
  t.true(read('heap_bytes').every((bytes) => bytes > 1e6))
  t.deepEqual(read('state', { state: 'idle' }), [1, 1])
  for (const state of ['starting', 'busy', 'down']) t.deepEqual(read('state', { state }), [0, 0])
  const samples = [...parse(text).values()].flatMap(({ samples }) => samples)
  t.is(samples.filter(({ labels }) => labels.worker === '0').length, 7, 'as docs/metrics.md says')
  // Servers with the same labels are added up.
  t.is(value(prometheus([server, server]), 'ringcall_worker_state', { worker: '0', state: 'idle' }), 2)
})

test('functions of the same name on several servers are added up', async (t) => {
  const servers = [serve(t, {}, functions), serve(t, {}, { sum: (a, b) => a + b })]
  for (const server of servers) {
    await post(t, server, '/sum/1/2')
    await untilStats(server, { requests: 1, inFlight: 0 })
  }
  t.is(value(prometheus(servers), 'ringcall_function_calls_total', { function: 'sum' }), 2)
})

test('a thousand functions have eighteen thousand series', (t) => {
  const names = Array.from({ length: 1000 }, (_, i) => `f${i}`)
  const families = parse(prometheus(serve(t, {}, Object.fromEntries(names.map((name) => [name, () => 0])))))
  const samples = [...families.values()].flatMap(({ samples }) => samples).filter((sample) => 'function' in sample.labels)
  t.is(samples.length, 18_000)
})

test('every sample has the labels, escaped, and the prefix', (t) => {
  const labels = { path: 'C:\\temp\n"a"', number: 1 }
  const families = parse(prometheus(serve(t), { labels, prefix: 'app:' }))
  for (const [name, { samples }] of families) {
    t.true(name.startsWith('app:'))
    for (const sample of samples) t.like(sample.labels, { ...labels, number: '1' })
  }
})

test('servers with labels of their own have series of their own, and those with the same are added up', async (t) => {
  const servers = [serve(t), serve(t)]
  for (const [i, server] of servers.entries()) {
    for (let n = 0; n <= i; n++) await post(t, server, '/15')
    await untilStats(server, { requests: i + 1, connectionsOpen: 0 })
  }
  const apart = prometheus(servers, { labels: (server, i) => ({ port: server.port, i }) })
  t.is(value(apart, 'ringcall_requests_total', { i: '0', port: String(servers[0].port) }), 1)
  t.is(value(apart, 'ringcall_requests_total', { i: '1' }), 2)
  const together = prometheus(servers)
  t.is(value(together, 'ringcall_requests_total'), 3)
  t.is(value(together, 'ringcall_batch_size_count'), 3)
  t.is(value(together, 'ringcall_info'), 1)
  t.is(prometheus([]), '')
})

test('neither the order of labels nor empty ones make series of their own', (t) => {
  const all = [{ b: 1, a: 2 }, { a: 2, b: 1 }, { a: 2, b: 1, c: '' }, { a: 2, b: 1, d: undefined, e: null }]
  const text = prometheus(all.map(() => fake({ requests: 7 })), { labels: (_, i) => all[i] })
  t.regex(text, /^ringcall_requests_total\{a="2",b="1"\} 28$/m)
  t.is(text.match(/^ringcall_requests_total/gm).length, 1)
})

test("the age of the oldest request is the maximum of all servers'", (t) => {
  const text = prometheus([fake({ oldestInFlight: 100 }), fake({ oldestInFlight: 2500 })])
  t.is(value(text, 'ringcall_oldest_request_in_flight_seconds'), 2.5)
})

test('counts that an engine does not have are left out', (t) => {
  const families = parse(prometheus(fake({ requests: 7, overloaded: 2 }, { engine: 'node' })))
  t.deepEqual([...families.keys()], ['ringcall_info', 'ringcall_requests_total', 'ringcall_limits_exceeded_total'])
  t.is(families.get('ringcall_info').samples[0].labels.engine, 'node')
})

test('arguments that Prometheus would refuse are refused', (t) => {
  const server = serve(t)
  const invalid = { code: 'ERR_INVALID_ARG_TYPE', instanceOf: TypeError }
  const outOfRange = { code: 'ERR_OUT_OF_RANGE', instanceOf: RangeError }
  for (const servers of [undefined, null, {}, [server, 1]]) t.throws(() => prometheus(servers), invalid)
  t.throws(() => prometheus(server, null), invalid)
  t.throws(() => prometheus(server, { prefix: 1 }), invalid)
  t.throws(() => prometheus(server, { labels: null }), invalid)
  t.throws(() => prometheus(server, []), invalid)
  for (const value of [{}, [], () => 'x', Symbol('x')]) t.throws(() => prometheus(server, { labels: { a: value } }), invalid)
  t.throws(() => prometheus(server, { label: {} }), { code: 'ERR_INVALID_ARG_VALUE', message: /'label'.*'labels'/ })
  for (const prefix of ['1a', 'a-b', 'ä', ' ']) t.throws(() => prometheus(server, { prefix }), outOfRange)
  for (const name of ['', '1a', 'a-b', '__a', 'le', 'status', 'function', 'worker', 'state']) {
    t.throws(() => prometheus(server, { labels: { [name]: 'x' } }), outOfRange)
  }
})

test('docs/metrics.md lists every metric correctly, and no other', (t) => {
  const families = parse(prometheus(serve(t, { workers: 1 }, MODULE)))
  const unit = (name) => (/(_seconds|_bytes)(_total)?$/.exec(name)?.[1] ?? '').slice(1) || '–'
  const labels = {
    info: '`version`, `engine`', responses_total: '`status`', limits_exceeded_total: '`limit`',
    worker_state: '`worker`, `state`'
  }
  const of = (name) => labels[name] ?? (/^(function|worker)_/.test(name) ? `\`${name.split('_')[0]}\`` : '–')
  const rows = [...families].map(([name, { type, help }]) =>
    `| \`${name}\` | ${type} | ${unit(name)} | ${of(name.slice('ringcall_'.length))} | ${help} |`)
  const docs = readFileSync(join(root, 'docs', 'metrics.md'), 'utf8')
  t.deepEqual(docs.split('\n').filter((line) => line.startsWith('| `ringcall_')), rows)
})
