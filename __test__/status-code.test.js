'use strict'

const test = require('ava')
const { connect, fibonacci, post, serve } = require('./helpers.js')

// Answers with the error that `fields` make of it.
function refuse(t, fields) {
  return post(t, serve(t, { onError: () => {} }, () => { throw Object.assign(new Error('N is odd.'), fields) }), '/15')
}

for (const field of ['statusCode', 'status']) {
  test(`an error with ${field} 4xx is that status and its message`, async (t) => {
    for (const status of [400, 404, 409, 418, 422, 429, 451, 499]) {
      const response = await refuse(t, { [field]: status })
      t.is(response.status, status)
      t.regex(response.headers['content-type'], /^text\/plain/)
      t.is(response.body.trimEnd(), 'N is odd.')
    }
  })

  test(`an error with ${field} 5xx is that status and keeps its message to itself`, async (t) => {
    for (const status of [500, 502, 503, 599]) {
      const response = await refuse(t, { [field]: status })
      t.is(response.status, status)
      t.false(response.body.includes('odd'))
    }
  })

  test(`an error with ${field} 5xx and expose shows its message`, async (t) => {
    const response = await refuse(t, { [field]: 503, expose: true })
    t.is(response.status, 503)
    t.is(response.body.trimEnd(), 'N is odd.')
  })

  test(`an error with a ${field} that is no error status is 500`, async (t) => {
    for (const status of [0, -400, 100, 200, 204, 304, 399, 600, 1000, 400.5, NaN, '400', 400n, null, {}]) {
      const response = await refuse(t, { [field]: status })
      t.is(response.status, 500, String(status))
      t.false(response.body.includes('odd'))
    }
  })
}

test('expose: false keeps the message of a 4xx, too', async (t) => {
  const response = await refuse(t, { statusCode: 404, expose: false })
  t.is(response.status, 404)
  t.false(response.body.includes('odd'))
})

test('a 4xx is an answer and no fault, a 5xx is a fault', async (t) => {
  const told = []
  const server = serve(t, { onError: (error, n) => told.push([error.statusCode, n]) }, (n) => {
    throw Object.assign(new Error('no'), { statusCode: n })
  })
  for (const n of [400, 499, 500, 599]) t.is((await post(t, server, `/${n}`)).status, n)
  t.deepEqual(told, [[500, 500], [599, 599]])
  t.is(server.stats().handlerErrors, 2)
})

test('statusCode counts before status', async (t) => {
  t.is((await refuse(t, { statusCode: 404, status: 409 })).status, 404)
})

test('a rejection is treated alike', async (t) => {
  const server = serve(t, {}, async () => { throw Object.assign(new Error('N is odd.'), { statusCode: 404 }) })
  const { status, body } = await post(t, server, '/15')
  t.is(status, 404)
  t.is(body.trimEnd(), 'N is odd.')
})

test('what is thrown need not be an Error', async (t) => {
  const server = serve(t, {}, () => { throw { statusCode: 404, message: 'N is odd.' } })
  const { status, body } = await post(t, server, '/15')
  t.is(status, 404)
  t.is(body.trimEnd(), 'N is odd.')
})

test('a message is a body of one line, whatever it contains', async (t) => {
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

test('a message that is no string is no reason to fall over', async (t) => {
  const messages = [undefined, null, 610, Symbol('odd'), {}, { toString() { throw new Error('odd') } }]
  const server = serve(t, {}, (n) => { throw { statusCode: 404, message: messages[n] } })
  const client = await connect(t, server)
  for (const i of messages.keys()) t.true([404, 500].includes((await client.send(`/${i}`)).status))
})
