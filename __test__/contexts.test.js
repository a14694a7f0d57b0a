'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { setImmediate: turn } = require('node:timers/promises')
const test = require('ava')
const { captureContexts, implementations } = require('../lib/calls/async-contexts.js')
const { connect, request, serve, startMain } = require('./helpers.js')

// Many clients at a time, each with several requests in one piece: some calls share a batch, some a connection.
const CLIENTS = 8
const PIPELINED = 8
const ROUNDS = 3

// Each answers with its own `n` if it has seen its own context and nothing of another call.
const HANDLERS = {
  'that enters one': (storage) => (n) => {
    const before = storage.getStore()
    storage.enterWith(n)
    return before === undefined && storage.getStore() === n ? n : -1
  },
  'whose every other call enters one': (storage) => (n) => {
    const before = storage.getStore()
    if (n % 2 === 0) storage.enterWith(n)
    return before === undefined ? n : -1
  },
  'that is async and enters one before it waits': (storage) => async (n) => {
    const before = storage.getStore()
    storage.enterWith(n)
    await turn()
    return before === undefined && storage.getStore() === n ? n : -1
  },
  'that is async and enters one after it has waited': (storage) => async (n) => {
    await turn()
    const before = storage.getStore()
    storage.enterWith(n)
    await null
    return before === undefined && storage.getStore() === n ? n : -1
  },
  'whose thenable enters one': (storage) => (n) => ({
    then(resolve) {
      const before = storage.getStore()
      storage.enterWith(n)
      setImmediate(() => resolve(before === undefined && storage.getStore() === n ? n : -1))
    }
  }),
  'that enters one and starts a timer': (storage) => (n) => {
    storage.enterWith(n)
    return new Promise((resolve) => setTimeout(() => resolve(storage.getStore()), 1))
  },
  'that runs a function in one': (storage) => (n) => {
    const before = storage.getStore()
    const inside = storage.run(n, () => storage.getStore())
    return before === undefined && storage.getStore() === undefined ? inside : -1
  },
  'that is async and runs in one': (storage) => (n) => storage.run(n, async () => {
    await turn()
    return storage.getStore()
  }),
  'that enters one and leaves it for a function': (storage) => (n) => {
    const before = storage.getStore()
    storage.enterWith(n)
    const inside = storage.exit(() => storage.getStore())
    return before === undefined && inside === undefined ? storage.getStore() : -1
  },
  'that enters one and disables the storage': (storage) => (n) => {
    const before = storage.getStore()
    storage.enterWith(n)
    storage.disable()
    return before === undefined && storage.getStore() === undefined ? n : -1
  },
  'with a storage of its own': () => (n) => {
    const storage = new AsyncLocalStorage()
    storage.enterWith(n)
    return storage.getStore()
  }
}

// All clients ask at the same time, in several rounds. Returns the answers as `[n, { status, body }]`.
async function askAll(t, server) {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(t, server)))
  const answers = []
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(clients.map(async (client, i) => {
      const numbers = Array.from({ length: PIPELINED }, (_, k) => (round * CLIENTS + i) * PIPELINED + k)
      await client.write(numbers.map((n) => request(`/${n}`)).join(''))
      const responses = await client.responses(PIPELINED)
      answers.push(...numbers.map((n, k) => [n, responses[k]]))
    }))
  }
  return answers
}

for (const [what, makeHandler] of Object.entries(HANDLERS)) {
  test(`no call sees the async context of another: a handler ${what}`, async (t) => {
    const server = serve(t, {}, makeHandler(new AsyncLocalStorage()))
    for (const [n, { body }] of await askAll(t, server)) t.is(body, String(n))
  })
}

test('no call sees the async context of another: bigints', async (t) => {
  const storage = new AsyncLocalStorage()
  const server = serve(t, { bigint: true }, (n) => {
    const before = storage.getStore()
    storage.enterWith(n)
    return before === undefined ? 2n ** 64n + n : -1n
  })
  for (const [n, { body }] of await askAll(t, server)) t.is(body, String(2n ** 64n + BigInt(n)))
})

const FAILURES = {
  throws: (enter) => (n) => {
    enter(n)
    throw new Error('no')
  },
  rejects: (enter) => async (n) => {
    enter(n)
    await turn()
    throw new Error('no')
  },
  'returns no integer': (enter) => (n) => enter(n),
  'resolves to no integer': (enter) => async (n) => enter(n)
}

for (const [what, makeHandler] of Object.entries(FAILURES)) {
  test(`a handler that ${what}: onError runs in the async context of its call, and no call in another's`, async (t) => {
    const storage = new AsyncLocalStorage()
    const before = new Set()
    const handler = makeHandler((n) => {
      before.add(storage.getStore())
      storage.enterWith(n)
    })
    const told = []
    const onError = (_error, n) => told.push([n, storage.getStore()])
    const answers = await askAll(t, serve(t, { onError }, handler))
    t.true(answers.every(([, { status }]) => status === 500))
    t.is(told.length, answers.length)
    for (const [n, store] of told) t.is(store, n)
    t.deepEqual([...before], [undefined])
  })
}

test('a refusal that the handler throws leaves its async context to no other call', async (t) => {
  const storage = new AsyncLocalStorage()
  const server = serve(t, {}, (n) => {
    const before = storage.getStore()
    storage.enterWith(n)
    throw Object.assign(new Error(`${before}`), { statusCode: 409 })
  })
  for (const [, { status, body }] of await askAll(t, server)) t.deepEqual([status, body.trim()], [409, 'undefined'])
})

