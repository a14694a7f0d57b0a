'use strict'

// Functions that worker threads run, on either engine: no client waits for another's call, a worker that ends fails the
// calls that it had begun and no others, and a reload fails none.

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { threadId: ownThread } = require('node:worker_threads')
const test = require('ava')
const {
  connect, connectMany, engine, post, promptTest, request, root, serve, until, untilStats
} = require('./helpers.js')

const GATED = require.resolve('./modules/gated.js')
const GATES = 8

// Gates at which threads wait until the test opens them.
function gates(t) {
  const words = new Int32Array(new SharedArrayBuffer(2 * GATES * Int32Array.BYTES_PER_ELEMENT))
  const open = (gate) => {
    Atomics.store(words, 2 * gate + 1, 1)
    Atomics.notify(words, 2 * gate + 1)
  }
  t.teardown(() => {
    for (let gate = 0; gate < GATES; gate++) open(gate)
  })
  const arrived = (gate) => Atomics.load(words, 2 * gate)
  return { memory: words.buffer, arrived, untilArrived: (gate, count = 1) => until(() => arrived(gate) >= count), open }
}

// A server of modules/gated.js, whose workers have all started, and the reports of their exits.
async function serveGated(t, options) {
  const { memory, ...ends } = gates(t)
  const { workerOptions, ...others } = options
  const server = serve(t, { onError() {}, workerOptions: { workerData: memory, ...workerOptions }, ...others }, GATED)
  const exits = exitsOf(t, server)
  await untilWorkers(server)
  return { server, exits, ...ends }
}

// The arguments that are reported of a call that has ended its worker: with io_uring they are lost with it.
function known(args) {
  return engine === 'io_uring' ? [] : args
}

async function untilWorkers(server) {
  await until(() => server.stats().workers.every(({ state }) => state === 'idle' || state === 'busy'))
}

function exitsOf(t, server) {
  const exits = []
  const listen = (exit) => exit.server === server && exits.push(exit)
  subscribe('ringcall:worker-exit', listen)
  t.teardown(() => unsubscribe('ringcall:worker-exit', listen))
  return exits
}

// Makes `count` quick calls one after another, so that the next ones are handed over together.
async function warmUp(t, server, count = 100) {
  const client = await connect(t, server)
  for (let i = 0; i < count; i++) t.is((await client.send('/sum/1/2')).body, '3')
  client.destroy()
}

// Sends each request on a connection that the server has already accepted, so that they reach it together.
async function atOnce(t, server, targets) {
  const clients = await connectMany(t, server, targets.length)
  await Promise.all(clients.map((client) => client.send('/sum/1/2')))
  await Promise.all(clients.map((client, i) => client.write(request(targets[i]))))
  return clients
}

const codeOf = ({ status, body }) => [status, JSON.parse(body).code]

test('functions run in worker threads, never in this one', async (t) => {
  const { server } = await serveGated(t, { workers: 2 })
  const client = await connect(t, server)
  for (let i = 0; i < 20; i++) {
    const thread = Number((await client.send('/thread')).body)
    t.true(thread > 0 && thread !== ownThread, `${thread}`)
  }
})

test('a slow call delays only its own client', async (t) => {
  const { server, untilArrived, open } = await serveGated(t, { workers: 2 })
  const [slow, quick] = await connectMany(t, server, 2)
  await slow.write(request('/hold/0'))
  await untilArrived(0)
  for (let i = 0; i < 50; i++) t.is((await quick.send(`/sum/${i}/1`)).body, String(i + 1))
  open(0)
  t.is((await slow.response()).status, 200)
})

test('calls handed over together with a slow one are run by another worker', async (t) => {
  const { server, untilArrived, open } = await serveGated(t, { workers: 2 })
  await warmUp(t, server)
  const [slow, ...quick] = await atOnce(t, server, ['/hold/0', ...Array(30).fill('/sum/1/2')])
  for (const client of quick) t.is((await client.response()).body, '3')
  await untilArrived(0)
  open(0)
  t.is((await slow.response()).status, 200)
})

test('as many slow calls as there are workers run at a time, and the next one after them', async (t) => {
  const { server, arrived, untilArrived, open } = await serveGated(t, { workers: 2 })
  const clients = await connectMany(t, server, 3)
  for (const client of clients.slice(0, 2)) await client.write(request('/hold/0'))
  await untilArrived(0, 2)
  await clients[2].write(request('/hold/1'))
  await untilStats(server, { inFlight: 3 })
  t.is(arrived(1), 0)
  open(0)
  await untilArrived(1)
  open(1)
  const threads = await Promise.all(clients.map((client) => client.response()))
  t.is(new Set(threads.slice(0, 2).map(({ body }) => body)).size, 2)
})

