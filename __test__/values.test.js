'use strict'

const test = require('ava')
const { assertServes, connect, fibonacci, post, serve } = require('./helpers.js')

// Exact for every n.
function fibonacciExact(n) {
  let [a, b] = [0n, 1n]
  for (let i = 0; i < n; i++) [a, b] = [b, a + b]
  return a
}

const SAFE = Number.MAX_SAFE_INTEGER
const I64_MAX = 2n ** 63n - 1n
const I64_MIN = -(2n ** 63n)

test('POST /15 answers 610 and POST /17 answers 1597', async (t) => {
  const server = serve(t)
  const response = await post(t, server, '/15')
  t.is(response.status, 200)
  t.is(response.headers['content-type'], 'application/json')
  t.is(response.headers['content-length'], '3')
  t.is(response.body, '610')
  t.is((await post(t, server, '/17')).body, '1597')
})

test('fibonacci(1000) has all its 209 digits', async (t) => {
  const { status, body } = await post(t, serve(t, {}, fibonacciExact), '/1000')
  t.is(status, 200)
  t.is(body.length, 209)
  t.is(body, String(fibonacciExact(1000)))
})

test('a client reads every digit with BigInt(await response.text())', async (t) => {
  const { url } = serve(t, { host: '127.0.0.1' }, fibonacciExact)
  const response = await fetch(`${url}/1000`, { method: 'POST' })
  t.is(BigInt(await response.text()), fibonacciExact(1000))
})

test('a number arrives as it was written, up to the last safe integer', async (t) => {
  const seen = []
  const server = serve(t, {}, (n) => (seen.push(n), n))
  const numbers = [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 + 1, -(2 ** 32) - 1, SAFE - 1, SAFE, -SAFE]
  for (const n of numbers) t.is((await post(t, server, `/${n}`)).body, String(n))
  t.deepEqual(seen, numbers)
  t.true(seen.every((n) => typeof n === 'number'))
})

test('the handler gets one argument and no receiver', async (t) => {
  const { body } = await post(t, serve(t, {}, function (...args) {
    return this === undefined || this === globalThis ? args.length : -1
  }), '/15')
  t.is(body, '1')
})

test('leading zeros and -0 are only other spellings', async (t) => {
  const seen = []
  const server = serve(t, {}, (n) => (seen.push(n), n))
  for (const target of ['/0', '/-0', '/00', '/-000']) t.is((await post(t, server, target)).body, '0', target)
  t.true(seen.every((n) => Object.is(n, 0)))
  t.is((await post(t, server, '/0015')).body, '15')
  t.is((await post(t, server, `/-${'0'.repeat(40)}15`)).body, '-15')
})

test('an integer beyond the safe ones is answered with 400, which suggests bigint', async (t) => {
  const server = serve(t, {}, () => t.fail('the handler was called'))
  for (const n of [2n ** 53n, -(2n ** 53n), I64_MAX, I64_MIN]) {
    const { status, body } = await post(t, server, `/${n}`)
    t.is(status, 400)
    t.regex(body, /bigint/)
  }
})

test('with bigint every 64-bit integer arrives exactly', async (t) => {
  const seen = []
  const server = serve(t, { bigint: true }, (n) => (seen.push(n), n))
  const numbers = [0n, 15n, -15n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, I64_MAX - 1n, I64_MAX, I64_MIN, I64_MIN + 1n]
  for (const n of numbers) t.is((await post(t, server, `/${n}`)).body, String(n))
  t.deepEqual(seen, numbers)
})

test('with bigint, an integer beyond 64 bits is still answered with 400', async (t) => {
  const server = serve(t, { bigint: true }, () => t.fail('the handler was called'))
  for (const n of [I64_MAX + 1n, I64_MIN - 1n, 2n ** 64n, 10n ** 100n]) {
    t.is((await post(t, server, `/${n}`)).status, 400)
  }
})

test('with bigint a number may be returned, and without it a bigint', async (t) => {
  t.is((await post(t, serve(t, { bigint: true }, Number), '/15')).body, '15')
  t.is((await post(t, serve(t, {}, BigInt), '/15')).body, '15')
})

const exact = [
  [0, '0'],
  [-0, '0'],
  [610, '610'],
  [-1, '-1'],
  [1e15, '1000000000000000'],
  [2 ** 31, '2147483648'],
  [-(2 ** 31) - 1, '-2147483649'],
  [SAFE, '9007199254740991'],
  [-SAFE, '-9007199254740991'],
  [0n, '0'],
  [-0n, '0'],
  [-1n, '-1'],
  [I64_MAX, '9223372036854775807'],
  [I64_MIN, '-9223372036854775808'],
  [I64_MAX + 1n, '9223372036854775808'],
  [I64_MIN - 1n, '-9223372036854775809'],
  [2n ** 64n - 1n, '18446744073709551615'],
  [2n ** 64n, '18446744073709551616'],
  [2n ** 70n, '1180591620717411303424'],
  [-(2n ** 70n), '-1180591620717411303424'],
  [10n ** 400n, `1${'0'.repeat(400)}`]
]

for (const bigint of [false, true]) {
  test(`integers are answered in decimal, every digit (bigint: ${bigint})`, async (t) => {
    const server = serve(t, { bigint }, (n) => exact[Number(n)][0])
    const client = await connect(t, server)
    for (const [i, [, text]] of exact.entries()) t.is((await client.send(`/${i}`)).body, text)
  })

  test(`integers are answered in decimal from promises, too (bigint: ${bigint})`, async (t) => {
    const server = serve(t, { bigint }, async (n) => exact[Number(n)][0])
    const client = await connect(t, server)
    for (const [i, [, text]] of exact.entries()) t.is((await client.send(`/${i}`)).body, text)
  })
}

test('a handler may return numbers and bigints in turn', async (t) => {
  const server = serve(t, {}, (n) => (n % 2 ? fibonacciExact(n) : fibonacci(n)))
  const client = await connect(t, server)
  for (let n = 0; n < 78; n++) t.is((await client.send(`/${n}`)).body, String(fibonacciExact(n)))
  await assertServes(t, server)
})
