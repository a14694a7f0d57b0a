'use strict'

// The benchmark's own load generator, against the worst that servers do.

const { execFile } = require('node:child_process')
const { once } = require('node:events')
const net = require('node:net')
const { promisify } = require('node:util')
const test = require('ava')
const { example } = require('../benchmark/examples')

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n610'
const STALL_MS = 400

// Calls `answer(socket)` for each request, as each arrives in one piece here.
async function serve(t, answer) {
  const server = net.createServer((socket) => {
    socket.on('data', () => answer(socket)).on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return server.address().port
}

// Not beside other tests: they would change what a load generator measures.
test.before(() => example('load-client', 'dev'))

async function load(port, connections, mode) {
  const args = [port, 1, connections, mode, '/15'].map(String)
  const { stdout } = await promisify(execFile)(example('load-client', 'dev'), args)
  return JSON.parse(stdout)
}

function stall() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS)
}

test.serial('in an open loop a stall counts for each request that is due during it', async (t) => {
  let isStalled = false
  const port = await serve(t, (socket) => {
    socket.write(ANSWER)
    if (isStalled) return
    isStalled = true
    setTimeout(stall, 200)
  })
  const { requests, failed, queued, latency, late } = await load(port, 4, 1000)
  t.is(failed, 0)
  t.true(requests > 900 && requests < 1100, `${requests} requests`)
  // Four in ten were due in the stall, and four of those had a connection.
  t.true(latency['75'] > (STALL_MS / 4) * 1000, JSON.stringify(latency))
  t.true(latency.max > STALL_MS * 900, JSON.stringify(latency))
  t.true(queued > 200, `${queued} had no connection`)
  // The client was not late itself.
  t.true(late['50'] < 1000, JSON.stringify(late))
})

test.serial('a closed loop sends the next request when the answer has arrived', async (t) => {
  const port = await serve(t, (socket) => setTimeout(() => socket.write(ANSWER), 50))
  const { requests, failed, queued, latency } = await load(port, 4, 'keep-alive')
  t.is(failed, 0)
  t.true(requests >= 40 && requests <= 80, `${requests} requests`)
  t.true(latency['50'] >= 49_000, JSON.stringify(latency))
  t.is(queued, 0)
})

for (const [title, answer] of [['with a length', ANSWER], ['without a length', 'HTTP/1.1 200 OK\r\n\r\n610']]) {
  test.serial(`an unannounced close ends an answer ${title}`, async (t) => {
    let connections = 0
    const port = await serve(t, (socket) => {
      connections++
      socket.end(answer)
    })
    const { requests, failed } = await load(port, 4, 'close')
    t.is(failed, 0)
    t.true(requests > 10)
    // Each request has its own connection, and the last four may be answered after the time is over.
    t.true(connections - requests >= 0 && connections - requests <= 4, `${connections} for ${requests} requests`)
  })
}

const WRONG = {
  'an answer that is cut': (socket) => socket.end(ANSWER.slice(0, -1)),
  'no answer': (socket) => socket.end(),
  'a connection that is reset': (socket) => socket.resetAndDestroy(),
  'another status': (socket) => socket.end(ANSWER.replace('200', '500'))
}
for (const [title, answer] of Object.entries(WRONG)) {
  for (const mode of ['close', 'keep-alive', 1000]) {
    test.serial(`${title} counts as failed: ${mode}`, async (t) => {
      const { failed, requests } = await load(await serve(t, answer), 2, mode)
      t.true(failed >= 2, `${failed} failed`)
      t.is(requests, 0)
    })
  }
}