test('pipelined requests run at the same time, and their answers keep their order', async (t) => {
  const { server, untilArrived, open } = await serveGated(t, { workers: 2 })
  const client = await connect(t, server)
  await client.write(request('/hold/0') + request('/hold/1') + request('/sum/1/2'))
  await untilArrived(0)
  await untilArrived(1)
  open(1)
  open(0)
  const [first, second, third] = await client.responses(3)
  t.not(first.body, second.body)
  t.is(third.body, '3')
})

test('async calls spread over all workers, each of which has its part of maxInFlight', async (t) => {
  const { server, untilArrived, open } = await serveGated(t, { workers: 2, maxInFlight: 8 })
  const clients = await atOnce(t, server, Array(8).fill('/wait/0'))
  await untilArrived(0, 8)
  t.deepEqual(codeOf(await post(t, server, '/wait/0')), [503, 'ERR_OVERLOADED'])
  open(0)
  const threads = (await Promise.all(clients.map((client) => client.response()))).map(({ body }) => body)
  for (const thread of new Set(threads)) t.is(threads.filter((each) => each === thread).length, 4)
})

test('a worker whose async calls wait runs others meanwhile', async (t) => {
  const { server, untilArrived, open } = await serveGated(t, { workers: 1 })
  const [waiting, other] = await connectMany(t, server, 2)
  await waiting.write(request('/wait/0'))
  await untilArrived(0)
  for (let i = 0; i < 10; i++) t.is((await other.send('/sum/1/2')).body, '3')
  open(0)
  t.is((await waiting.response()).status, 200)
})

// Tests about time run one at a time, as the start of a server blocks this thread.
promptTest(test.serial)('promises that never settle are given up, and their worker goes on', async (t, timeout) => {
  const { server } = await serveGated(t, { workers: 1, maxInFlight: 4, handlerTimeout: timeout })
  for (let round = 0; round < 3; round++) {
    const clients = await atOnce(t, server, Array(4).fill('/never'))
    for (const client of clients) t.deepEqual(codeOf(await client.response()), [503, 'ERR_TIMEOUT'])
    // The worker gives them up a little after their clients are answered.
    await untilStats(server, { inFlight: 0 })
  }
  t.is((await post(t, server, '/sum/1/2')).body, '3')
  t.like(server.stats(), { inFlight: 0, handlerTimeouts: 12 })
  t.is(server.stats().workers[0].restarts, 0)
})

promptTest(test.serial)('an endless call gets 503 at handlerTimeout, its worker is replaced, others are served', async (t, timeout) => {
  const told = []
  const onError = (error, call) => told.push([error.code, call])
  const { server, exits, untilArrived } = await serveGated(t, { workers: 2, handlerTimeout: 2 * timeout, onError })
  const [endless, other] = await connectMany(t, server, 2)
  const answer = endless.send('/spin/0')
  await untilArrived(0)
  for (let i = 0; i < 20; i++) t.is((await other.send('/sum/1/2')).body, '3')
  t.deepEqual(codeOf(await answer), [503, 'ERR_TIMEOUT'])
  await until(() => exits.length > 0)
  t.is(exits[0].error.code, 'ERR_WORKER_OVERDUE')
  t.is(exits[0].restartIn, 100)
  await until(() => told.length > 0)
  t.deepEqual(told, [['ERR_WORKER_DIED', { function: 'spin', arguments: known([0]) }]])
  await untilWorkers(server)
  t.is(server.stats().workers.reduce((sum, { restarts }) => sum + restarts, 0), 1)
  t.is((await post(t, server, '/sum/1/2')).body, '3')
})

test.serial('a call that begins late, and takes less than handlerTimeout, does not end its worker', async (t) => {
  const { server, exits, untilArrived, open } = await serveGated(t, { workers: 1, handlerTimeout: 2000 })
  const [first, second] = await connectMany(t, server, 2)
  await first.write(request('/hold/0'))
  await untilArrived(0)
  await second.write(request('/hold/1'))
  setTimeout(open, 800, 0)
  t.is((await first.response()).status, 200)
  await untilArrived(1)
  // It has waited for 800 ms, so its client's time is over before it has held the worker for handlerTimeout.
  t.deepEqual(codeOf(await second.response()), [503, 'ERR_TIMEOUT'])
  open(1)
  t.is((await first.send('/sum/1/2')).body, '3')
  t.deepEqual(exits, [])
})

