'use strict'

const test = require('ava')
const { connect, engine, gate, post, request, ringTest, serve, untilStats } = require('./helpers.js')

const counts = [
  'connectionsOpen', 'connectionsAccepted', 'requests', 'responses2xx', 'responses4xx', 'responses5xx', 'handlerErrors',
  'inFlight', 'batches', 'overloaded', 'headersTooLarge', 'bodiesTooLarge', 'headersTimeouts', 'requestTimeouts',
  'keepAliveTimeouts', 'handlerTimeouts', 'sendTimeouts', 'acceptPauses'
]

test('a new server has counted nothing', (t) => {
  t.deepEqual(serve(t).stats(), { ...Object.fromEntries(counts.map((name) => [name, 0])), engine })
})

test('stats are a fresh object each time', (t) => {
  const server = serve(t)
  t.not(server.stats(), server.stats())
  server.stats().requests = 610
  t.is(server.stats().requests, 0)
})

test('requests and answers are counted by what became of them', async (t) => {
  const server = serve(t, { onError: () => {} }, (n) => {
    if (n === 404) throw Object.assign(new Error('no'), { statusCode: 404 })
    if (n === 503) throw Object.assign(new Error('no'), { statusCode: 503 })
    return n === 500 ? 'no integer' : n
  })
  const client = await connect(t, server)
  for (const target of ['/1', '/2', '/x', '/404', '/503', '/500', '/3']) await client.send(target)
  await client.send('/1', { method: 'GET' })
  await client.send('/1', { method: 'BREW' })
  await untilStats(server, {
    connectionsAccepted: 1,
    requests: 9,
    responses2xx: 3,
    responses4xx: 3,
    responses5xx: 3,
    inFlight: 0
  })
  t.is(server.stats().handlerErrors, 2)
})

test('connections are counted as they come and go', async (t) => {
  const server = serve(t)
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, server)))
  await untilStats(server, { connectionsOpen: 5, connectionsAccepted: 5 })
  clients[0].end()
  clients[1].reset()
  await untilStats(server, { connectionsOpen: 3, connectionsAccepted: 5 })
  t.pass()
})

test('what waits for a promise is in flight', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const client = await connect(t, server)
  await client.write(request('/1') + request('/2'))
  await held(2)
  await untilStats(server, { inFlight: 2 })
  release(2, 2)
  release(1, 1)
  t.is((await client.responses(2)).length, 2)
  await untilStats(server, { inFlight: 0 })
})

ringTest(test)('pipelined requests share calls into JavaScript', async (t) => {
  const usual = { ringEntries: 256, receiveBuffers: 512, receiveBufferSize: 1024 }
  const server = serve(t, usual)
  const client = await connect(t, server)
  await client.write(request('/1').repeat(1000))
  await client.responses(1000)
  await untilStats(server, { requests: 1000 })
  const { batches } = server.stats()
  t.true(batches >= 1 && batches <= 500, `${batches} batches`)
})

test('a refused request never reaches JavaScript', async (t) => {
  const server = serve(t)
  for (const target of ['/x', '/1.5', '/']) await post(t, server, target)
  t.is(server.stats().batches, 0)
})
