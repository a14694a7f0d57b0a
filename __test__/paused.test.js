'use strict'

// A server that does not get the processor for longer than its timeouts: bytes that arrive meanwhile are in time.

const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava')
const { connectMany, large, request, startMain } = require('./helpers.js')

// More than one call of io_uring_enter completes.
const CLIENTS = 60

// A server that closes and is then stopped, within its grace of half a second, with its clients connected. `inTime` is
// false where a busy machine has paused it beyond the grace before that.
async function stoppedWhileClosing(t) {
  const child = startMain(t, ({ serverListen }) => {
    const server = serverListen({ port: 0, host: '127.0.0.1' }, (n) => {
      if (n === 0) {
        server.close().then(() => console.log('closed'))
        setTimeout(() => {
          console.log(server.stats().connectionsOpen)
          process.kill(process.pid, 'SIGSTOP')
        }, 50)
      }
      return n
    })
    console.log(server.port)
  })
  const [closing, ...clients] = await connectMany(t, Number(await child.line()), 1 + CLIENTS)
  for (const client of clients) t.is((await client.send('/1')).body, '1')
  await closing.write(request('/0'))
  return { child, clients, inTime: Number(await child.line()) >= CLIENTS }
}

// Repeats `attempt` until it has stopped a server in time. Servers stopped too late are killed at once, as there may be
// many.
async function stopped(t, attempt) {
  for (;;) {
    const { child, clients, inTime } = await attempt(t)
    if (inTime) {
      await delay(50)
      return { child, clients }
    }
    child.kill('SIGKILL')
  }
}

test('a request within the grace of close() is answered, though the server is paused beyond the grace', async (t) => {
  const { child, clients } = await stopped(t, stoppedWhileClosing)
  for (const client of clients) await client.write(request('/2'))
  await delay(1000)
  child.kill('SIGCONT')
  for (const client of clients) t.is((await client.response()).body, '2')
  t.is(await child.line(), 'closed')
})

test('a head that is completed while the server is paused beyond headersTimeout is answered', async (t) => {
  const half = request('/2').length / 2
  const attempt = async () => {
    const child = startMain(t, ({ serverListen }, clients) => {
      const server = serverListen({ port: 0, host: '127.0.0.1', headersTimeout: 1000 }, (n) => n)
      console.log(server.port)
      const looking = setInterval(() => {
        const { connectionsOpen, bytesReceived, headersTimeouts } = server.stats()
        if (connectionsOpen < Number(clients) || bytesReceived === 0) return
        clearInterval(looking)
        console.log(headersTimeouts)
        process.kill(process.pid, 'SIGSTOP')
      }, 20)
    }, { args: [String(CLIENTS)] })
    const clients = await connectMany(t, Number(await child.line()), CLIENTS)
    for (const client of clients) await client.write(request('/2').slice(0, half))
    return { child, clients, inTime: (await child.line()) === '0' }
  }
  const { child, clients } = await stopped(t, attempt)
  for (const client of clients) await client.write(request('/2').slice(half))
  await delay(1500)
  child.kill('SIGCONT')
  for (const client of clients) t.is((await client.response()).body, '2')
})

const ANSWERS = 3000

// A server that is stopped while it waits for clients to read large answers. `inTime` is false where a busy machine has
// cut a connection before.
async function stoppedWhileSending(t) {
  const child = startMain(t, ({ serverListen }, digits) => {
    const large = BigInt(digits)
    const server = serverListen({ port: 0, host: '127.0.0.1', sendTimeout: 1000 }, () => large)
    let looks = 0
    let before = 0
    const looking = setInterval(() => {
      const { bytesSent, sendTimeouts } = server.stats()
      looks = bytesSent === before ? looks + 1 : 0
      before = bytesSent
      if (bytesSent === 0 || looks < 10) return
      clearInterval(looking)
      console.log(sendTimeouts)
      process.kill(process.pid, 'SIGSTOP')
    }, 20)
    console.log(server.port)
  }, { args: [String(large)] })
  const clients = await connectMany(t, Number(await child.line()), 4)
  for (const client of clients) await client.write(request('/1').repeat(ANSWERS))
  return { child, clients, inTime: (await child.line()) === '0' }
}

test('clients that read while the server is paused beyond sendTimeout get all their answers', async (t) => {
  const { child, clients } = await stopped(t, stoppedWhileSending)
  const responses = Promise.all(clients.map((client) => client.responses(ANSWERS)))
  await delay(2000)
  child.kill('SIGCONT')
  for (const all of await responses) t.true(all.every(({ body }) => body === String(large)))
})