test.serial('a call whose time is over before it begins is never run', async (t) => {
  const { server, arrived, untilArrived, open } = await serveGated(t, { workers: 1, handlerTimeout: 500 })
  const [first, second] = await connectMany(t, server, 2)
  await first.write(request('/hold/0'))
  await untilArrived(0)
  await second.write(request('/arrive/1'))
  t.deepEqual(codeOf(await second.response()), [503, 'ERR_TIMEOUT'])
  open(0)
  await until(() => server.stats().workers[0].state === 'idle')
  t.is((await second.send('/sum/1/2')).body, '3')
  t.is(arrived(1), 0)
})

test.serial('a call whose schema decides after its time is over is never run', async (t) => {
  const { server, arrived, untilArrived, open } = await serveGated(t, { workers: 1, handlerTimeout: 500 })
  const client = await connect(t, server)
  const json = { headers: { 'Content-Type': 'application/json' }, body: '[0, 1]' }
  t.deepEqual(codeOf(await client.send('/checked', json)), [503, 'ERR_TIMEOUT'])
  await untilArrived(0)
  open(0)
  // The same once more, in time.
  t.is((await client.send('/checked', json)).status, 204)
  t.is(arrived(1), 1)
})

for (const how of ['timer', 'immediate', 'microtasks']) {
  test(`a worker whose event loop is blocked (${how}) is replaced when calls wait for it`, async (t) => {
    const { server, exits } = await serveGated(t, { workers: 1, handlerTimeout: 1000 })
    const client = await connect(t, server)
    t.is((await client.send(`/thenSpin/%22${how}%22`)).status, 200)
    let status
    while ((status = (await client.send('/sum/1/2')).status) !== 503) t.is(status, 200)
    await until(() => exits.length > 0)
    t.is(exits[0].error.code, 'ERR_WORKER_OVERDUE')
    await untilWorkers(server)
    t.is((await client.send('/sum/1/2')).body, '3')
  })
}

test.serial('a worker whose event loop is blocked is replaced although only promises wait for it', async (t) => {
  const { server, exits, untilArrived } = await serveGated(t, { workers: 1, handlerTimeout: 1000 })
  const [waiting, other] = await connectMany(t, server, 2)
  await waiting.write(request('/wait/0'))
  await untilArrived(0)
  t.is((await other.send('/thenSpin/%22timer%22')).status, 200)
  t.is((await waiting.response()).status, 503)
  await until(() => exits.length > 0)
  t.is(exits[0].error.code, 'ERR_WORKER_OVERDUE')
})

test('a worker that exits is replaced, and the call that it had begun gets 500', async (t) => {
  const told = []
  const onError = (error, call) => told.push([error.code, call])
  const { server, exits } = await serveGated(t, { workers: 1, onError })
  const client = await connect(t, server)
  t.deepEqual(codeOf(await client.send('/exit/7/0')), [500, 'ERR_FAILED'])
  // This call waits for the next worker.
  t.is((await client.send('/sum/1/2')).body, '3')
  t.like(exits, [{ exitCode: 7, error: null, restartIn: 100 }])
  t.deepEqual(told, [['ERR_WORKER_DIED', { function: 'exit', arguments: known([7, 0]) }]])
  t.like(server.stats(), { inFlight: 0, handlerErrors: 1, functions: { exit: { calls: 0, errors: 1 } } })
  t.like(server.stats().workers, [{ restarts: 1 }])
})

test('an error outside its calls ends a worker, and the calls that it had begun get 500', async (t) => {
  const { server, exits } = await serveGated(t, { workers: 1 })
  const client = await connect(t, server)
  t.deepEqual(codeOf(await client.send('/throwOutside')), [500, 'ERR_FAILED'])
  t.is((await client.send('/sum/1/2')).body, '3')
  t.is(exits.length, 1)
  t.true(exits[0].error instanceof RangeError)
  t.is(exits[0].error.message, 'It has nobody.')
})

