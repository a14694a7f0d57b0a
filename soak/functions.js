'use strict'

// The soak's functions by name, with honest clients' requests and the answers they must get. As with one plain
// function, each answer shows which request it is for.

const { reply, typed } = require('..')

const LONG_BYTES = 50_000

function add(a, b) {
  return a + b
}

function greeting(name, loud) {
  return `Hello, ${loud ? name.toUpperCase() : name}`
}

const functions = {
  sum: typed('(a: int, b: int) => int', (a, b) => a + b),
  add,
  greet: typed('(name: string, loud?: boolean) => string', async (name, loud) => greeting(name, loud)),
  document: typed('(value: json, tags: string[]) => json', (value, tags) => ({ tags, value })),
  total: typed('(id: int64, values: number[]) => json', (id, values) => {
    return { id: String(id), total: values.reduce(add, 0) }
  }),
  data: typed('(data: bytes, xTag: header) => bytes', (data, xTag) => reply(data, { headers: { 'x-tag': xTag } })),
  long: typed('(n: int) => text', (n) => `${n} `.padEnd(LONG_BYTES, 'x')),
  fail: typed('(text: string) => void', (text) => { throw Object.assign(new Error(text), { statusCode: 422 }) })
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const json = (path, value) => ({ path, headers: JSON_TYPE, body: JSON.stringify(value) })
const text = (n, most) => `${n} é€😀 ${'t'.repeat(n % most)}`
const ok = (body) => ({ status: 200, body })
const refused = (status, code, detail) => ({ status, code, detail })

// For a number that no two requests share: the request, and the answer it must get.
const ASKED = [
  (n) => [{ path: `/sum/${n}/-1` }, ok(String(n - 1))],
  (n) => [json('/sum', [n, 2]), ok(String(n + 2))],
  (n) => [json('/sum', { b: 3, a: n }), ok(String(n + 3))],
  (n) => [{ path: `/add/%22${n}%22/%22x%22` }, ok(`"${n}x"`)],
  (n) => [{ path: `/greet/${n}` }, ok(`"Hello, ${n}"`)],
  (n) => {
    const name = text(n, 2000)
    return [json('/greet', { loud: true, name }), ok(JSON.stringify(greeting(name, true)))]
  },
  (n) => {
    const value = { n, deep: [[{ text: text(n, 5000) }]], none: null }
    return [json('/document', [value, [`${n}`, 'é']]), ok(JSON.stringify({ tags: [`${n}`, 'é'], value }))]
  },
  (n) => [json('/total', [String(n), Array(n % 3000).fill(0.5)]), ok(`{"id":"${n}","total":${(n % 3000) / 2}}`)],
  (n) => {
    const body = text(n, 60_000)
    return [{ path: '/data', headers: { 'X-Tag': `t${n}` }, body }, { ...ok(body), tag: `t${n}` }]
  },
  (n) => [{ path: `/long/${n}` }, ok(`${n} `.padEnd(LONG_BYTES, 'x'))],
  (n) => [json('/fail', [`${n} is refused`]), refused(422, 'ERR_REFUSED', `${n} is refused`)],
  (n) => [json('/sum', [n, 'x']), refused(400, 'ERR_ARGUMENTS')],
  (n) => [{ path: '/sum', headers: JSON_TYPE, body: `[${n},]` }, refused(400, 'ERR_NOT_JSON')],
  (n) => [{ path: '/sum', body: `[${n},1]` }, refused(415, 'ERR_MEDIA_TYPE')],
  (n) => [json(`/nobody/${n}`, [n]), refused(404, 'ERR_UNKNOWN_FUNCTION')]
]

function askedOf(n) {
  const [request, expected] = ASKED[n % ASKED.length](n)
  return { request, isRight: (response) => isRight(response, expected) }
}

function isRight({ status, headers, body }, expected) {
  if (status !== expected.status || headers['x-tag'] !== expected.tag) return false
  if (expected.code === undefined) return body === expected.body
  const { code, detail } = JSON.parse(body)
  return code === expected.code && (expected.detail === undefined || detail === expected.detail)
}

module.exports = { askedOf, functions }
