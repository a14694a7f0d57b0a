'use strict'

// What is reported when functions by name fail: to the client, to onError, to subscribers, to the log.

const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const test = require('ava')
const { reply, typed } = require('..')
const { connect, post, serve, start, startMain } = require('./helpers.js')

const json = { 'Content-Type': 'application/json' }

function refusal(statusCode, message, more) {
  return Object.assign(new Error(message), { statusCode, ...more })
}

// A server of functions that fail, and what `onError` was called with.
function serveFailing(t, functions, options) {
  const told = []
  const onError = (error, call) => told.push({ error, ...call })
  const server = serve(t, { onError, ...options }, functions)
  return { server, told }
}

test('a throw, a rejection and a wrong result are reported with the function and its arguments', async (t) => {
  const failure = new Error('secret')
  const { server, told } = serveFailing(t, {
    throws: (a, b) => { throw failure },
    rejects: typed('(name: string, big: int64, more?: json) => int', async () => { throw failure }),
    unfit: typed('(values: number[]) => int', () => 1.5),
    unfitLater: async () => undefined,
    unfitReply: typed('() => int', () => reply('1', { status: 201 }))
  })
  const client = await connect(t, server)
  const calls = [
    ['/throws', '[1,{"a":[2]}]'], ['/rejects', '{"name":"Ada","big":"9007199254740993"}'], ['/unfit', '[[1,2]]'],
    ['/unfitLater', ''], ['/unfitReply', '[]']
  ]
  for (const [target, body] of calls) {
    const { status, headers, body: text } = await client.send(target, { headers: body === '' ? {} : json, body })
    t.is(status, 500, target)
    t.is(headers['content-type'], 'application/problem+json')
    t.deepEqual(JSON.parse(text), {
      type: 'about:blank', title: 'Internal Server Error', status: 500, detail: 'The function failed.', code: 'ERR_FAILED'
    })
  }
  t.deepEqual(told.map((each) => each.function), ['throws', 'rejects', 'unfit', 'unfitLater', 'unfitReply'])
  t.deepEqual(told[0].arguments, [1, { a: [2] }])
  t.deepEqual(told[1].arguments.slice(0, 2), ['Ada', 9007199254740993n])
  t.is(told[1].arguments[2], undefined)
  t.deepEqual(told[2].arguments, [new Float64Array([1, 2])])
  t.deepEqual(told[3].arguments, [])
  t.is(told[0].error, failure)
  t.is(told[1].error, failure)
  for (const { error } of told.slice(2)) t.like(error, { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' })
  t.regex(told[2].error.message, /^unfit must return an int.* It returned 1\.5\./)
  t.regex(told[3].error.message, /Is a `return` missing\?.*=> void/)
  t.is(server.stats().handlerErrors, 5)
})

test('an error with a status below 500 is answered with its message and header fields, and not reported', async (t) => {
  const { server, told } = serveFailing(t, {
    slow: () => { throw refusal(429, 'Slow "down".\nPlease.', { headers: { 'X-Reset': 3, Connection: 'close' } }) },
    gone: async () => { throw refusal(410, '') }
  })
  const client = await connect(t, server)
  const slow = await client.send('/slow')
  t.is(slow.status, 429)
  t.is(slow.headers['x-reset'], '3')
  t.not(slow.headers.connection, 'close')
  t.like(JSON.parse(slow.body), { title: 'Too Many Requests', status: 429, detail: 'Slow "down".\nPlease.', code: 'ERR_REFUSED' })
  const gone = await client.send('/gone')
  t.like(JSON.parse(gone.body), { status: 410, detail: 'Gone.', code: 'ERR_REFUSED' })
  t.deepEqual(told, [])
  t.is(server.stats().handlerErrors, 0)
})

test('an error with a status from 500 on is reported, and hidden from the client unless it is exposed', async (t) => {
  const { server, told } = serveFailing(t, {
    hidden: () => { throw refusal(503, 'secret') },
    shown: () => { throw refusal(502, 'The bank is closed.', { expose: true }) },
    wrongFields: () => { throw refusal(404, 'Gone.', { headers: { A: 'b\r\nC: d' } }) }
  })
  const client = await connect(t, server)
  t.like(JSON.parse((await client.send('/hidden')).body), { status: 503, detail: 'The function failed.', code: 'ERR_FAILED' })
  t.like(JSON.parse((await client.send('/shown')).body), { status: 502, detail: 'The bank is closed.', code: 'ERR_FAILED' })
  const wrong = await client.send('/wrongFields')
  t.like(JSON.parse(wrong.body), { status: 500, detail: 'The function failed.', code: 'ERR_FAILED' })
  t.is(wrong.headers.c, undefined)
  t.deepEqual(told.map((each) => each.function), ['hidden', 'shown', 'wrongFields'])
})

test('an error with an invalid status or header fields is reported as the cause of one that says so', async (t) => {
  const errors = [
    refusal(404, 'Gone.', { headers: { A: 'b\r\nC: d' } }), refusal(404, 'Gone.', { headers: 'A: b' }),
    refusal('404', 'Gone.'), refusal(404.5, 'Gone.'), Object.assign(new Error('Gone.'), { status: 'NOT_FOUND' })
  ]
  const { server, told } = serveFailing(t, { fail: (i) => { throw errors[i] }, later: async (i) => { throw errors[i] } })
  for (const [i, error] of errors.entries()) {
    for (const name of ['fail', 'later']) {
      t.is((await post(t, server, `/${name}/${i}`)).status, 500)
      const { error: shown } = told.pop()
      t.like(shown, { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', cause: error })
    }
  }
  const sentences = [
    /^fail threw an error whose `headers` are wrong\. The header field a has characters/, /`headers` are wrong\. .*object of/,
    /^fail threw an error whose status is '404', which is not an integer\. Write 404 without quotes\.$/, /404\.5.*not an integer\.$/,
    /'NOT_FOUND', which is not an integer\.$/
  ]
  for (const [i, sentence] of sentences.entries()) {
    await post(t, server, `/fail/${i}`)
    t.regex(told.pop().error.message, sentence)
  }
})

test('an error whose status is not that of an error is reported as it is', async (t) => {
  const errors = [refusal(200), refusal(1), refusal(null), refusal(undefined)]
  const { server, told } = serveFailing(t, { fail: (i) => { throw errors[i] } })
  for (const [i, error] of errors.entries()) {
    t.is((await post(t, server, `/fail/${i}`)).status, 500)
    t.is(told.pop().error, error)
  }
})

test('one typed function at the root fails under its own name', async (t) => {
  const { server, told } = serveFailing(t, typed('(a: int) => int', function half(a) { return a / 2 }))
  t.is((await post(t, server, '/4')).body, '2')
  t.is((await post(t, server, '/3')).status, 500)
  t.like(told, [{ function: 'half', arguments: [3] }])
})

test('subscribers get the function and its arguments, and no n', async (t) => {
  const messages = []
  const listener = (message) => messages.push(message)
  subscribe('ringcall:handler-error', listener)
  t.teardown(() => unsubscribe('ringcall:handler-error', listener))
  const { server } = serveFailing(t, { fail: (a) => { throw a } })
  await post(t, server, '/fail/3')
  const [{ ...message }] = messages.filter((each) => each.server === server)
  t.deepEqual(Object.keys(message), ['server', 'error', 'function', 'arguments'])
  t.is(message.error, 3)
  t.is(message.function, 'fail')
  t.deepEqual(message.arguments, [3])
})

test('without onError the first failure is a process warning with the function, but not its arguments', async (t) => {
  const child = startMain(t, ({ serverListen }) => {
    process.on('warning', ({ code, message }) => console.log(JSON.stringify({ code, message })))
    console.log(serverListen(0, { fail: (a) => { throw new Error('no') } }).port)
  })
  const client = await connect(t, Number(await child.line()))
  for (const password of ['12345', '12346']) t.is((await client.send(`/fail/${password}`)).status, 500)
  const { code, message } = JSON.parse(await child.line())
  t.is(code, 'RINGCALL_HANDLER_ERROR')
  t.regex(message, /^The function fail failed\. This warning comes once/)
  t.false(message.includes('12345'))
  child.kill('SIGKILL')
  t.is((await child.exited).stderr.match(/RINGCALL_HANDLER_ERROR/g).length, 1)
})

test('NODE_DEBUG=ringcall names the function', async (t) => {
  const source = `
    const { serverListen } = require('ringcall')
    console.log(serverListen({ port: 0, onError() {} }, { fail: () => { throw new Error('no') } }).port)`
  const child = start(t, ['-e', source], { env: { NODE_DEBUG: 'ringcall' } })
  t.is((await post(t, Number(await child.line()), '/fail')).status, 500)
  child.kill('SIGTERM')
  t.regex((await child.exited).stderr, /the function fail failed: Error: no/)
})

test('a function gets all its declared arguments: none that is sent stands in for an absent one', async (t) => {
  const seen = (...values) => values.map((value) => value ?? null)
  const arity = (n) => `(${Array.from({ length: n }, (_, i) => `a${i}?: int`).join(', ')}) => json`
  const functions = {
    text: typed('(text: string, authorization?: header) => json', seen),
    ...Object.fromEntries([1, 2, 3, 4, 9].map((n) => [`of${n}`, typed(arity(n), seen)]))
  }
  const server = serve(t, {}, functions)
  const answer = async (path, body) => JSON.parse((await post(t, server, path, { body, headers: json })).body)
  t.deepEqual(await answer('/text', '["Bearer ada"]'), ['Bearer ada', null])
  t.deepEqual(await answer('/text', '{"text":"Bearer ada"}'), ['Bearer ada', null])
  for (const n of [1, 2, 3, 4, 9]) {
    for (let given = 0; given <= n; given++) {
      const values = Array.from({ length: n }, (_, i) => (i < given ? i : null))
      t.deepEqual(await answer(`/of${n}`, JSON.stringify(values.slice(0, given))), values)
    }
    t.deepEqual(await answer(`/of${n}`, `{"a${n - 1}":7}`), [...Array(n - 1).fill(null), 7])
  }
})

test('server.functions says what a server serves', (t) => {
  const { server } = serveFailing(t, { sum: typed('(a: int, b: int) => int', (a, b) => a + b), echo: (a) => a })
  t.like(server.functions, [
    { name: 'sum', signature: '(a: int, b: int) => int', fewest: 2 }, { name: 'echo', isDeclared: false, fewest: 1 }
  ])
  t.deepEqual(serve(t).functions, [])
})