test('a worker that runs out of memory ends alone', async (t) => {
  const workerOptions = { resourceLimits: { maxOldGenerationSizeMb: 16 } }
  const { server, exits } = await serveGated(t, { workers: 2, workerOptions })
  const [hungry, other] = await connectMany(t, server, 2)
  const answer = hungry.send('/exhaust')
  for (let i = 0; i < 20; i++) t.is((await other.send('/sum/1/2')).body, '3')
  t.deepEqual(codeOf(await answer), [500, 'ERR_FAILED'])
  await until(() => exits.length > 0)
  t.is(exits[0].error.code, 'ERR_WORKER_OUT_OF_MEMORY')
})

test('a request that ends its worker is not tried again', async (t) => {
  const { server, exits, arrived } = await serveGated(t, { workers: 2 })
  t.is((await post(t, server, '/exit/1/0')).status, 500)
  await untilWorkers(server)
  t.is(arrived(0), 1)
  await until(() => exits.length > 0)
})

test('where a call ends its worker, calls before it are answered, and calls after it run elsewhere', async (t) => {
  const { server, arrived } = await serveGated(t, { workers: 2 })
  await warmUp(t, server)
  const targets = [...Array(10).fill('/sum/1/2'), '/exit/1/0', ...Array(30).fill('/sum/1/2')]
  const clients = await atOnce(t, server, targets)
  const answers = await Promise.all(clients.map((client) => client.response()))
  t.deepEqual(codeOf(answers[10]), [500, 'ERR_FAILED'])
  answers.splice(10, 1)
  t.deepEqual([...new Set(answers.map(({ body }) => body))], ['3'])
  t.is(arrived(0), 1)
})

test('all async calls that a worker had begun get 500 when it ends, and those of the others go on', async (t) => {
  // One worker has four calls, the other three.
  const { server, untilArrived, open } = await serveGated(t, { workers: 2, maxInFlight: 8 })
  const clients = await atOnce(t, server, Array(7).fill('/wait/0'))
  await untilArrived(0, 7)
  t.is((await post(t, server, '/exit/1/1')).status, 500)
  await untilStats(server, { inFlight: 4 })
  open(0)
  const answers = await Promise.all(clients.map((client) => client.response()))
  const threads = answers.filter(({ status }) => status === 200).map(({ body }) => body)
  t.is(threads.length, 4)
  t.is(new Set(threads).size, 1)
  t.is(answers.filter(({ status }) => status === 500).length, 3)
})

test('workers that end again and again fail only the calls that end them', async (t) => {
  const { server, exits } = await serveGated(t, { workers: 3 })
  const clients = await connectMany(t, server, 12)
  const wrong = []
  const deadly = ['/exit/1/0', '/throwOutside']
  const good = [['/sum/3/4', '7'], ['/enter/1', 'true'], ['/sum/1/2', '3'], ['/compute/2']]
  await Promise.all(clients.map(async (client, i) => {
    for (let k = 30 * i; k < 30 * (i + 1); k++) {
      const isDeadly = k % 60 === 45
      const [target, expected] = isDeadly ? [deadly[k % 2]] : good[k % good.length]
      const { status, body } = await client.send(target)
      const isRight = isDeadly ? status === 500 : status === 200 && (expected ?? body) === body
      if (!isRight) wrong.push([target, status, body])
    }
  }))
  t.deepEqual(wrong, [])
  // One worker may end with several deadly calls.
  await until(() => exits.length > 0)
  t.true(exits.length <= 6, `${exits.length} workers have ended`)
  await untilStats(server, { inFlight: 0, handlerErrors: 6 })
})

test.serial('where no worker is alive, calls wait for the next one, at most for handlerTimeout', async (t) => {
  const { server, exits } = await serveGated(t, { workers: 1, handlerTimeout: 300 })
  const client = await connect(t, server)
  // The third worker that ends is replaced after 400 ms.
  for (let i = 0; i < 3; i++) {
    await untilWorkers(server)
    t.is((await client.send('/exit/1/0')).status, 500)
    await until(() => exits.length === i + 1)
  }
  t.is(exits[2].restartIn, 400)
  t.deepEqual(codeOf(await client.send('/sum/1/2')), [503, 'ERR_TIMEOUT'])
  await untilWorkers(server)
  t.is((await client.send('/sum/1/2')).body, '3')
})

