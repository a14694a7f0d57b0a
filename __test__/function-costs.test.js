'use strict'

// What long answers, kept arguments and costly JSON cost a server of functions by name, in a process of its own.

const { once } = require('node:events')
const net = require('node:net')
const test = require('ava').serial // They measure.
const { connect, engine, request, startMain } = require('./helpers.js')

const MB = 1e6
const JSON_TYPE = { 'Content-Type': 'application/json' }

// A server of these functions; `look` returns its memory after a garbage collection.
async function serveApart(t) {
  const main = ({ serverListen }, index) => {
    const { typed } = require(index)
    const kept = []
    let marks = 0
    const one = () => 1
    const server = serverListen({ port: 0, host: '127.0.0.1', maxBodySize: 2 ** 24, sendTimeout: 0 }, {
      give: typed('(length: int) => text', (length) => 'x'.repeat(length)),
      quick: typed('() => int', one),
      mark: typed('() => int', () => ++marks),
      marks: typed('() => int', () => marks),
      keep: typed('(text: string) => int', (text) => kept.push(text)),
      other: typed('(text: string) => int', (text) => text.length),
      look() {
        global.gc()
        global.gc()
        const { rss, heapUsed, external } = process.memoryUsage()
        return { rss, used: heapUsed + external }
      },
      json: typed('(value: json) => int', one),
      any: (...values) => values.length,
      text: typed('(value: string) => int', one),
      number: typed('(value: number) => int', one),
      numbers: typed('(value: number[]) => int', one),
      ints: typed('(value: int[]) => int', one),
      bigints: typed('(value: bigint[]) => int', one),
      bytes: typed('(value: bytes, more?: int) => int', one)
    })
    console.log(server.port)
  }
  const child = startMain(t, main, { args: [require.resolve('../index.js')], execArgv: ['--expose-gc'] })
  t.timeout(100_000)
  const port = Number(await child.line())
  const client = await connect(t, port)
  const ask = async (path) => JSON.parse((await client.send(path)).body)
  return { port, client, ask, look: () => ask('/look') }
}

async function timed(action) {
  const start = performance.now()
  await action()
  return performance.now() - start
}

test('an answer of 100 MB waits for its slow reader in bounded memory, and others are served meanwhile', async (t) => {
  const LENGTH = 100 * MB
  const { port, ask, look } = await serveApart(t)
  t.is(await ask('/quick'), 1)
  const before = await look()
  const reader = net.connect(port, '127.0.0.1')
  t.teardown(() => reader.destroy())
  await once(reader, 'connect')
  reader.pause()
  reader.write(request(`/give/${LENGTH}`))
  await once(reader, 'readable')
  reader.write(request('/mark'))

  // It reads nothing at first, then a part at a time.
  const whileWaiting = []
  for (let i = 0; i < 200; i++) whileWaiting.push(await timed(() => ask('/quick')))
  const held = await look()
  // Node's own server reads ahead.
  if (engine === 'io_uring') t.is(await ask('/marks'), 0, 'the request behind is not read')
  let bytes = 0
  let start = ''
  let end = ''
  const whileReading = []
  while (!end.endsWith('\r\n\r\n1')) {
    const chunk = reader.read()
    if (chunk === null) {
      await once(reader, 'readable')
      continue
    }
    if (start === '') start = chunk.toString('latin1', 0, 200)
    bytes += chunk.length
    end = (end + chunk.toString('latin1', Math.max(0, chunk.length - 200))).slice(-200)
    if (bytes / MB > whileReading.length) whileReading.push(await timed(() => ask('/quick')))
  }
  t.true(start.includes(`Content-Length: ${LENGTH}\r\n`))
  const between = bytes - LENGTH
  t.true(between > 0 && between < 1000, `${between} bytes besides the answer's`)
  t.is(await ask('/marks'), 1)
  const after = await look()

  const mb = (look) => ((look.rss - before.rss) / MB).toFixed(0)
  const most = (times) => Math.max(...times).toFixed(1)
  t.log(`${mb(held)} MB more while it waits, ${mb(after)} MB afterwards`)
  t.log(`others: within ${most(whileWaiting)} ms while it waited, ${most(whileReading)} ms while it was read`)
  t.true(held.rss - before.rss < 3.5 * LENGTH)
  t.true(after.rss - before.rss < 1.5 * LENGTH)
})

