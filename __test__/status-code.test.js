'use strict'

const test = require('ava')
const { reply } = require('../index.js')
const { connect, fibonacci, post, serve, untilStats } = require('./helpers.js')

// The answer to a call that throws an error with `fields`.
function refuse(t, fields) {
  return post(t, serve(t, { onError: () => {} }, () => { throw Object.assign(new Error('N is odd.'), fields) }), '/15')
}

for (const field of ['statusCode', 'status']) {
  test(`an error with ${field} 4xx is answered with that status and its message`, async (t) => {
    for (const status of [400, 404, 409, 418, 422, 429, 451, 499]) {
      const response = await refuse(t, { [field]: status })
      t.is(response.status, status)
      t.regex(response.headers['content-type'], /^text\/plain/)
      t.is(response.body.trimEnd(), 'N is odd.')
    }
  })

  test(`an error with ${field} 5xx is answered with that status, but not its message`, async (t) => {
    for (const status of [500, 502, 503, 599]) {
      const response = await refuse(t, { [field]: status })
      t.is(response.status, status)
      t.false(response.body.includes('odd'))
    }
  })

  test(`an error with ${field} 5xx and expose is answered with its message`, async (t) => {
    const response = await refuse(t, { [field]: 503, expose: true })
    t.is(response.status, 503)
    t.is(response.body.trimEnd(), 'N is odd.')
  })

  test(`an error with a ${field} that is no error status is answered with 500`, async (t) => {
    for (const status of [0, -400, 100, 200, 204, 304, 399, 600, 1000, 400.5, NaN, '400', 400n, null, {}]) {
      const response = await refuse(t, { [field]: status })
      t.is(response.status, 500, String(status))
      t.false(response.body.includes('odd'))
    }
  })
}

test('an error below 500 without a message for the client is answered with the reason phrase', async (t) => {
  const withoutMessage = [
    {}, ...[undefined, null, '', ' ', 610, {}, ['odd'], Symbol('odd'), () => 'odd'].map((message) => ({ message })),
    { message: 'N is odd.', expose: false }, { message: { toString() { throw new Error('odd') } } }
  ]
  const reasons = { 400: 'Bad Request', 404: 'Not Found', 409: 'Conflict', 429: 'Too Many Requests', 499: 'Unknown' }
  for (const [status, reason] of Object.entries(reasons)) {
    const server = serve(t, {}, (n) => { throw { statusCode: Number(status), ...withoutMessage[n] } })
    const client = await connect(t, server)
    for (const i of withoutMessage.keys()) {
      const response = await client.send(`/${i}`)
      t.deepEqual([response.status, response.body], [Number(status), `${reason}\n`], String(i))
    }
  }
})

test('an error of 500 or more without a message for the client says that the function failed', async (t) => {
  for (const fields of [{}, { message: undefined, expose: true }, { message: '', expose: true }]) {
    const { status, body } = await refuse(t, { statusCode: 503, ...fields })
    t.deepEqual([status, body], [503, 'The function failed.\n'])
  }
})

test('a 4xx is no fault and is not reported, a 5xx is both', async (t) => {
  const told = []
  const server = serve(t, { onError: (error, n) => told.push([error.statusCode, n]) }, (n) => {
    throw Object.assign(new Error('no'), { statusCode: n })
  })
  for (const n of [400, 499, 500, 599]) t.is((await post(t, server, `/${n}`)).status, n)
  t.deepEqual(told, [[500, 500], [599, 599]])
  t.is(server.stats().handlerErrors, 2)
})

test('statusCode takes precedence over status', async (t) => {
  t.is((await refuse(t, { statusCode: 404, status: 409 })).status, 404)
})

test('a rejection is treated like a thrown error', async (t) => {
  const server = serve(t, {}, async () => { throw Object.assign(new Error('N is odd.'), { statusCode: 404 }) })
  const { status, body } = await post(t, server, '/15')
  t.is(status, 404)
  t.is(body.trimEnd(), 'N is odd.')
})

test('a thrown object need not be an Error', async (t) => {
  const server = serve(t, {}, () => { throw { statusCode: 404, message: 'N is odd.' } })
  const { status, body } = await post(t, server, '/15')
  t.is(status, 404)
  t.is(body.trimEnd(), 'N is odd.')
})

test('a message becomes a body of one line, whatever it contains', async (t) => {
  const splitting = 'a\r\nSet-Cookie: b=c\r\n\r\nHTTP/1.1 200 OK'
  const messages = ['', 'Zu groß: 10⁶ 🙈', splitting, '\0', '\ud800', 'x'.repeat(1024)]
  const server = serve(t, {}, (n) => {
    if (n === 15) return fibonacci(n)
    throw Object.assign(new Error(messages[n]), { statusCode: 400 })
  })
  const client = await connect(t, server)
  for (const [i, message] of messages.entries()) {
    const { status, headers, body } = await client.send(`/${i}`)
    t.is(status, 400)
    t.is(headers['set-cookie'], undefined)
    if (message !== '') t.is(body.trimEnd(), message.toWellFormed().replace(/\p{Cc}/gu, ' ').trimEnd())
  }
  t.is((await client.send('/15')).body, '610', 'the framing held')
})

test('a message is cut after 1024 characters', async (t) => {
  const { body } = await refuse(t, { statusCode: 400, message: 'x'.repeat(100_000) })
  t.is(body.trimEnd(), 'x'.repeat(1024))
})

test("a function's own 413 and 431 are not counted as requests too large for the server", async (t) => {
  const refuse = (status) => { throw Object.assign(new Error('No.'), { statusCode: status }) }
  for (const [handler, targets] of [
    [refuse, ['/413', '/414', '/431']],
    [{ refuse, answer: (status) => reply(1, { status }) }, ['/refuse/413', '/refuse/431', '/answer/413', '/answer/431']]
  ]) {
    const server = serve(t, { maxBodySize: 10 }, handler)
    for (const target of targets) t.is(String((await post(t, server, target)).status), target.slice(-3))
    await untilStats(server, { responses4xx: targets.length })
    const { bodiesTooLarge, headersTooLarge } = server.stats()
    t.deepEqual([bodiesTooLarge, headersTooLarge], [0, 0])
    t.is((await post(t, server, targets[0], { headers: { 'Content-Type': 'application/json' }, body: 'x'.repeat(11) })).status, 413)
    await untilStats(server, { bodiesTooLarge: 1 })
  }
})