test('onError gets in this thread the error that a function has thrown in another', async (t) => {
  const told = []
  const { server } = await serveGated(t, { workers: 2, onError: (error, call) => told.push([error, call]) })
  t.deepEqual(codeOf(await post(t, server, '/fail')), [500, 'ERR_FAILED'])
  await until(() => told.length > 0)
  const [[error, call]] = told
  t.deepEqual(call, { function: 'fail', arguments: [] })
  t.true(error instanceof TypeError)
  t.like(error, { name: 'TypeError', message: 'It fails.', code: 'ERR_ABOVE' })
  t.regex(error.stack, /gated\.js/)
  t.like(error.cause, { message: 'Below.', code: 'ERR_BELOW' })
})

test('each call has an async context of its own in its worker', async (t) => {
  const { server } = await serveGated(t, { workers: 2 })
  const clients = await connectMany(t, server, 8)
  const answers = await Promise.all(clients.map(async (client, i) => {
    await client.write(Array.from({ length: 8 }, (_, k) => request(`/enter/${8 * i + k}`)).join(''))
    return client.responses(8)
  }))
  t.deepEqual([...new Set(answers.flat().map(({ body }) => body))], ['true'])
})

test('calls, errors and refusals of functions are counted, whichever worker had them', async (t) => {
  const { server } = await serveGated(t, { workers: 2 })
  const clients = await connectMany(t, server, 4)
  await Promise.all(clients.map(async (client) => {
    for (let i = 0; i < 5; i++) {
      await client.send('/sum/1/2')
      await client.send('/fail')
      await client.send('/refused/a')
    }
  }))
  const { sum, fail, refused } = server.stats().functions
  t.like(sum, { calls: 20, errors: 0, refusals: 0 })
  t.is(sum.handlerTime.count, 20)
  t.like(fail, { calls: 20, errors: 20, refusals: 0 })
  t.like(refused, { calls: 0, errors: 0, refusals: 20 })
  t.is(server.stats().handlerErrors, 20)
  t.is(server.stats().workers.reduce((all, { calls }) => all + calls, 0), 40)
})

test('large bytes go to a worker and come back as they are', async (t) => {
  const { server } = await serveGated(t, { workers: 2 })
  const body = 'ringcall'.repeat(100_000)
  const clients = await connectMany(t, server, 4)
  for (const client of clients) await client.write(request('/bytes', { body }))
  for (const client of clients) t.is((await client.response()).body, body)
})

test.serial('timers of a worker go on while requests for it never cease', async (t) => {
  const { server } = await serveGated(t, { workers: 1 })
  const [busy, other] = await connectMany(t, server, 2)
  let answered = 0
  await busy.write(request('/compute/20').repeat(60))
  const all = busy.responses(60).then(() => (answered = 60))
  t.is((await other.send('/later/1')).status, 200)
  t.is(answered, 0)
  await all
})

test('computing calls of many clients all get their answers, and all workers run them', async (t) => {
  const { server } = await serveGated(t, { workers: 2 })
  const clients = await connectMany(t, server, 16)
  const answers = await Promise.all(clients.map(async (client) => {
    await client.write(request('/compute/1').repeat(8))
    return client.responses(8)
  }))
  const threads = answers.flat().map(({ status, body }) => (status === 200 ? body : status))
  t.is(threads.length, 128)
  t.is(new Set(threads).size, 2)
})

test('close() answers running calls, runs waiting ones, and ends the workers', async (t) => {
  const { server, untilArrived, open } = await serveGated(t, { workers: 2 })
  const clients = await connectMany(t, server, 4)
  for (const client of clients.slice(0, 2)) await client.write(request('/hold/0'))
  await untilArrived(0, 2)
  await clients[2].write(request('/sum/1/2'))
  await clients[3].write(request('/wait/1'))
  await untilStats(server, { inFlight: 4 })
  const closed = server.close()
  open(0)
  open(1)
  const statuses = await Promise.all(clients.map(async (client) => {
    const { status } = await client.response()
    client.end()
    return status
  }))
  t.deepEqual(statuses, [200, 200, 200, 200])
  await closed
})

test('close({ timeout }) resolves although a call never ends', async (t) => {
  const { server, untilArrived } = await serveGated(t, { workers: 2 })
  const [client] = await atOnce(t, server, ['/spin/0'])
  await untilArrived(0)
  await server.close({ timeout: 0 })
  await client.gone()
  t.is(server.stats().inFlight, 0)
})

// A module that tests rewrite, and a server of it, whose workers have all read the first version.
async function serveWritten(t, source, options) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'functions.js')
  const write = (text) => writeFileSync(file, `const { typed } = require(${JSON.stringify(root)})\n${text}`)
  write(source)
  const server = serve(t, { onError() {}, ...options }, file)
  await untilWorkers(server)
  return { server, write }
}