test('a short string that a handler keeps does not hold on to the bytes that came with it', async (t) => {
  const ROUNDS = 200
  const { client, look } = await serveApart(t)
  const other = request('/other', { headers: JSON_TYPE, body: JSON.stringify(['y'.repeat(1000)]) }).repeat(62)
  const round = async (i) => {
    const text = `${i}`.padStart(32, 'k')
    await client.write(request('/keep', { headers: JSON_TYPE, body: JSON.stringify([text]) }) + other)
    await client.responses(63)
  }
  for (let i = 0; i < ROUNDS; i++) await round(i)
  const before = await look()
  for (let i = 0; i < ROUNDS; i++) await round(i)
  const grown = (await look()).used - before.used
  t.log(`${(grown / ROUNDS).toFixed(0)} bytes for each of 32 characters`)
  // 62,000 bytes came with each.
  t.true(grown < ROUNDS * 10_000, `${grown} bytes`)
})

const repeated = (text, length) => text.repeat(Math.ceil(length / text.length))
const elements = (text, length) => `[[${repeated(`${text},`, length)}${text}]]`

// What costs most per byte: a function, and a body for it of about so many bytes.
const COSTLY = {
  'deep arrays': ['json', (length) => elements('['.repeat(100) + ']'.repeat(100), length)],
  'deep objects': ['json', (length) => elements('{"a":'.repeat(100) + '1' + '}'.repeat(100), length)],
  'many keys': ['json', (length) => keys(length, (i) => `k${i}`)],
  'many keys that differ late': ['json', (length) => keys(length, (i) => `${i}`.padStart(60, 'k'))],
  'many keys in one level of many': [
    'json', (length) => `[${'[{"a":'.repeat(50)}${keys(length).slice(1, -1)}${'}]'.repeat(50)}]`
  ],
  'a key twice, late': ['json', (length) => keys(length).replace('"k0"', '"k1"')],
  'many unknown names': ['text', (length) => keys(length).slice(1, -1)],
  escapes: ['text', (length) => `["${repeated('\\u00e9', length)}"]`],
  'escaped pairs': ['text', (length) => `["${repeated('\\ud83d\\ude00', length)}"]`],
  'controls and quotes': ['text', (length) => `["${repeated('\\n\\"\\u0000', length)}"]`],
  'wide characters': ['text', (length) => `["${repeated('é€😀', length / 2)}"]`],
  'white space': ['json', (length) => `[${repeated(' \n\t', length)}1]`],
  'a long number': ['number', (length) => `[0.${repeated('1234567', length)}]`],
  'a long number as JSON': ['json', (length) => `[0.${repeated('1234567', length)}]`],
  'a long integer': ['number', (length) => `[${repeated('1234567', length)}]`],
  'a long exponent': ['number', (length) => `[1e${repeated('0', length)}1]`],
  'doubles that are hard to read': ['numbers', (length) => elements('9007199254740993.00000000000001', length)],
  'doubles that are hard to print': ['any', (length) => elements('5.0e-324', length)],
  'integers with exponents': ['ints', (length) => elements('9007199254740991000e-3', length)],
  'bigints of many digits': ['bigints', (length) => elements('7'.repeat(4096), length)],
  'bigints by exponents': ['bigints', (length) => elements('1e4095', length)],
  'elements that do not fit': ['ints', (length) => elements('"x"', length)],
  'surplus arguments': ['text', (length) => elements('1', length).slice(1, -1)],
  'surplus arguments that are not declared': ['any', (length) => elements('"x"', length).slice(1, -1)],
  base64: ['bytes', (length) => `["${repeated('AAAA', length)}"]`]
}

function keys(length, name = (i) => `k${i}`) {
  const count = Math.ceil(length / (name(0).length + 5))
  return `[{${Array.from({ length: count }, (_, i) => `"${name(i)}":${i % 10}`).join()}}]`
}

const LENGTH = 100_000
const TIMES = 8
const ROUNDS = 5
const HURTS_MS = 1000

test(`${TIMES} times as much of the costliest JSON costs no more than about ${TIMES} times as much`, async (t) => {
  const { client, ask } = await serveApart(t)
  const slow = []
  for (const [what, [name, body]] of Object.entries(COSTLY)) {
    const least = async (length) => {
      const bytes = request(`/${name}`, { headers: JSON_TYPE, body: body(length) })
      let best = Infinity
      let status
      for (let i = 0; i < ROUNDS; i++) {
        best = Math.min(best, await timed(async () => {
          await client.write(bytes)
          ;({ status } = await client.response())
        }))
      }
      return { best, status }
    }
    const short = await least(LENGTH)
    const long = await least(TIMES * LENGTH)
    const nanoseconds = (1e6 * long.best) / (TIMES * LENGTH)
    const times = (long.best / short.best).toFixed(1)
    t.log(`${what}: ${long.status}, ${nanoseconds.toFixed(1)} ns a byte, ${times} times as much`)
    // A quadratic cost would be 64 times as much. On a busy machine a short call may take 64 times as long, too.
    if (long.best > 5 * TIMES * short.best && long.best > HURTS_MS) slow.push(what)
  }
  t.deepEqual(slow, [])
  t.is(await ask('/quick'), 1)
})
