'use strict'

const test = require('ava')
const { assertServes, connect, fibonacci, post, request, ringTest, serve } = require('./helpers.js')

// A server whose handler must be called with nothing but 15.
function serveOnly15(t, options) {
  return serve(t, options, (n) => (Number(n) === 15 ? fibonacci(15) : t.fail(`the handler was called with ${n}`)))
}

const noIntegers = [
  '/', '//', '//15', '/15/', '/15/15', '/./15', '/abc', '/15abc', '/abc15', '/1e3', '/0x10', '/0b1', '/0o17', '/+1',
  '/-', '/--1', '/-+1', '/1-', '/1.0', '/1.', '/.5', '/1,000', '/1_000', '/15n', '/%2F15', '/15%20', '/%2B15', '/NaN',
  '/15;a', '/15&a', '/?15', '/?', '/-?1', '/favicon.ico', '/index.html', '/../15', '/*',
  '/9223372036854775808', '/-9223372036854775809', '/18446744073709551631', `/${'9'.repeat(40)}`
]

for (const bigint of [false, true]) {
  test(`a path that is no 64-bit integer gets 400 and a sentence (bigint: ${bigint})`, async (t) => {
    const client = await connect(t, serveOnly15(t, { bigint }))
    for (const target of noIntegers) {
      const { status, headers, body } = await client.send(target)
      t.is(status, 400, target)
      t.regex(headers['content-type'], /^text\/plain/, target)
      t.regex(body, /^\P{Cc}+\.\n?$/u, `${target} needs one sentence`)
    }
    t.is((await client.send('/15')).body, '610', 'the connection goes on')
  })
}

test('a path that is not ASCII gets 400', async (t) => {
  const server = serveOnly15(t)
  for (const target of ['/٣', '/１５', '/½', '/\u00a015']) {
    t.is((await post(t, server, target)).status, 400, target)
  }
})

test('the body of a refused request is skipped like any other', async (t) => {
  const client = await connect(t, serveOnly15(t))
  t.is((await client.send('/abc', { body: request('/1') })).status, 400)
  const chunked = { headers: { 'Transfer-Encoding': 'chunked' }, body: '3\r\nabc\r\n0\r\n\r\n' }
  t.is((await client.send('/abc', chunked)).status, 400)
  t.is((await client.send('/15')).body, '610')
})

test('another method of HTTP gets 405 and Allow: POST', async (t) => {
  const client = await connect(t, serveOnly15(t))
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    const { status, headers, body } = await client.send('/15', { method })
    t.is(status, 405, method)
    t.is(headers.allow, 'POST', method)
    if (method !== 'HEAD') t.regex(body, /^\P{Cc}+\.\n?$/u)
  }
  t.is((await client.send('/15')).body, '610', 'the connection goes on')
})

test('a method that HTTP does not know gets 501', async (t) => {
  const server = serveOnly15(t)
  for (const method of ['BREW', 'post', 'Post', 'POSTS', 'POS', 'X', 'M-SEARCH']) {
    t.is((await post(t, server, '/15', { method })).status, 501, method)
  }
  await assertServes(t, server)
})

test('another version of HTTP gets 505', async (t) => {
  const server = serveOnly15(t)
  for (const version of ['HTTP/2.0', 'HTTP/3.0', 'HTTP/9.9']) {
    t.is((await post(t, server, '/15', { version })).status, 505, version)
  }
  await assertServes(t, server)
})

const notHttp = {
  'HTTP/0.9': 'GET /15\r\n\r\n',
  'no version': 'POST /15\r\nHost: localhost\r\n\r\n',
  'no target': 'POST HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'no protocol': 'hello\r\n\r\n',
  'another protocol': 'EHLO localhost\r\nMAIL FROM:<a@b>\r\n\r\n',
  'a lower case version': 'POST /15 http/1.1\r\nHost: localhost\r\n\r\n',
  'a space too many': 'POST  /15 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a leading space': ' POST /15 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a field without a colon': 'POST /15 HTTP/1.1\r\nHost localhost\r\n\r\n',
  'a NUL in a field': 'POST /15 HTTP/1.1\r\nHost: local\0host\r\n\r\n',
  'an invalid length': 'POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n',
  'a negative length': 'POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
  'two lengths': 'POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'an invalid chunk size': 'POST /15 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
  'a TLS hello': Buffer.from('16030100c8010000c403', 'hex').toString('latin1') + '\r\n\r\n'
}

// Node's parser accepts these.
const lenient = ['a space too many']

for (const [what, bytes] of Object.entries(notHttp)) {
  const register = lenient.includes(what) ? ringTest(test) : test
  register(`${what} gets 400 and a close, and nothing after it is run`, async (t) => {
    const server = serve(t, {}, (n) => (n === 99 ? t.fail('the request after it was run') : fibonacci(n)))
    const client = await connect(t, server)
    await client.write(Buffer.from(bytes + request('/99'), 'latin1'))
    t.is((await client.response()).status, 400)
    await client.gone()
    await assertServes(t, server)
  })
}

test('requests before garbage are answered before it', async (t) => {
  const client = await connect(t, serve(t))
  await client.write(`${request('/15')}${request('/17')}hello\r\n\r\n`)
  const responses = await client.responses(3)
  t.deepEqual(responses.map(({ status }) => status), [200, 200, 400])
  t.is(responses[2].headers.connection, 'close')
})

test('a refusal reveals nothing of the internals', async (t) => {
  const server = serve(t, { onError: () => {} }, () => { throw new Error('secret') })
  for (const [target, options] of [['/15'], ['/x'], ['/15', { method: 'GET' }], ['/15', { method: 'BREW' }]]) {
    const { headers, body } = await post(t, server, target, options)
    t.notRegex(body, /secret|rust|napi|io_uring|panic|\.rs\b|\.js\b/i)
    t.is(headers.server, undefined)
  }
})