test('one plain function takes and returns an integer, as number or as bigint', async (t) => {
  const { server } = await serveWritten(t, 'module.exports = (n) => n === 0 ? "no" : n * n', { workers: 2 })
  t.is((await post(t, server, '/15')).body, '225')
  t.is((await post(t, server, '/0')).status, 500)
  t.is((await post(t, server, '/a')).status, 400)
  const written = await serveWritten(t, 'module.exports = async (n) => n ** 20n', { workers: 2, bigint: true })
  t.is((await post(t, written.server, '/1000')).body, `1${'0'.repeat(60)}`)
})

test("a plain function that throws: the answer has the error's status, and onError gets the integer", async (t) => {
  const told = []
  const onError = ({ message }, n) => told.push([message, n])
  const source = 'module.exports = (n) => { throw Object.assign(new Error(`no ${n}`), n > 1 && { statusCode: 409 }) }'
  const { server } = await serveWritten(t, source, { workers: 2, onError })
  const { status, body } = await post(t, server, '/2')
  t.deepEqual([status, body], [409, 'no 2\n'])
  t.is((await post(t, server, '/1')).status, 500)
  await until(() => told.length > 0)
  t.deepEqual(told, [['no 1', 1]])
})

test('reload() under load: each request is answered, and those after it by the new code', async (t) => {
  const version = (n) => `exports.version = async () => { await null; return ${n} }`
  const { server, write } = await serveWritten(t, version(0), { workers: 2 })
  const clients = await connectMany(t, server, 8)
  let isOver = false
  const seen = clients.map(async (client) => {
    const versions = []
    while (!isOver) {
      const { status, body } = await client.send('/version')
      versions.push(status === 200 ? Number(body) : `status ${status}`)
    }
    return versions
  })
  for (let n = 1; n <= 3; n++) {
    write(version(n))
    await server.reload()
    t.is((await post(t, server, '/version')).body, String(n))
  }
  isOver = true
  for (const versions of await Promise.all(seen)) t.deepEqual(versions, [...versions].sort((a, b) => a - b))
})

test('calls from before a reload() are answered by the old code, those after it by the new', async (t) => {
  const { memory, untilArrived, open } = gates(t)
  const source = (n) => `
    const gates = new Int32Array(require('node:worker_threads').workerData)
    exports.wait = async (gate) => {
      Atomics.add(gates, 2 * gate, 1)
      while (Atomics.load(gates, 2 * gate + 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      return ${n}
    }`
  const { server, write } = await serveWritten(t, source(1), { workers: 2, workerOptions: { workerData: memory } })
  const [before, after] = await connectMany(t, server, 2)
  await before.write(request('/wait/0'))
  await untilArrived(0)
  write(source(2))
  await server.reload()
  open(1)
  t.is((await after.send('/wait/1')).body, '2')
  open(0)
  t.is((await before.response()).body, '1')
})

test('a request whose head came before a reload() is read and answered by the old functions', async (t) => {
  const source = "exports.old = typed('(n: int) => int', (n) => n + 1)"
  const { server, write } = await serveWritten(t, source, { workers: 2 })
  const [begun, other] = await connectMany(t, server, 2)
  const whole = request('/old', { headers: { 'Content-Type': 'application/json' }, body: '{"n":1}' })
  await begun.write(whole.slice(0, -2))
  await untilStats(server, { connectionsOpen: 2 })
  t.is((await other.send('/old/1')).body, '2')
  write("exports.young = typed('(text: string) => string', (text) => text)")
  await server.reload()
  t.deepEqual(server.functions.map(({ name }) => name), ['young'])
  t.is((await other.send('/old/1')).status, 404)
  t.is((await other.send('/young/a')).body, '"a"')
  await begun.write(whole.slice(-2))
  t.is((await begun.response()).body, '2')
})

test('many reloads one after another leave only the last one\'s workers', async (t) => {
  const source = 'exports.thread = () => require("node:worker_threads").threadId'
  const { server } = await serveWritten(t, source, { workers: 1 })
  const threads = new Set()
  for (let i = 0; i < 8; i++) {
    await server.reload()
    threads.add((await post(t, server, '/thread')).body)
  }
  t.is(threads.size, 8)
  t.is(server.stats().workers.length, 1)
})
