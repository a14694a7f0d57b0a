'use strict'

// Properties of arguments and results that no table of cases can list: whatever is sent, in whatever way, arrives as it
// is.

const { inspect, isDeepStrictEqual } = require('node:util')
const test = require('ava')
const fc = require('fast-check')
const { connect, draws, serve } = require('./helpers.js')
const { typed } = require('../index.js')

const RUNS = { ...draws, numRuns: 300, includeErrorInReport: true }
const INT64_MAX = 2n ** 63n - 1n

// Functions that return their argument, one of each type.
const TYPES = ['int', 'number', 'int64', 'bigint', 'string', 'json', 'number[]', 'int64[]', 'string[]', 'bytes']

// `ask(name, { path, body })` returns the answer, and as `value` what the function was called with. The function
// `undeclared` takes any number of arguments.
async function asker(t) {
  let value
  const same = (argument) => (value = argument)
  const functions = Object.fromEntries(TYPES.map((type) => (
    [type.replace('[]', 's'), typed(`(value: ${type}) => ${type}`, same)]
  )))
  functions.base64 = typed('(n: int, value: bytes) => bytes', (n, bytes) => same(bytes))
  functions.undeclared = (...args) => same(args)
  const client = await connect(t, serve(t, {}, functions))
  return async (name, { path = '', body }) => {
    value = undefined
    const bytes = Buffer.from(body ?? '')
    const framing = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${bytes.length}\r\n`
    const head = `POST /${name}${path} HTTP/1.1\r\nHost: a\r\n${framing}\r\n`
    await client.write(Buffer.concat([Buffer.from(head), bytes]))
    const { status, body: text } = await client.response()
    return { status, text, value }
  }
}

// Asserts that `predicate` holds for whatever `arbitrary` draws.
async function holds(t, arbitrary, predicate, runs = RUNS) {
  await t.notThrowsAsync(fc.assert(fc.asyncProperty(arbitrary, predicate), runs))
}

function assertSame(actual, expected) {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Error(`${inspect(actual)} instead of ${inspect(expected)}`)
}

// Text that UTF-8 can carry.
const text = fc.string({ unit: 'binary', maxLength: 30 })
const key = text.filter((each) => each !== '__proto__')
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), text,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true })
  )
}))

// Writes a value as somebody else might: blanks between tokens, escapes where none are needed. `draw` gives a number.
function write(value, draw) {
  const blank = () => ['', '', '', ' ', '\n', '\t', '\r\n  '][draw(7)]
  const string = (each) => {
    const plain = (character) => JSON.stringify(character).slice(1, -1)
    const units = [...each].map((character) => (draw(4) === 0 ? escaped(character, draw) : plain(character)))
    return `"${units.join('')}"`
  }
  const token = (each) => {
    if (typeof each === 'string') return string(each)
    if (Array.isArray(each)) return `[${each.map(all).join(',') || blank()}]`
    if (typeof each !== 'object' || each === null) return Object.is(each, -0) ? '-0' : JSON.stringify(each)
    const members = Object.entries(each).map(([name, one]) => `${blank()}${string(name)}${blank()}:${all(one)}`)
    return `{${members.join(',') || blank()}}`
  }
  const all = (each) => `${blank()}${token(each)}${blank()}`
  return all(value)
}

function escaped(character, draw) {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i).toString(16).padStart(4, '0'))
  return units.map((unit) => `\\u${draw(2) === 0 ? unit : unit.toUpperCase()}`).join('')
}

// Numbers below a limit, one after another, the same for the same seed.
function drawer(seed) {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % limit
  }
}

test('any JSON value arrives by array, by name and undeclared, however it is written, and comes back', async (t) => {
  const ask = await asker(t)
  await holds(t, fc.tuple(anyValue, fc.nat()), async ([value, seed]) => {
    const draw = drawer(seed)
    const back = { status: 200, text: JSON.stringify(value), value }
    assertSame(await ask('json', { body: `[${write(value, draw)}]` }), back)
    assertSame(await ask('json', { body: `{"value":${write(value, draw)}}` }), back)
    const both = [value, value]
    const bothBack = { status: 200, text: JSON.stringify(both), value: both }
    assertSame(await ask('undeclared', { body: write(both, draw) }), bothBack)
    // Large ones cross in another form.
    const many = Array(24).fill(value)
    const manyBack = { status: 200, text: JSON.stringify(many), value: many }
    const written = write(many, draw) + ' '.repeat(2048)
    assertSame(await ask('json', { body: `[${written}]` }), manyBack)
    assertSame(await ask('undeclared', { body: written }), manyBack)
  })
})

test('any text arrives through encodeURIComponent, and comes back', async (t) => {
  const ask = await asker(t)
  await holds(t, text.filter((each) => each !== ''), async (value) => {
    const back = { status: 200, text: JSON.stringify(value), value }
    assertSame(await ask('string', { path: `/${encodeURIComponent(value)}` }), back)
    assertSame(await ask('string', { path: `/${escapeAll(value)}` }), back)
  })
})

// Every byte percent-encoded, needed or not.
function escapeAll(value) {
  return [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

test('any JSON value arrives through encodeURIComponent where nothing is declared', async (t) => {
  const ask = await asker(t)
  await holds(t, fc.tuple(fc.array(anyValue, { minLength: 1, maxLength: 4 }), fc.nat()), async ([values, seed]) => {
    const draw = drawer(seed)
    const path = values.map((value) => `/${encodeURIComponent(write(value, draw))}`).join('')
    if (path.length > 8000) return
    assertSame(await ask('undeclared', { path }), { status: 200, text: JSON.stringify(values), value: values })
  })
})

test('any text arrives in an array of texts', async (t) => {
  const ask = await asker(t)
  await holds(t, fc.tuple(fc.array(text), fc.nat()), async ([value, seed]) => {
    const body = `{"value":${write(value, drawer(seed))}}`
    assertSame(await ask('strings', { body }), { status: 200, text: JSON.stringify(value), value })
  })
})

test('any double arrives exactly, by body and by path, and is written as JavaScript writes it', async (t) => {
  const ask = await asker(t)
  const double = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    // Decimals with more digits than a double has.
    fc.tuple(fc.bigInt(-(10n ** 25n), 10n ** 25n), fc.integer({ min: -350, max: 280 })).map((parts) => parts.join('e'))
  )
  await holds(t, double, async (each) => {
    const token = Object.is(each, -0) ? '-0' : String(each)
    const value = Number(token)
    const back = { status: 200, text: JSON.stringify(value), value }
    assertSame(await ask('number', { body: `[${token}]` }), back)
    assertSame(await ask('number', { path: `/${token}` }), back)
    const one = { status: 200, text: JSON.stringify([value]), value: [value] }
    assertSame(await ask('undeclared', { path: `/${token}` }), one)
    const two = Float64Array.of(value, -value)
    assertSame(await ask('numbers', { body: `[[${token},${Object.is(-value, -0) ? '-0' : -value}]]` }), {
      status: 200, text: JSON.stringify([...two]), value: two
    })
  })
})

test('any int arrives by body and by path, whatever the form of its token', async (t) => {
  const ask = await asker(t)
  await holds(t, fc.tuple(fc.maxSafeInteger(), fc.nat(20)), async ([each, zeros]) => {
    const value = each + 0 // -0 is 0.
    const back = { status: 200, text: String(value), value }
    const point = `${each}`.replace(/(\d)(\d*)$/, (_, first, rest) => (
      `${first}.${rest}${'0'.repeat(zeros + 1)}e${rest.length}`
    ))
    const shifted = value === 0 ? '0e-7' : `${value}${'0'.repeat(zeros)}e-${zeros}`
    for (const token of [String(value), `${value}.${'0'.repeat(zeros + 1)}`, shifted, point]) {
      assertSame(await ask('int', { body: `[${token}]` }), back)
      assertSame(await ask('int', { path: `/${token}` }), back)
    }
  })
})

test('any integer arrives exactly as int64 or bigint, and beyond 64 bits only as bigint', async (t) => {
  const ask = await asker(t)
  const edge = fc.bigInt(-3n, 3n)
  const integer = fc.oneof(
    fc.bigInt(-(2n ** 70n), 2n ** 70n), fc.bigInt(-(10n ** 60n), 10n ** 60n),
    edge.map((n) => INT64_MAX + n), edge.map((n) => -INT64_MAX + n), edge.map((n) => n * 2n ** 53n), edge
  )
  await holds(t, integer, async (value) => {
    const fits = BigInt.asIntN(64, value) === value
    const back = { status: 200, text: `"${value}"`, value }
    const ways = [{ body: `[${value}]` }, { body: `{"value":"${value}"}` }, { path: `/${value}` }, { body: `["00${value}"]` }]
    if (value < 0n) ways.pop()
    for (const way of ways) {
      assertSame(await ask('bigint', way), back)
      const { status, text, value: given } = await ask('int64', way)
      if (fits) assertSame({ status, text, value: given }, back)
      else assertSame({ status, value: given }, { status: 400, value: undefined })
    }
    if (!fits) return
    const two = BigInt64Array.of(value, value)
    assertSame(await ask('int64s', { body: `[[${value},"${value}"]]` }), {
      status: 200, text: `["${value}","${value}"]`, value: two
    })
  })
})

test('any bytes arrive as a body and as base64', async (t) => {
  const ask = await asker(t)
  await holds(t, fc.uint8Array({ maxLength: 200 }), async (drawn) => {
    const value = new Uint8Array(drawn)
    assertSame((await ask('bytes', { body: value })).value, value)
    assertSame((await ask('base64', { body: `[1,"${Buffer.from(value).toString('base64')}"]` })).value, value)
  })
})

test('JSON that JavaScript does not read is refused, and a value that is taken is what JavaScript reads', async (t) => {
  const ask = await asker(t)
  const piece = fc.constantFrom(...'[]{},:"\\ \n0-.e1tu\u0000\u007f', 'é', '\\ud800', '\\u00')
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(3), piece), { minLength: 1, maxLength: 3 })
  await holds(t, fc.tuple(anyValue, fc.nat(), changes), async ([drawn, seed, changes]) => {
    let body = `[${write(drawn, drawer(seed))}]`
    for (const [at, cut, put] of changes) {
      const place = at % (body.length + 1)
      body = `${body.slice(0, place)}${put}${body.slice(place + cut)}`
    }
    const { status, value } = await ask('json', { body: Buffer.from(body.toWellFormed()) })
    const read = tryParse(body.toWellFormed())
    if (read === undefined) assertSame(status, 400)
    else if (status === 200) assertSame([value], read)
  }, { ...RUNS, numRuns: 1000 })
})

function tryParse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
