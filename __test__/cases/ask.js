'use strict'

// Sends the requests of the table of cases (README.md) over sockets: each whole and in two pieces, one after another on
// a connection that is kept, and compares the answer and what the function was called with. Then all of them at once.

const { setImmediate: turn } = require('node:timers/promises')
const { inspect, isDeepStrictEqual } = require('node:util')
const { connect, engine, until } = require('../helpers.js')
const { describedBy } = require('./described.js')
const { files, requestOf, textOf, valueOf } = require('./read.js')

// The statuses that have no body, whatever the function returns.
const BODILESS = new Set([204, 205, 304])
const FAILURES_TOLD = 100
const CONNECTIONS = 4

// `start(t, name, onError)` starts that server of functions.js, or waits until another topic has done with it. It gives
// `running`, the `calls` that the functions note, and `noted()`, which resolves when all noted calls have arrived.
function testCases(test, start) {
  for (const { topic, server, cases } of files()) {
    test(`${topic}: every request of the table is answered and run as its case says`, async (t) => {
      const errors = []
      const started = await start(t, server, (error, call) => errors.push(call?.function))
      const { running, calls } = started
      const all = cases.filter(({ engines = [engine] }) => engines.includes(engine))
      const failures = []
      const undescribed = describedBy(running.openapi())
      let client
      for (const each of all) {
        const { bytes, bodyAt } = requestOf(each.request)
        const cuts = each.cut === false ? [0] : [0, ...cutsOf(bytes.length, bodyAt)]
        const expected = expectedOf(each)
        for (const cut of cuts) {
          client ??= await connect(t, running)
          calls.length = errors.length = 0
          let response
          try {
            response = await ask(client, bytes, cut, each)
            if (expected.errors.length > 0) await until(() => errors.length > 0)
            await started.noted()
          } catch (error) {
            failures.push({ name: each.name, cut, error: error.message })
            client = undefined
            break
          }
          const called = calls.map((call) => shorten(call, each))
          const actual = { ...actualOf(response, each), calls: called, errors: [...errors] }
          const { request, isDescribed = true } = each
          const otherwise = isDescribed ? undescribed({ ...request, path: textOf(request.path) }, response) : undefined
          if (otherwise !== undefined) actual.problems.push(otherwise)
          if (response.headers.connection === 'close') client = client.destroy()
          if (isDeepStrictEqual(actual, expected)) continue
          failures.push({ name: each.name, cut, actual, expected })
          break
        }
      }
      t.deepEqual(failures.slice(0, FAILURES_TOLD).map(readable), [], `${failures.length} failures`)
    })
  }

  // Whichever calls are handed over together, each has its own arguments, which stay as they are. Nothing reports the
  // batches, but on this thread all of a round's bytes are sent before anything is called.
  test('all requests of the table, pipelined on several connections, are answered as their cases say', async (t) => {
    const started = await start(t, 'named', () => {})
    const { running, calls } = started
    calls.length = 0
    const all = files().flatMap(({ server, cases }) => (server === 'named' ? cases : [])).filter(isPipelined)
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(t, running)))
    const asked = clients.map((_, i) => shuffled(all, i))
    const answered = clients.map(async (client, i) => {
      await client.write(Buffer.concat(asked[i].map(({ request }) => requestOf(request).bytes)))
      const failures = []
      for (const each of asked[i]) {
        const response = await client.response({ method: BODILESS.has(each.status) ? 'HEAD' : 'POST' })
        const { calls, errors, ...expected } = expectedOf(each)
        const actual = actualOf(response, each)
        if (!isDeepStrictEqual(actual, expected)) failures.push(readable({ name: each.name, cut: 0, actual, expected }))
      }
      return failures
    })
    t.deepEqual((await Promise.all(answered)).flat().slice(0, FAILURES_TOLD), [])
    await started.noted()
    const expected = asked.flat().filter(({ function: name }) => name !== undefined)
    const tell = (name, args) => (
      inspect(shorten([name, args], { arguments: args }), { depth: Infinity, maxArrayLength: Infinity })
    )
    t.deepEqual(
      calls.map(([name, args]) => tell(name, args)).sort(),
      expected.map(({ function: name, arguments: args }) => tell(name, args.map(valueOf))).sort()
    )
  })
}

// A case that others may follow on its connection, and whose arguments are known.
function isPipelined({ request, status, code, function: name, arguments: args, schema, cut, engines }) {
  const { method = 'POST', version, headers = {} } = request
  const isAboutConnection = ['Host', 'Connection', 'Expect'].some((name) => name in headers)
  const isPlain = method === 'POST' && version === undefined && !isAboutConnection
  const isKnown = name === undefined ? schema !== true : args !== undefined
  const isForAll = cut === undefined && engines === undefined
  return isPlain && isKnown && isForAll && code !== 'ERR_REQUEST' && status !== 413
}

