'use strict'

// Which sites' pages may call the server from a browser: its own, and those that `origins` names.

const http = require('node:http')
const { once } = require('node:events')
const test = require('ava')
const { assertServes, connect, request, serve, untilStats } = require('./helpers.js')

const HOST = 'a.example:8000'
const LISTED = ['https://b.example', 'http://localhost:3000']

// The bytes of a request with these header lines besides its Host.
function withLines(line, lines, host = HOST) {
  return [`${line} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n')
}

const own = [
  [],
  ['Sec-Fetch-Site: same-origin'],
  ['Sec-Fetch-Site: none'],
  ['Sec-Fetch-Site: same-origin', 'Origin: https://a.example'],
  ['Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty', 'sec-fetch-site:same-origin', `ORIGIN: http://${HOST}`],
  [`Origin: http://${HOST}`],
  [`Origin: https://${HOST.toUpperCase()}`],
  [`Origin: http://${HOST}`, 'Content-Type: application/x-www-form-urlencoded', 'Upgrade-Insecure-Requests: 1'],
  ['Access-Control-Request-Method: POST']
]

const foreign = [
  ['Sec-Fetch-Site: cross-site'],
  ['Sec-Fetch-Site: same-site'],
  ['Sec-Fetch-Site: something-new'],
  ['Sec-Fetch-Site:'],
  ['Sec-Fetch-Site: same-origin, cross-site'],
  ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: same-origin'],
  ['Sec-Fetch-Site: cross-site', `Origin: http://${HOST}`],
  ['Sec-Fetch-Site: cross-site', 'Origin: null', 'Content-Type: text/plain'],
  ['Origin: null'],
  ['Origin:'],
  ['Origin: http://a.example'],
  ['Origin: http://a.example:80'],
  ['Origin: http://a.example:8001'],
  [`Origin: http://${HOST}/`],
  [`Origin: ${HOST}`],
  [`Origin: ://${HOST}`],
  [`Origin: http://evil.${HOST}`],
  ['Origin: http://b.example'],
  ['Origin: https://b.example:8443'],
  ['Origin: https://b.example.evil'],
  [`Origin: http://${HOST}`, `Origin: http://${HOST}`],
  ['Origin: https://b.example', 'Origin: https://b.example'],
  ['Origin: https://b.example https://b.example']
]

// The names of the header fields that CORS adds to an answer.
const corsOf = ({ headers }) => Object.keys(headers).filter((name) => /^access-control-|^vary$/.test(name))

const settings = { 'without origins': undefined, 'with no origin': [], 'with some': LISTED, "with '*'": '*' }

for (const [what, origins] of Object.entries(settings)) {
  test(`a page of the server's own site may call, ${what}`, async (t) => {
    const client = await connect(t, serve(t, { origins }))
    for (const lines of own) {
      await client.write(withLines('POST /15', lines))
      const response = await client.response()
      t.deepEqual([response.status, response.body], [200, '610'], lines.join())
      if (origins !== '*') t.deepEqual(corsOf(response), [])
    }
  })

  test(`a page of another site gets 403 unless it is named, ${what}`, async (t) => {
    const server = serve(t, { origins }, (n) => (origins === '*' || n === 1 ? n : t.fail('it was run')))
    const client = await connect(t, server)
    for (const lines of foreign) {
      await client.write(withLines('POST /15', [...lines, 'Content-Length: 3']) + 'abc')
      const response = await client.response()
      t.is(response.status, origins === '*' ? 200 : 403, lines.join())
      if (origins === '*') continue
      t.regex(response.body, /^Pages of other sites .* origins names them\.\n$/)
      t.deepEqual(corsOf(response), [])
    }
    t.is((await client.send('/1')).body, '1', 'the connection goes on')
    if (origins === '*') return
    await untilStats(server, { requests: foreign.length + 1 })
    t.is(server.stats().responsesByStatus[403], foreign.length)
  })
}

test('a default port is the same as none, and the scheme does not count', async (t) => {
  const client = await connect(t, serve(t))
  for (const host of ['a.example', 'a.example:80', 'a.example:443', 'A.example:']) {
    for (const origin of ['http://a.example', 'https://a.example', 'https://a.example:443']) {
      await client.write(withLines('POST /15', [`Origin: ${origin}`], host))
      t.is((await client.response()).status, 200, `${origin} ${host}`)
    }
  }
  await client.write(withLines('POST /15', ['Origin: http://[::1]:8000'], '[::1]:8000'))
  t.is((await client.response()).status, 200)
  await client.write('POST /15 HTTP/1.0\r\nOrigin: http://a.example\r\nConnection: keep-alive\r\n\r\n')
  t.is((await client.response()).status, 403, 'HTTP/1.0 without a Host')
})

test('a page that is named may call, and may read the answer, whatever it is', async (t) => {
  const handler = (n) => {
    if (n !== 1) return n
    throw Object.assign(new Error('No one.'), { statusCode: 409 })
  }
  const targets = { '/15': 200, '/x': 400, '/1': 409 }
  for (const origins of [LISTED, '*']) {
    const client = await connect(t, serve(t, { origins, maxBodySize: 10 }, handler))
    const cors = (origin) => (origins === '*'
      ? { 'access-control-allow-origin': '*' }
      : { 'access-control-allow-origin': origin.toLowerCase(), vary: 'Origin' })
    for (const origin of ['https://b.example', 'HTTPS://B.example', 'http://localhost:3000']) {
      for (const site of [[], ['Sec-Fetch-Site: cross-site']]) {
        for (const [target, status] of Object.entries(targets)) {
          await client.write(withLines(`POST ${target}`, [...site, `Origin: ${origin}`]))
          const { headers, ...response } = await client.response()
          t.is(response.status, status)
          t.like(headers, cors(origin))
        }
      }
      await client.write(withLines('GET /15', [`Origin: ${origin}`]))
      t.like((await client.response()).headers, { allow: 'POST', ...cors(origin) })
    }
    await client.write(withLines('POST /15', ['Origin: https://b.example', 'Content-Length: 11']))
    const { status, headers } = await client.response()
    t.is(status, 413)
    t.like(headers, cors('https://b.example'))
  }
})

test('faults are reported in this order: the method, the site, the body, the rest', async (t) => {
  const cases = [
    ['GET /x', 405], ['POST https://a.example/x', 421], ['POST /x', 403], ['POST /15', 403],
    ['POST /x', 413, { isOwn: true }]
  ]
  const server = serve(t, { maxBodySize: 10 })
  for (const [line, status, { isOwn = false } = {}] of cases) {
    const client = await connect(t, server)
    const lines = ['Expect: x', 'Content-Length: 11', ...(isOwn ? [] : ['Sec-Fetch-Site: cross-site'])]
    await client.write(withLines(line, lines))
    const response = await client.response()
    t.deepEqual([response.status, response.headers.connection], [status, 'close'], line)
  }
  const client = await connect(t, server)
  await client.write(withLines('POST /x', ['Expect: x']))
  t.is((await client.response()).status, 417)
  await client.write(withLines('GET /15', ['Expect: x']))
  t.is((await client.response()).status, 405)
})

const question = ['Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: content-type,x-id']

test('a preflight gets 204 where the page is named', async (t) => {
  for (const origins of [LISTED, '*']) {
    const server = serve(t, { origins }, () => t.fail('it was run'))
    const client = await connect(t, server)
    for (const target of ['/15', '/x', '/15?q']) {
      await client.write(withLines(`OPTIONS ${target}`, [...question, 'Origin: https://b.example']))
      // Without a body, as the answer to a HEAD.
      const { headers, ...response } = await client.response({ method: 'HEAD' })
      t.is(response.status, 204)
      t.like(headers, {
        'access-control-allow-origin': origins === '*' ? '*' : 'https://b.example',
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'Authorization, Content-Type, *',
        'access-control-max-age': '7200',
        vary: origins === '*' ? undefined : 'Origin'
      })
      t.is(headers['content-length'], undefined)
      t.is(headers['access-control-allow-credentials'], undefined)
    }
    await untilStats(server, { requests: 3, responses2xx: 3, responses4xx: 0 })
    t.deepEqual(server.stats().responsesByStatus, { 200: 0, 204: 3 })
  }
})

test('OPTIONS that is not such a preflight gets 405', async (t) => {
  const server = serve(t, { origins: LISTED })
  const client = await connect(t, server)
  const all = [
    [],
    question,
    ['Origin: https://b.example'],
    [...question, 'Origin: https://c.example'],
    [...question, 'Origin: null'],
    [...question, 'Origin: https://b.example', 'Origin: https://b.example']
  ]
  for (const lines of all) {
    await client.write(withLines('OPTIONS /15', lines))
    t.is((await client.response()).status, 405, lines.join())
  }
  const other = await connect(t, serve(t))
  await other.write(withLines('OPTIONS /15', [...question, 'Origin: https://b.example']))
  t.is((await other.response()).status, 405)
})

test('a preflight is answered in its turn, and is the last where it says Connection: close', async (t) => {
  const client = await connect(t, serve(t, { origins: '*' }, async (n) => n))
  const lines = [...question, 'Origin: https://b.example']
  const last = withLines('OPTIONS /1', [...lines, 'Connection: close'])
  await client.write(request('/1') + withLines('OPTIONS /1', lines) + last)
  t.is((await client.response()).body, '1')
  t.is((await client.response({ method: 'HEAD' })).headers.connection, undefined)
  t.is((await client.response({ method: 'HEAD' })).headers.connection, 'close')
  t.is(await client.rest(), '')
})

test('a preflight whose body waits for 100 Continue is answered without it, and the connection ends', async (t) => {
  const client = await connect(t, serve(t, { origins: '*' }))
  const lines = [...question, 'Origin: https://b.example', 'Expect: 100-continue', 'Content-Length: 3']
  await client.write(withLines('OPTIONS /1', lines))
  const { status, headers } = await client.response({ method: 'HEAD' })
  t.deepEqual([status, headers.connection], [204, 'close'])
})

test('origins are compared as browsers write them, however the option writes them', async (t) => {
  const names = {
    'HTTPS://B.Example:443': 'https://b.example',
    'http://bücher.example': 'http://xn--bcher-kva.example',
    'tauri://localhost': 'tauri://localhost'
  }
  const client = await connect(t, serve(t, { origins: Object.keys(names) }))
  for (const origin of Object.values(names)) {
    await client.write(withLines('POST /15', [`Origin: ${origin}`]))
    t.like(await client.response(), { status: 200, headers: { 'access-control-allow-origin': origin } })
  }
})

test('a page from elsewhere cannot make a browser call a server on this machine', async (t) => {
  // As Chrome sends `fetch('http://localhost:8000/15', { method: 'POST', mode: 'no-cors' })`, by Node's own client.
  const { port } = serve(t, {}, () => t.fail('it was run'))
  const headers = {
    Accept: '*/*',
    'Content-Type': 'text/plain;charset=UTF-8',
    Origin: 'https://evil.example',
    Referer: 'https://evil.example/',
    'Sec-Fetch-Dest': 'empty',
    'Sec-Fetch-Mode': 'no-cors',
    'Sec-Fetch-Site': 'cross-site'
  }
  const client = http.request({ host: '127.0.0.1', port, path: '/15', method: 'POST', headers }).end('x')
  const [response] = await once(client, 'response')
  t.is(response.statusCode, 403)
  await response.toArray()
})

test('clients other than browsers are not affected', async (t) => {
  const server = serve(t, { origins: LISTED })
  await assertServes(t, server)
  t.is(await (await fetch(`http://127.0.0.1:${server.port}/15`, { method: 'POST' })).text(), '610')
})

test('invalid origins are refused at the start', (t) => {
  const wrong = {
    ERR_INVALID_ARG_TYPE: ['https://b.example', 'null', null, {}, 5, true, [5], [null], [['https://b.example']]],
    ERR_INVALID_ARG_VALUE: [
      [''], ['*'], ['null'], ['b.example'], ['//b.example'], ['https://'], ['https://b.example/'],
      ['https://b.example/x'], ['https://u@b.example'], ['https://b.example?x'], ['https://b.example#x'],
      ['https://b example'], [' https://b.example'],
      ['https://b.example\r\nX: y'], ['https://b.example:99999'], ['https://*.example'], ['https://b.example', 'x']
    ],
    ERR_OUT_OF_RANGE: [Array(1001).fill('https://b.example')]
  }
  for (const [code, all] of Object.entries(wrong)) {
    for (const origins of all) {
      t.throws(() => serve(t, { origins }), { code, message: /options\.origins/ }, JSON.stringify(origins).slice(0, 50))
    }
  }
})
