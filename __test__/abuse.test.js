'use strict'

const { readFileSync } = require('node:fs')
const test = require('ava').serial // One after the other: each may take most of the descriptors.
const {
  assertServes, connect, connectMany, fibonacci, gate, large, request, serve, startMain, threadsNamed, untilStats
} = require('./helpers.js')

// How many connections this process can hold with both ends of each.
function connectionsMax() {
  const [, soft] = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return Math.floor((Number(soft) - 100) / 2)
}

// The same bytes in every run: a linear congruential generator.
function garbage(seed, length) {
  let state = seed
  return Buffer.from(Array.from({ length }, () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16))
}

async function assertUnharmed(t, server) {
  await assertServes(t, server)
  await untilStats(server, { connectionsOpen: 0, inFlight: 0 })
}

test('garbage', async (t) => {
  const server = serve(t)
  for (let seed = 1; seed <= 300; seed++) {
    const client = await connect(t, server)
    client.end(garbage(seed, seed * 7))
    await client.gone()
  }
  await assertUnharmed(t, server)
})

test('garbage after a good request', async (t) => {
  const server = serve(t)
  for (let seed = 1; seed <= 100; seed++) {
    const client = await connect(t, server)
    client.end(Buffer.concat([Buffer.from(request('/15')), garbage(seed, 100)]))
    t.is((await client.response()).body, '610')
    await client.gone()
  }
  await assertUnharmed(t, server)
})

test('a request with one byte replaced, at every place', async (t) => {
  const server = serve(t)
  const chunked = { headers: { 'Transfer-Encoding': 'chunked' }, body: '3\r\nabc\r\n0\r\n\r\n' }
  const bytes = Buffer.from(request('/15', chunked))
  for (const byte of [0, 10, 13, 32, 58, 127, 255]) {
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = byte
      const client = await connect(t, server)
      client.end(changed)
      await client.gone()
    }
  }
  await assertUnharmed(t, server)
})

const whole = request('/15', { body: 'a body of some length' })

test('half a request and the end, cut at every byte', async (t) => {
  const server = serve(t, {}, () => t.fail('half a request was run'))
  for (let at = 0; at < whole.length; at++) {
    const client = await connect(t, server)
    client.end(whole.slice(0, at))
    await client.gone()
  }
  await untilStats(server, { connectionsOpen: 0 })
  await assertUnharmed(t, serve(t))
})

test('half a request and a reset, cut at every byte', async (t) => {
  const server = serve(t)
  for (let at = 0; at < whole.length; at++) {
    const client = await connect(t, server)
    await client.write(whole.slice(0, at))
    client.reset()
  }
  await assertUnharmed(t, server)
})

test('a reset as soon as the request is sent', async (t) => {
  const server = serve(t, {}, (n) => (n % 2 ? Promise.resolve(610) : 610))
  for (let i = 0; i < 500; i++) {
    const client = await connect(t, server)
    await client.write(request(`/${i}`).repeat(1 + (i % 5)))
    client.reset()
  }
  await assertUnharmed(t, server)
})

test('64 KiB of header', async (t) => {
  const server = serve(t)
  const heads = {
    'in one field': `POST /15 HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`,
    'in many fields': `POST /15 HTTP/1.1\r\nHost: localhost\r\n${'X-Field: value\r\n'.repeat(4096)}\r\n`,
    'in the target': `POST /${'1'.repeat(65_536)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    'in the method': `${'P'.repeat(65_536)} /15 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    'without an end': `POST /15 HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(65_536)}`
  }
  for (const [what, head] of Object.entries(heads)) {
    const client = await connect(t, server)
    client.write(head).catch(() => {})
    // A server that closes early may lose its answer to the reset that follows.
    const { status } = await client.response().catch(({ code, message }) => ({ status: code ?? message }))
    t.true([400, 414, 431, 501, 'ECONNRESET', 'EPIPE'].includes(status), `${what}: ${status}`)
    client.destroy()
  }
  await assertUnharmed(t, server)
})

