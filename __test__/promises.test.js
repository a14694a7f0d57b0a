'use strict'

const test = require('ava')
const {
  assertServes, connect, fibonacci, gate, post, request, serve, untilStats, withResolvers
} = require('./helpers.js')

test("an async handler answers with its promise's value", async (t) => {
  t.is((await post(t, serve(t, {}, async (n) => fibonacci(n)), '/15')).body, '610')
})

test('a promise that resolves later is awaited', async (t) => {
  const { handler, held, release } = gate()
  const client = await connect(t, serve(t, {}, handler))
  const response = client.send('/15')
  await held(15)
  release(15, 610)
  t.is((await response).body, '610')
})

test('any thenable is a promise', async (t) => {
  const thenables = [
    { then: (resolve) => resolve(610) },
    { then: (resolve) => setImmediate(resolve, 610n) },
    { then: (resolve) => resolve(Promise.resolve(610)) },
    { then: (resolve) => resolve({ then: (resolve) => resolve(610) }) },
    Object.assign(() => {}, { then: (resolve) => resolve(610) }),
    new (class extends Promise {})((resolve) => resolve(610))
  ]
  const client = await connect(t, serve(t, {}, (n) => thenables[n]))
  for (const i of thenables.keys()) t.is((await client.send(`/${i}`)).body, '610', `thenable ${i}`)
})

test('a thenable that fails is answered with 500', async (t) => {
  const thenables = [
    { then: (_, reject) => reject(new Error('no')) },
    { then() { throw new Error('no') } },
    { get then() { throw new Error('no') } },
    revokedProxy(),
    { then: (resolve) => resolve('no integer') },
    { then: (resolve) => resolve(1.5) }
  ]
  const server = serve(t, { onError: () => {} }, (n) => thenables[n] ?? fibonacci(n))
  const client = await connect(t, server)
  for (const i of thenables.keys()) t.is((await client.send(`/${i}`)).status, 500, `thenable ${i}`)
  t.is((await client.send('/15')).body, '610')
})

test('an object whose then is no function is no promise', async (t) => {
  const server = serve(t, { onError: () => {} }, () => ({ then: 610 }))
  t.is((await post(t, server, '/15')).status, 500)
})

test('a thenable that settles twice is answered once', async (t) => {
  const twice = {
    then(resolve, reject) {
      resolve(1)
      resolve(2)
      reject(new Error('no'))
      throw new Error('no')
    }
  }
  const server = serve(t, { onError: (error) => t.fail(String(error)) }, (n) => (n === 0 ? twice : n))
  const client = await connect(t, server)
  await client.write(request('/0') + request('/3') + request('/0'))
  t.deepEqual((await client.responses(3)).map(({ body }) => body), ['1', '3', '1'])
})

test('a promise that never settles delays no other connection', async (t) => {
  const never = new Promise(() => {})
  const server = serve(t, {}, (n) => (n === 0 ? never : fibonacci(n)))
  const stuck = await connect(t, server)
  await stuck.write(request('/0'))
  await untilStats(server, { inFlight: 1 })
  for (let i = 0; i < 20; i++) await assertServes(t, server)
  t.is(server.stats().inFlight, 1)
})

test('answers on one connection keep their order, whichever promise settles first', async (t) => {
  const { handler, held, release } = gate()
  const client = await connect(t, serve(t, {}, handler))
  await client.write([1, 2, 3, 4].map((n) => request(`/${n}`)).join(''))
  for (const n of [1, 2, 3, 4]) await held(n)
  for (const n of [4, 2, 3, 1]) release(n, n * 10)
  t.deepEqual((await client.responses(4)).map(({ body }) => body), ['10', '20', '30', '40'])
})

test('a value waits for the promise before it on its connection', async (t) => {
  const first = withResolvers()
  const client = await connect(t, serve(t, {}, (n) => (n === 1 ? first.promise : n)))
  await client.write(request('/1') + request('/2') + request('/nonsense') + request('/3'))
  setImmediate(first.resolve, 1)
  const responses = await client.responses(4)
  t.deepEqual(responses.map(({ status }) => status), [200, 200, 400, 200])
  t.deepEqual([0, 1, 3].map((i) => responses[i].body), ['1', '2', '3'])
})

test('promises on many connections settle in any order', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)
  const numbers = Array.from({ length: 100 }, (_, n) => n)
  const responses = numbers.map((n) => post(t, server, `/${n}`))
  for (const n of numbers) await held(n)
  await untilStats(server, { inFlight: 100 })
  for (const n of numbers.toReversed()) release(n, n)
  t.deepEqual((await Promise.all(responses)).map(({ body }) => Number(body)), numbers)
  await untilStats(server, { inFlight: 0 })
})

test('a promise that resolves after its client has left answers no other client', async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, {}, handler)

  const leaver = await connect(t, server)
  await leaver.write(request('/1'))
  await held(1)
  leaver.reset()
  await untilStats(server, { connectionsOpen: 0 })

  const stranger = await connect(t, server)
  const response = stranger.send('/2')
  await held(2)
  release(1, 111)
  release(2, 222)
  t.is((await response).body, '222')
  await untilStats(server, { inFlight: 0 })
})

test("a client that has ended its side gets its answer, and then the server's end", async (t) => {
  const { handler, held, release } = gate()
  const server = serve(t, { keepAliveTimeout: 0 }, handler)
  const client = await connect(t, server)
  await client.write(request('/1'))
  await held(1)
  client.end()
  // Once a later request is answered, the end has arrived, too.
  t.is((await (await connect(t, server)).send('/x')).status, 400)
  release(1, 1)
  t.is((await client.response()).body, '1')
  t.is(await client.rest(), '')
  await untilStats(server, { connectionsOpen: 1 })
})

test('a promise that rejects after its client has left is still reported', async (t) => {
  const told = withResolvers()
  const { handler, held, release } = gate()
  const server = serve(t, { onError: (error, n) => told.resolve([error, n]) }, handler)
  const leaver = await connect(t, server)
  await leaver.write(request('/1'))
  await held(1)
  leaver.reset()
  await untilStats(server, { connectionsOpen: 0 })
  const error = new Error('no')
  release(1, Promise.reject(error))
  t.deepEqual(await told.promise, [error, 1])
})

function revokedProxy() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