// As with node:http, whose handlers see the context that `listen()` was called in, wherever the requests come from.
test('every call begins in the async context in which the server was started', async (t) => {
  const storage = new AsyncLocalStorage()
  const own = new AsyncLocalStorage()
  const server = storage.run(1000, () => serve(t, {}, (n) => {
    const seen = storage.getStore()
    const before = own.getStore()
    storage.enterWith(-1)
    own.enterWith(n)
    return before === undefined ? seen + n : -1
  }))
  const answers = await storage.run(0, () => askAll(t, server))
  for (const [n, { body }] of answers) t.is(body, String(1000 + n))
})

test('a context entered after the server was started is not seen by its calls', async (t) => {
  const storage = new AsyncLocalStorage()
  storage.enterWith(1000)
  const server = serve(t, {}, async (n) => {
    await turn()
    return storage.getStore() + n
  })
  storage.enterWith(0)
  for (const [n, { body }] of await askAll(t, server)) t.is(body, String(1000 + n))
})

// Node.js begins to follow promises when a process first uses a storage; in this process a call does so.
test('the first call in a process to enter a context keeps it to itself, too', async (t) => {
  const child = startMain(t, async ({ serverListen }) => {
    const { AsyncLocalStorage } = require('node:async_hooks')
    const storage = new AsyncLocalStorage()
    const server = serverListen({ port: 0, host: '127.0.0.1' }, async (n) => {
      const before = storage.getStore()
      await null
      storage.enterWith(n)
      await null
      return before === undefined && storage.getStore() === n ? n : -1
    })
    const ask = async (n) => (await fetch(`${server.url}/${n}`, { method: 'POST' })).text()
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)))
    console.log(answers.join())
    await server.close()
  })
  t.is(await child.line(), Array.from({ length: 20 }, (_, n) => n).join())
  t.is((await child.exited).code, 0)
})

// From here on without a server: the code that runs the calls.

// By default calls do not begin with a resource each; in newer versions of Node.js without frames they do.
const WITHOUT_FRAMES = '--no-async-context-frame'
const flags = ['--experimental-async-context-frame', WITHOUT_FRAMES]
  .filter((flag) => process.allowedNodeEnvironmentFlags.has(flag))

for (const flag of [undefined, ...flags]) {
  test(`calls are kept apart wherever Node.js keeps stores: ${flag ?? 'by default'}`, async (t) => {
    const child = startMain(t, (_helpers, file) => {
      const { AsyncLocalStorage } = require('node:async_hooks')
      const { captureContexts, implementations } = require(file)
      const storage = new AsyncLocalStorage()
      const contexts = storage.run('home', captureContexts)
      const seen = []
      const step = () => {
        seen.push(storage.getStore())
        storage.enterWith('entered')
        return seen.length % 3 > 0
      }
      contexts.run(step)
      contexts.run(step)
      console.log([...new Set(seen), storage.getStore(), contexts.constructor === implementations.PerCall].join())
    }, { args: [require.resolve('../lib/calls/async-contexts.js')], execArgv: flag ? [flag] : [] })
    t.is(await child.line(), `home,,${flag === WITHOUT_FRAMES}`)
  })
}

// Which of them keep calls apart depends on Node.js; `PerCall` always does.
const SOUND = new Set([captureContexts().constructor, implementations.PerCall])

for (const Contexts of SOUND) {
  test(`${Contexts.name}: steps are kept apart, also from those that run within them`, (t) => {
    const storage = new AsyncLocalStorage()
    const contexts = storage.run('home', () => new Contexts())
    const seen = []
    const enter = (store) => {
      seen.push(storage.getStore())
      storage.enterWith(store)
    }
    const steps = (depth) => {
      let left = 3
      contexts.run(() => {
        if (left === 2 && depth > 0) steps(depth - 1)
        enter(left)
        if (left === 3 && depth > 0) steps(depth - 1)
        seen.push(storage.getStore() === left ? 'home' : 'another\'s')
        return --left > 0
      })
    }
    storage.run('caller', () => {
      steps(2)
      steps(2)
      seen.push(storage.getStore() === 'caller' ? 'home' : 'a call\'s')
    })
    t.deepEqual([...new Set(seen)], ['home'])
    t.is(seen.length, 2 * 6 * (1 + 2 + 4) + 1)
  })

  test(`${Contexts.name}: a step that throws is the last, and its context ends with it`, (t) => {
    const storage = new AsyncLocalStorage()
    const contexts = new Contexts()
    const seen = []
    const step = () => {
      seen.push(storage.getStore())
      storage.enterWith(1)
      throw new Error('no')
    }
    for (let i = 0; i < 3; i++) t.throws(() => contexts.run(step), { message: 'no' })
    t.deepEqual([...seen, storage.getStore()], [undefined, undefined, undefined, undefined])
  })
}

test('steps that touch no async context share a resource until one of them does', (t) => {
  const storage = new AsyncLocalStorage()
  const contexts = new implementations.Watched()
  let left = 100
  contexts.run(() => --left > 0)
  t.is(left, 0)
  t.true(contexts.isShared)
  if (captureContexts().constructor !== implementations.Watched) return
  contexts.run(() => void storage.run(1, () => {}))
  t.false(contexts.isShared)
})
