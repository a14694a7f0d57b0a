'use strict'

// Both engines answer alike, and call alike: requests of the table of cases, changed at random.

const { inspect, isDeepStrictEqual } = require('node:util')
const fc = require('fast-check')
const test = require('ava')
const { files, requestOf, textOf } = require('./cases/read.js')
const { servers } = require('./cases/functions.js')
const { connect, draws, serve } = require('./helpers.js')

const RUNS = { ...draws, numRuns: 2000, includeErrorInReport: true, endOnFailure: true }
const REQUEST_BYTES_MAX = 4000

// What is put into a body, and into a path.
const TOKENS = [
  '0', '-0', '1', '-1', '3.0', '1e3', '1e400', '-1e-400', '2147483648', '1e39', '9007199254740993', '9223372036854775808',
  '"', '""', '"a"',
  '"\\ud800"', '"\\ud83d\\ude00"', '\\u0000', 'null', 'true', 'false', '[', ']', '{', '}', ',', ':', ' ', '\n', '[]',
  '{}', '"a":1', '"__proto__":1', 'é', '😀', '\0', '\ufeff', '.', 'e', '-', '+', '"QUJD"', '\\', '1.5', '00', '"12"'
]
const SEGMENTS = [
  '/', '//', '%', '%2F', '%zz', '%00', '%22', '%C3%A9', '%FF', '.', '..', '1', '-', '0', 'e', '+', 'a', '?', ';', '%5B',
  '%7B', '/1', '/a', '/-0', '/true', '/null', '/%22a%22', '%E2%82%AC', '%25'
]

// Valid requests that Node's parser reads alike, to functions whose answers depend on their arguments alone.
function isPlain({ request, engines, cut }) {
  if (engines !== undefined || cut !== undefined) return false
  if (request.method !== undefined || request.version !== undefined) return false
  const isAboutResults = /^\/(give|fail|replies)/.test(textOf(request.path))
  return !isAboutResults && requestOf(request).bytes.length < REQUEST_BYTES_MAX
}

// Puts in, takes out, or does both, at some places.
function change(text, steps, pieces) {
  let changed = text
  for (const [at, length, put] of steps) {
    const place = at % (changed.length + 1)
    changed = changed.slice(0, place) + (put < 0 ? '' : pieces[put % pieces.length]) + changed.slice(place + length)
  }
  return changed
}

function changed({ path, body, headers = {}, ...request }, steps, isInPath) {
  if (isInPath || body === undefined) {
    return { ...request, headers, body, path: `/${change(textOf(path).slice(1), steps, SEGMENTS)}` }
  }
  const { 'Content-Length': _, ...others } = headers
  return { ...request, path, headers: others, body: change(textOf(body), steps, TOKENS).toWellFormed() }
}

// `ask(name, bytes)` sends to that server of the table, and returns the answer and what was called.
function startAll(t, engine) {
  const calls = []
  const all = Object.entries(servers((...call) => calls.push(call))).map(([name, { options, handler }]) => (
    [name, serve(t, { ...options, engine, onError: () => {} }, handler)]
  ))
  const running = Object.fromEntries(all)
  const clients = {}
  return async (name, bytes) => {
    clients[name] ??= await connect(t, running[name])
    calls.length = 0
    await clients[name].write(bytes)
    const { status, headers, body } = await clients[name].response()
    if (headers.connection === 'close') clients[name] = clients[name].destroy()
    const { code, errors = [] } = status < 400 ? {} : JSON.parse(body)
    const type = headers['content-type']
    const pointers = errors.map(({ pointer }) => pointer)
    return { status, type, code, pointers, body: status < 400 ? body : undefined, calls: [...calls] }
  }
}

test('a request gets the same answer, and makes the same calls, on either engine', async (t) => {
  const [ring, node] = [startAll(t, 'io_uring'), startAll(t, 'node')]
  const cases = files().flatMap(({ server, cases }) => cases.filter(isPlain).map(({ request }) => ({ server, request })))
  const step = fc.tuple(fc.nat(), fc.nat(4), fc.integer({ min: -1, max: 100 }))
  const drawn = fc.tuple(fc.constantFrom(...cases), fc.array(step, { minLength: 1, maxLength: 3 }), fc.boolean())
  await t.notThrowsAsync(fc.assert(fc.asyncProperty(drawn, async ([{ server, request }, steps, isInPath]) => {
    const { bytes } = requestOf(changed(request, steps, isInPath))
    const [one, other] = [await ring(server, bytes), await node(server, bytes)]
    if (isDeepStrictEqual(one, other)) return
    throw new Error(`${JSON.stringify(String(bytes))}: ${inspect(one)} and ${inspect(other)}`)
  }), RUNS))
})