// The same in another order, decided by the seed.
function shuffled(all, seed) {
  const order = [...all]
  let state = seed
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const j = Math.floor(state / 2 ** 32 * (i + 1))
    const each = order[i]
    order[i] = order[j]
    order[j] = each
  }
  return order
}

// Within the head, before the body, within it, and before its last byte.
function cutsOf(length, bodyAt) {
  const cuts = [Math.floor(bodyAt / 2), bodyAt - 1, bodyAt, Math.floor((bodyAt + length) / 2), length - 1]
  return [...new Set(cuts.filter((cut) => cut < length))]
}

async function ask(client, bytes, cut, { request: { method }, status }) {
  if (cut > 0) {
    await client.write(bytes.subarray(0, cut))
    await turn()
  }
  await client.write(bytes.subarray(cut))
  return client.response({ method: BODILESS.has(status) ? 'HEAD' : method })
}

// Absent arguments at the end are left out. Where the case has no arguments, any will do.
function shorten([name, args], { arguments: expected }) {
  const given = args.slice(0, args.findLastIndex((each) => each !== undefined) + 1)
  return [name, expected === undefined ? undefined : given]
}

function expectedOf(each) {
  const { status, code, pointers, type, body, fields = {}, function: name, arguments: args, request, schema } = each
  const isError = status >= 400 && body === undefined
  const types = { 204: undefined, 205: undefined, 304: undefined }
  return {
    status,
    type: type ?? (isError ? 'application/problem+json' : status in types ? undefined : 'application/json'),
    ...(code === undefined ? {} : { code }),
    ...(pointers === undefined ? {} : { pointers: pointers.map(textOf).sort() }),
    ...(body === undefined ? {} : { body: textOf(body) }),
    fields: { ...fields },
    problems: [],
    calls: name === undefined ? [] : [[name, args === undefined ? undefined : args.map(valueOf)]],
    errors: status >= 500 && (name !== undefined || schema) ? [name ?? textOf(request.path).slice(1)] : []
  }
}

function actualOf({ status, headers, body }, each) {
  const actual = { status, type: headers['content-type'], fields: {}, problems: [] }
  for (const name of Object.keys(each.fields ?? {})) actual.fields[name] = headers[name] ?? null
  if (each.body !== undefined) actual.body = body
  else if (status >= 400 && each.request.method !== 'HEAD') readProblem(body, each, actual)
  const isTold = each.marker !== undefined && body.includes(each.marker)
  if (isTold) actual.problems.push('it has a piece of the request, or a secret')
  return actual
}

// RFC 9457, as docs/functions.md has it.
function readProblem(body, { status, code, pointers, function: name, says, at }, actual) {
  const { problems } = actual
  const expect = (condition, message) => condition || problems.push(message)
  let problem
  try {
    problem = JSON.parse(body)
  } catch {
    return problems.push(`not JSON: ${body}`)
  }
  const { type, title, detail, errors } = problem
  const members = ['type', 'title', 'status', 'detail', 'code', ...(errors === undefined ? [] : ['errors'])]
  expect(isDeepStrictEqual(Object.keys(problem), members), `other members: ${Object.keys(problem)}`)
  expect(body === JSON.stringify(problem), 'not written as JSON.stringify writes it')
  expect(type === 'about:blank' && typeof title === 'string' && title !== '', 'no type or no title')
  expect(problem.status === status, `its status is ${problem.status}`)
  expect(typeof detail === 'string' && detail !== '', 'no detail')
  if (name === undefined) expect(/^\P{Cc}+\.$/u.test(detail), `not a sentence: ${detail}`)
  if (says !== undefined) expect(detail.includes(says), `it does not say ${says}: ${detail}`)
  const hasPlace = code === 'ERR_NOT_JSON' && pointers === undefined
  if (hasPlace) expect(/ \(at byte \d+\)\.$/.test(detail), `no place: ${detail}`)
  if (at !== undefined) expect(detail.endsWith(` (at byte ${at}).`), `not at byte ${at}: ${detail}`)
  if (errors !== undefined) expect(errors.length >= 1 && errors.length <= 16, `${errors.length} entries`)
  for (const entry of errors ?? []) {
    const isSound = isDeepStrictEqual(Object.keys(entry), ['pointer', 'detail']) && entry.detail !== ''
    expect(isSound, 'an entry with other members')
  }
  if (code !== undefined) actual.code = problem.code
  if (pointers !== undefined) actual.pointers = (errors ?? []).map(({ pointer }) => pointer).sort()
}

// What differs, short enough to be read.
function readable({ name, cut, error, actual, expected }) {
  const short = (value) => inspect(value, { breakLength: Infinity, depth: 6 }).slice(0, 500)
  const differs = Object.keys(expected ?? {}).filter((key) => !isDeepStrictEqual(actual[key], expected[key]))
  const told = differs.map((key) => `${key}: ${short(actual[key])} instead of ${short(expected[key])}`)
  return [name, `cut at ${cut}`, error ?? told]
}

module.exports = { testCases }
