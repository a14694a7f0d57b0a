'use strict'

// Processes and servers that end, many times over and under load. RINGCALL_TEST_FULL=1 runs the full counts, which take
// minutes.

const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava').serial
const { connect, connectMany, gate, request, ringTest, serve, startMain, until, untilStats } = require('./helpers.js')

const FULL = process.env.RINGCALL_TEST_FULL === '1'
const MIB = 2 ** 20

// Ask as fast as they are answered, until the server is gone.
function load(clients) {
  return Promise.all(clients.map(async (client) => {
    while ((await client.send('/15').catch(() => null)) !== null);
  }))
}

const ends = FULL ? 200 : 10

for (const [how, expected, end] of [
  ['killed', { code: null, signal: 'SIGKILL' }, (child) => child.kill('SIGKILL')],
  ['exiting', { code: 3, signal: null }, (child, client) => client.write(request('/77'))]
]) {
  test(`${ends} processes under load, each ${how}: no other end, and the port is free at once`, async (t) => {
    const first = serve(t)
    const { port } = first
    await first.close()
    for (let i = 0; i < ends; i++) {
      const child = startMain(t, ({ serverListen }, port) => {
        const server = serverListen(Number(port), (n) => (n === 77 ? process.exit(3) : n))
        console.log(server.port)
      }, { args: [String(port)] })
      t.is(await child.line(), String(port))
      const last = await connect(t, port)
      const loaded = load(await connectMany(t, port, 8))
      await delay(5 * (i % 5)) // Not needed to pass, but to end at different moments.
      await end(child, last)
      t.deepEqual(await child.exited, { ...expected, stderr: '' })
      await loaded
    }
  })
}

ringTest(test)('when close() resolves, the last descriptor and the last ring thread are gone', async (t) => {
  const child = startMain(t, async ({ serverListen, threadsNamed }) => {
    const { readdirSync } = require('node:fs')
    const held = () => [
      readdirSync('/proc/self/fd').length,
      threadsNamed('ringcall\n').length
    ]
    await serverListen(0, (n) => n).close()
    const before = held()
    const server = serverListen({ port: 0, ringThreads: 4 }, (n) => n)
    await fetch(`${server.url}/1`, { method: 'POST' }).then((response) => response.text())
    const during = held()
    await server.close()
    const after = held()
    // A thread that has been joined is listed until the kernel is done with it.
    while (held()[1] > 0) await new Promise(setImmediate)
    console.log(JSON.stringify({ before, during, after }))
    process.exit()
  })
  const { before, during, after } = JSON.parse(await child.line())
  t.is(during[1], 4)
  // The client in the same process has a descriptor of its own, for as long as it likes.
  t.true(after[0] <= before[0] + 1 && during[0] > before[0] + 4, JSON.stringify({ before, during, after }))
})

const cycles = FULL ? 1000 : 200

test(`${cycles} servers come and go: no thread or descriptor stays, and memory grows by less than 8 MiB`, async (t) => {
  const child = startMain(t, async ({ serverListen }, cycles) => {
    const { once } = require('node:events')
    const { readFileSync, readdirSync } = require('node:fs')
    const net = require('node:net')
    const cycle = async (asks) => {
      const server = serverListen({ port: 0, host: '127.0.0.1' }, (n) => n)
      if (!asks) return server.close()
      const client = net.connect(server.port, '127.0.0.1')
      client.end('POST /1 HTTP/1.1\r\nHost: a\r\n\r\n').resume()
      await once(client, 'close')
      await server.close()
    }
    const held = async () => {
      for (let i = 0; i < 3; i++) await new Promise(setImmediate).then(globalThis.gc)
      return [
        readdirSync('/proc/self/fd').length,
        readdirSync('/proc/self/task').length,
        Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status'))[1]) * 1024
      ]
    }
    // Garbage is collected now and then, so that what piles up in between does not count.
    const run = async (count, asks) => {
      for (let i = 0; i < count; i++) {
        await cycle(asks)
        if (i % 50 === 49) await held()
      }
      return held()
    }
    await run(100, false)
    const before = await run(50, true)
    const after = await run(cycles, false)
    // A client in Node.js leaves some memory behind, whatever the server, so memory is not measured here.
    const [open] = await run(cycles, true)
    // A thread that has been joined is listed until the kernel is done with it.
    const threads = () => readdirSync('/proc/self/task').length
    while (threads() > before[1]) await new Promise(setImmediate)
    console.log(JSON.stringify([open - before[0], threads() - before[1], after[2] - before[2]]))
  }, { args: [String(cycles)], execArgv: ['--expose-gc'] })
  const [descriptors, threads, memory] = JSON.parse(await child.line())
  t.log(`${descriptors} descriptors, ${threads} threads, ${(memory / MIB).toFixed(1)} MiB more`)
  t.true(descriptors <= 0 && threads <= 0)
  t.true(memory < 8 * MIB)
  t.like(await child.exited, { code: 0, signal: null })
})

const blocked = FULL ? 10_000 : 1000

test(`a handler that blocks for ${blocked / 1000} s while 1000 connections wait: all are answered`, async (t) => {
  const child = startMain(t, ({ serverListen }, blocked) => {
    const server = serverListen({ port: 0, host: '127.0.0.1' }, (n) => {
      if (n === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(blocked))
      return n
    })
    console.log(server.port)
  }, { args: [String(blocked)] })
  const port = Number(await child.line())
  const blocking = await connect(t, port)
  const clients = await connectMany(t, port, 1000)
  await blocking.write(request('/0'))
  const bodies = await Promise.all(clients.map(async (client, n) => (await client.send(`/${n + 1}`)).body))
  t.deepEqual(bodies, clients.map((_, n) => String(n + 1)))
  t.is((await blocking.response()).body, '0')
})

test('calls past maxInFlight get 503, the others are answered later, and stats() counts both', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { maxInFlight: 15, handlerTimeout: 0 }, handler)
  const clients = await connectMany(t, server, 50)
  const answers = new Map()
  const asked = clients.map((client, n) => client.send(`/${n}`).then((answer) => {
    answers.set(n, answer)
    return answer
  }))
  await until(() => answers.size >= 35)
  t.true([...answers.values()].every(({ status }) => status === 503))
  const refused = new Set(answers.keys())
  await untilStats(server, { inFlight: 15, overloaded: 35 })
  t.is(refused.size, 35)
  for (const n of asked.keys()) {
    if (refused.has(n)) continue
    await held(n)
    release(n, n)
    t.is((await asked[n]).body, String(n))
  }
  t.is(server.stats().inFlight, 0)
})
