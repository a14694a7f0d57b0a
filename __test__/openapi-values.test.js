'use strict'

// The description is exact: a value fits its schema exactly when the server accepts it, by name, by position and in a
// path. Values that no schema can tell apart are not drawn: lone surrogates, more than 128 levels, and numbers that are
// no doubles, as JavaScript would check rounded ones instead. __test__/openapi.test.js tests what is said of those.

const test = require('ava')
const Ajv = require('ajv/dist/2020.js')
const fc = require('fast-check')
const { connect, draws, serve } = require('./helpers.js')
const { TYPES, functions, nameOf } = require('./modules/described.js')

const RUNS = { ...draws, numRuns: 200, includeErrorInReport: true }
const FORMATS = { double: { type: 'number', validate: Number.isFinite }, int64: true, byte: true }

// `ask(path, body)` gives the status of the answer, and `schema(...keys)` a function that checks a value by the schema
// there.
async function described(t) {
  const server = serve(t, {}, functions)
  const client = await connect(t, server)
  const ajv = new Ajv({ strict: false, formats: FORMATS, validateSchema: false }).addSchema(server.openapi(), 'openapi')
  return {
    schema: (...keys) => ajv.compile({ $ref: `openapi#${keys.map(tokenOf).join('')}` }),
    async ask(path, body) {
      const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
      const { status } = await client.send(path, { headers, body: body ?? '' })
      return status
    }
  }
}

// A token of a JSON Pointer in a fragment.
function tokenOf(key) {
  return `/${encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))}`
}

// Values are drawn as JSON, which may be JSON that JavaScript would not write.

const EDGES = [0, 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 2 ** 63 - 1024, 2 ** 63, 2 ** 64, Number.MAX_VALUE]
const exactly = (number) => (Number.isInteger(number) ? String(BigInt(number)) : String(number))
const few = fc.integer({ min: -2, max: 9 }).map(String)
const double = fc.double({ noNaN: true, noDefaultInfinity: true })
const number = fc.oneof(
  fc.maxSafeInteger().map(String), few, double.map(exactly),
  fc.constantFrom(...EDGES, ...EDGES.map((each) => -each)).map(exactly),
  fc.constantFrom('1e400', '-1e400', '3.0', '3e0', '-0', '0.5', '1E2', '100e-2')
)

const zeros = fc.constantFrom('', '0', '000')
const INT64_EDGES = [2n ** 63n, 2n ** 53n, 10n ** 18n, 10n ** 19n, 0n]
const digits = fc.oneof(
  fc.bigInt(-(2n ** 70n), 2n ** 70n).map(String), fc.bigInt(-9n, 9n).map(String),
  fc.tuple(fc.constantFrom(...INT64_EDGES), fc.bigInt(-3n, 3n), fc.constantFrom(1n, -1n), zeros).map(
    ([edge, by, sign, before]) => String((edge + by) * sign).replace(/\d/, `${before}$&`)
  ),
  fc.tuple(fc.constantFrom('', '-', '-00'), fc.constantFrom(4095, 4096, 4097)).map(
    ([before, count]) => before + '7'.repeat(count)
  ),
  fc.constantFrom('', '-', '+5', '5\n', ' 5', '5.0', '5e0', '-0', '٥', '0x5', '--5')
)
const text = fc.string({ unit: 'binary', maxLength: 12 })
// The bytes' own text, one changed by a slip, and others that some readers accept as bytes.
const base64 = fc.oneof(
  fc.uint8Array({ maxLength: 7 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.tuple(fc.uint8Array({ maxLength: 7 }), fc.constantFrom(...'AQgw=+-\n'), fc.nat(12), fc.nat(1)).map(
    ([bytes, put, at, cut]) => Buffer.from(bytes).toString('base64').replace(RegExp(`(.{${at}}).{${cut}}|$`), `$1${put}`)
  ),
  fc.tuple(fc.constantFrom('', 'AAAA'), fc.constantFrom(...'ABgw/'), fc.constantFrom(...'ABQgwIE0'), fc.boolean()).map(
    ([before, one, two, isShort]) => `${before}${isShort ? `${one}${two}==` : `A${one}${two}=`}`
  )
)
const asJson = (arbitrary) => arbitrary.map((each) => JSON.stringify(each))

const list = (element, maxLength = 4) => fc.array(element, { maxLength }).map((all) => `[${all}]`)
// The names within an object differ: a duplicate is refused, which no schema sees.
const object = (name, value) => fc.uniqueArray(fc.tuple(name, value), { selector: ([each]) => each, maxLength: 4 }).map(
  (members) => `{${members.map(([each, one]) => `${JSON.stringify(each)}:${one}`)}}`
)
const scalar = fc.oneof(number, asJson(text), asJson(digits), fc.constantFrom('null', 'true', 'false'))
const anyName = fc.oneof(text, { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString') })
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, list(tie('value')), object(anyName, tie('value')))
}))

