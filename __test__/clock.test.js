'use strict'

// Calls and time: late calls are not run, waiting calls are bounded, and no client waits for all calls of the others.
// The handlers compute for a while; otherwise none of this would show.

const test = require('ava')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { setImmediate: turn } = require('node:timers/promises')
const { connect, connectMany, request, serve, startMain, threadTest, until, untilStats } = require('./helpers')

function compute(milliseconds) {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

// A server whose handler computes for so long, and what it has been called with.
function serveSlow(t, milliseconds, options = {}) {
  const ran = []
  const server = serve(t, options, (n) => {
    ran.push(n)
    compute(milliseconds)
    return n
  })
  return { server, ran }
}

test('at five times the capacity of the handler, nearly all calls that it runs are answered in time', async (t) => {
  const { server, ran } = serveSlow(t, 5, { handlerTimeout: 100 })
  const clients = await connectMany(t, server, 100)
  const statuses = { 200: 0, 503: 0 }
  let isOver = false
  await Promise.all(clients.map(async (client) => {
    while (!isOver) {
      const { status } = await client.send('/1')
      statuses[status]++
      isOver ||= ran.length >= 200
    }
  }))
  t.true(statuses[200] >= 0.8 * ran.length, `${statuses[200]} of ${ran.length}, and ${statuses[503]} refused`)
})

threadTest(test)('waiting calls count towards maxInFlight even after their clients have been answered', async (t) => {
  // The JavaScript thread of a process of its own stands still until a file exists.
  const go = path.join(mkdtempSync(path.join(tmpdir(), 'ringcall-')), 'go')
  t.teardown(() => rmSync(path.dirname(go), { recursive: true }))
  const child = startMain(t, async ({ serverListen }, go) => {
    const { existsSync } = require('node:fs')
    const clock = new Int32Array(new SharedArrayBuffer(4))
    const ran = []
    const server = serverListen({ port: 0, maxInFlight: 4, handlerTimeout: 50 }, (n) => {
      ran.push(n)
      while (n === 0 && !existsSync(go)) Atomics.wait(clock, 0, 0, 10)
      return n
    })
    console.log(server.port)
    setInterval(() => {
      if (ran.length === 0 || server.stats().inFlight > 0) return
      console.log(ran.join())
      process.exit()
    }, 10)
  }, { args: [go] })
  const port = Number(await child.line())
  const [blocking, ...clients] = await connectMany(t, port, 4)
  await blocking.write(request('/0'))
  t.is((await blocking.response()).status, 503)
  for (const client of clients) t.regex((await client.send('/1')).body, /too long/)
  // Each of the four still waits for the thread.
  for (const client of [blocking, ...clients, blocking, ...clients]) {
    t.regex((await client.send('/2')).body, /Too many/)
  }
  writeFileSync(go, '')
  t.is(await child.line(), '0')
})

test('after close({ timeout }) no call runs whose client has gone', async (t) => {
  const { server, ran } = serveSlow(t, 10)
  const clients = await connectMany(t, server, 200)
  for (const client of clients) await client.write(request('/1'))
  await until(() => ran.length > 0)
  await server.close({ timeout: 50 })
  const atClose = ran.length
  t.true(atClose < 200, `${atClose} of 200 were run`)
  for (let i = 0; i < 10; i++) await turn()
  t.is(ran.length, atClose)
})

test('a call is answered when it is done, not when all those that came with it are', async (t) => {
  const { server, ran } = serveSlow(t, 10)
  const clients = await connectMany(t, server, 30)
  const asked = clients.map((client) => client.send('/1'))
  await Promise.race(asked)
  t.true(ran.length < 30, `${ran.length} of 30 had run`)
  await Promise.all(asked)
})

test('a call is answered when its promise settles, not when those that compute after it do', async (t) => {
  let runs = 0
  const server = serve(t, { handlerTimeout: 500 }, async (n) => {
    await null
    runs++
    compute(5)
    return n
  })
  const clients = await connectMany(t, server, 100)
  const asked = clients.map((client) => client.send('/1'))
  await Promise.race(asked)
  t.true(runs < 50, `${runs} of 100 had run`)
  const good = (await Promise.all(asked)).filter(({ status }) => status === 200).length
  // One more is late, if it runs while its time ends.
  t.true(good >= 0.8 * runs - 1, `${good} of ${runs}`)
})

test('timers, signals and promises go on while requests never stop coming', async (t) => {
  let runs = 0
  let delayed = 0
  const server = serve(t, {}, (n) => {
    if (n === 0) return new Promise((resolve) => setTimeout(resolve, 1, n)).finally(() => delayed++)
    runs++
    compute(5)
    return n
  })
  let ticks = 0
  let signals = 0
  const timer = setInterval(() => ticks++, 10)
  const onSignal = () => signals++
  process.on('SIGUSR2', onSignal)
  t.teardown(() => {
    clearInterval(timer)
    process.removeListener('SIGUSR2', onSignal)
  })
  // The clients are in a process of their own, which never waits for the event loop of this one.
  const clients = startMain(t, async () => {
    const socketOf = (port) => require('node:net').connect(port, '127.0.0.1')
    const [port] = process.argv.slice(-1).map(Number)
    for (let i = 0; i < 4; i++) {
      const socket = socketOf(port)
      const ask = () => socket.write('POST /1 HTTP/1.1\r\nHost: a\r\n\r\n')
      socket.on('connect', ask).on('data', ask).on('error', () => {})
    }
  }, { args: [String(server.port)] })
  await until(() => runs > 0)
  const client = await connect(t, server)
  const [runsBefore, ticksBefore] = [runs, ticks]
  for (let i = 0; i < 5; i++) {
    process.kill(process.pid, 'SIGUSR2')
    t.is((await client.send('/0')).status, 200)
  }
  const ran = runs - runsBefore
  t.is(delayed, 5)
  await until(() => signals > 0)
  t.true(ran < 5 * 30, `${ran} calls went before five that waited for a timer`)
  t.true(ticks - ticksBefore > 0)
  clients.kill()
})

test('a single request does not wait for all that another connection has pipelined', async (t) => {
  const { server, ran } = serveSlow(t, 5)
  const [many, one] = await connectMany(t, server, 2)
  await many.write(request('/1').repeat(60))
  await until(() => ran.length > 0)
  t.is((await one.send('/2')).body, '2')
  t.true(ran.indexOf(2) < 40, `it was number ${ran.indexOf(2)} of ${ran.length}`)
  t.is((await many.responses(60)).length, 60)
})

test('calls that close({ timeout }) cuts off are no longer in flight', async (t) => {
  const server = serve(t, { handlerTimeout: 0 }, () => new Promise(() => {}))
  const client = await connect(t, server)
  await client.write(request('/1').repeat(8))
  await untilStats(server, { inFlight: 8 })
  await server.close({ timeout: 0 })
  t.like(server.stats(), { inFlight: 0, oldestInFlight: 0 })
})

test('slow and late calls leave nothing in flight', async (t) => {
  const { server } = serveSlow(t, 30, { handlerTimeout: 20, maxInFlight: 10 })
  const clients = await connectMany(t, server, 30)
  for (let round = 0; round < 3; round++) {
    const statuses = (await Promise.all(clients.map((client) => client.send('/1')))).map(({ status }) => status)
    t.true(statuses.every((status) => status === 200 || status === 503))
  }
  await untilStats(server, { inFlight: 0 })
  t.pass()
})