// A client that leaves with a reset at each stage of a connection.
const stages = {
  'right after connecting': () => {},
  'in the head': (client) => client.write('POST /15 HT'),
  'between head and body': (client) => client.write(whole.slice(0, whole.indexOf('\r\n\r\n') + 4)),
  'in the body': (client) => client.write(whole.slice(0, -5)),
  'in a chunk': (client) => client.write(request('/15', { ...chunked, body: '5\r\nabc' })),
  'in the trailers': (client) => client.write(request('/15', { ...chunked, body: '0\r\nX: y' })),
  'after 100 Continue': async (client) => {
    await client.write(request('/15', { headers: { Expect: '100-continue', 'Content-Length': '5' } }))
    await client.response().catch(() => {})
  },
  'while the handler waits': async (client, { held }) => {
    await client.write(request('/-1'))
    await held(-1)
  },
  'while pipelined requests wait behind the handler': async (client, { held }) => {
    await client.write(request('/-1').repeat(3) + request('/15').repeat(200))
    await held(-1)
  },
  'while answers are sent': async (client) => {
    client.write(request('/79').repeat(3000)).catch(() => {})
    await client.response()
  },
  'after an answer': (client) => client.send('/15'),
  'after the last answer': (client) => client.send('/15', { headers: { Connection: 'close' } }),
  'after a refusal that closes, with more to send': async (client) => {
    client.write(`garbage\r\n\r\n${'x'.repeat(100_000)}`).catch(() => {})
    await client.response()
  },
  'after the client has ended its side': async (client) => {
    client.end(request('/15'))
    await client.response()
  }
}
const chunked = { headers: { 'Transfer-Encoding': 'chunked' } }

for (const [stage, reach] of Object.entries(stages)) {
  test(`a reset ${stage}`, async (t) => {
    const gates = gate()
    const server = serve(t, {}, (n) => {
      if (n === 79) return large
      return n < 0 ? gates.handler(n) : fibonacci(n)
    })
    for (let i = 0; i < 20; i++) {
      const client = await connect(t, server)
      await reach(client, gates)
      client.reset()
    }
    gates.release(-1, 0)
    await assertUnharmed(t, server)
  })
}

test('a thousand connections with half a request each', async (t) => {
  const server = serve(t)
  const clients = await Promise.all(Array.from({ length: Math.min(1000, connectionsMax()) }, () => connect(t, server)))
  await Promise.all(clients.map((client, i) => client.write(whole.slice(0, 1 + (i % (whole.length - 1))))))
  await assertServes(t, server)
  for (const client of clients) client.destroy()
  await assertUnharmed(t, server)
})

test('all at once', async (t) => {
  const server = serve(t, { onError: () => {} }, (n) => {
    if (n % 7 === 0) throw new Error('no')
    return n % 3 === 0 ? Promise.resolve(n) : n
  })
  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const client = await connect(t, server)
    if (i % 5 === 0) client.end(garbage(i + 1, 500))
    else if (i % 5 === 1) return client.write(whole.slice(0, i % whole.length)).then(() => client.reset())
    else if (i % 5 === 2) return client.write(request(`/${i}`).repeat(100)).then(() => client.reset())
    else for (let n = 1; n < 100; n++) t.is((await client.send(`/${n}`)).status, n % 7 ? 200 : 500)
    client.destroy()
  }))
  await untilStats(server, { connectionsOpen: 0, inFlight: 0 })
  await assertUnharmed(t, serve(t))
})

test('clients that end their side and do not read cost no thread, and get all their answers when they read', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    const value = 7n ** 23_665n // 20,000 digits
    const server = serverListen({ port: 0, host: '127.0.0.1' }, (n) => (n === 1 ? server.stats().bytesSent : value))
    console.log(server.port)
  })
  const port = Number(await child.line())
  const other = await connect(t, port)
  const bytesSent = async () => Number((await other.send('/1')).body)
  const clients = await connectMany(t, port, 8)
  const count = 300
  for (const client of clients) client.end(request('/0').repeat(count))

  // Stuck: for a while nothing is sent but the answers that report bytesSent.
  for (let looks = 0, last = 0; looks < 100; looks++) {
    const sent = await bytesSent()
    if (sent - last > 1000) looks = 0
    last = sent
  }
  t.deepEqual(threadsNamed('iou-wrk', child.pid), [])

  const digits = String(7n ** 23_665n)
  for (const responses of await Promise.all(clients.map((client) => client.responsesToEnd()))) {
    t.is(responses.length, count)
    t.true(responses.every(({ status, body }) => status === 200 && body === digits))
  }
})