// Members that a schema leaves open may be any JSON to it, whatever numbers they hold.
const more = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.tuple(fc.constantFrom('else', '__proto__'), asJson(text)).map(([name, value]) => `,"${name}":${value}`)
)

const OF_TYPE = {
  int: number, number, int64: fc.oneof(number, asJson(digits)), bigint: fc.oneof(number, asJson(digits)),
  boolean: fc.constantFrom('true', 'false'), string: asJson(fc.oneof(text, digits)), json: anything,
  bytes: asJson(base64),
  Line: fc.tuple(fc.oneof(asJson(text), scalar), fc.oneof(few, number), more).map(
    ([product, quantity, each]) => `{"product":${product},"quantity":${quantity}${each}}`
  )
}
const valueOf = (type) => {
  const elements = (element) => list(fc.oneof({ weight: 9, arbitrary: OF_TYPE[element] }, scalar))
  const own = type.endsWith('[]') ? elements(type.slice(0, -2)) : OF_TYPE[type]
  return fc.oneof({ weight: 9, arbitrary: own }, anything)
}

// Bodies by position, by name, and neither.
const bodyOf = (value) => fc.oneof(
  { weight: 5, arbitrary: fc.array(value, { minLength: 1, maxLength: 2 }).map((all) => `[${all}]`) },
  { weight: 5, arbitrary: object(fc.constantFrom('value', 'value', 'value', 'other'), value) },
  list(value), object(fc.constantFrom('value', 'other', 'third', '__proto__'), value), scalar
)

// Asserts that values that fit are accepted and others refused, and that there are some of both.
async function holds(t, arbitrary, judge) {
  const counts = { 200: 0, 400: 0 }
  await t.notThrowsAsync(fc.assert(fc.asyncProperty(arbitrary, async (drawn) => {
    const { fits, status } = await judge(drawn)
    counts[status]++
    if (status !== (fits ? 200 : 400)) throw new Error(`${fits ? 'it fits' : 'it does not fit'}: ${status}`)
  }), RUNS))
  t.true(counts[200] > 5 && counts[400] > 5, JSON.stringify(counts))
}

for (const type of [...TYPES, 'bytes', 'Line']) {
  test(`${type}: a body fits its schema exactly when it is accepted`, async (t) => {
    const { ask, schema } = await described(t)
    for (const prefix of ['of', 'maybe']) {
      const name = nameOf(prefix, type)
      if (!(name in functions)) continue
      const fits = schema('paths', `/${name}`, 'post', 'requestBody', 'content', 'application/json', 'schema')
      await holds(t, bodyOf(valueOf(type)), async (body) => (
        { fits: fits(JSON.parse(body)), status: await ask(`/${name}`, body) }
      ))
    }
  })
}

test('a body for undeclared functions fits exactly when it is accepted', async (t) => {
  const { ask, schema } = await described(t)
  const many = fc.oneof(list(fc.constant('1'), 66), fc.constant(`[${Array(65).fill(1)}]`))
  const body = fc.oneof(list(anything), many, object(anyName, anything), scalar)
  for (const name of ['sum', 'any']) {
    const fits = schema('paths', `/${name}`, 'post', 'requestBody', 'content', 'application/json', 'schema')
    await holds(t, body, async (drawn) => ({ fits: fits(JSON.parse(drawn)), status: await ask(`/${name}`, drawn) }))
  }
})

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const SCALARS = TYPES.slice(0, TYPES.indexOf('json'))

// The values that a segment of that type may be read as: text, a JSON number, or an integer with leading zeros.
function readingsOf(segment, type) {
  if (type === 'boolean') return ['true', 'false'].includes(segment) ? [segment === 'true'] : [segment]
  const isDigits = /^-?\d+$/.test(segment)
  const isNumber = type === 'int' ? isDigits || NUMBER.test(segment) : type === 'number' && NUMBER.test(segment)
  return isNumber ? [Number(segment)] : [segment]
}

for (const type of SCALARS) {
  test(`${type}: a segment of a path fits its schema exactly when it is accepted`, async (t) => {
    const { ask, schema } = await described(t)
    const name = nameOf('of', type)
    const fits = schema('paths', `/${name}/{value}`, 'post', 'parameters', 0, 'schema')
    const words = fc.constantFrom('', '', 'true', 'false', 'null', '"a"', 'True', '1.5')
    // For these the document allows digits alone, and the server also accepts `3.0`.
    const isOfDigits = type === 'int64' || type === 'bigint'
    const isLenient = (drawn) => isOfDigits && NUMBER.test(drawn) && /[.eE]/.test(drawn)
    const segment = fc.oneof(number, digits, words, text).filter((drawn) => !isLenient(drawn))
    await holds(t, segment, async (drawn) => ({
      fits: readingsOf(drawn, type).some((each) => fits(each)),
      status: await ask(`/${name}/${encodeURIComponent(drawn)}`)
    }))
  })
}
