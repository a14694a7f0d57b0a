// The client of openapi-fetch, with the types that openapi-typescript generates from the description.

import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { components, paths } from './made/openapi-typescript.js'

const api = createClient<paths>({ baseUrl: process.argv[2]! })

// Each result has its type, and each call takes the function's arguments.
const middle = await api.POST('/middle', { body: { low: 3, high: 4 } })
const half: number | undefined = middle.data
assert.equal(half, 3.5)
assert.equal((await api.POST('/middle', { body: [3, 4] })).data, 3.5)
assert.equal((await api.POST('/middle/{low}/{high}', { params: { path: { low: 3, high: 4 } } })).data, 3.5)
// @ts-expect-error It takes numbers.
assert.equal((await api.POST('/middle', { body: { low: 3, high: '4' } })).response.status, 400)

const next = await api.POST('/next', { body: ['9007199254740992'] })
const digits: string | undefined = next.data
assert.equal(digits, '9007199254740993')
assert.equal((await api.POST('/next', { body: { n: 41 } })).data, '42')
assert.equal((await api.POST('/double', { body: ['123456789012345678901234567890'] })).data, '246913578024691357802469135780')

const greeting: string | undefined = (await api.POST('/greet', { body: { name: 'Ada', loud: true } })).data
assert.equal(greeting, 'Hello, Ada!')
assert.equal((await api.POST('/greet/{name}', { params: { path: { name: 'a/b ü' } } })).data, 'Hello, a/b ü.')
assert.equal((await api.POST('/mean', { body: { values: [1, 2.5, 4] } })).data, 2.5)

const all = { ints: [1], longs: ['2', 3], bigs: ['4'], flags: [true], texts: ['ü'] }
assert.deepEqual((await api.POST('/all', { body: all })).data, { ...all, longs: ['2', '3'] })
const longs: string[] | undefined = (await api.POST('/longs', { body: [['1', 2]] })).data
assert.deepEqual(longs, ['2', '1'])
assert.deepEqual((await api.POST('/echo', { body: { value: { a: [null, 1.5, 'ü'] } } })).data, { a: [null, 1.5, 'ü'] })
assert.deepEqual((await api.POST('/pair', { body: [1, { b: 2 }] })).data, [1, { b: 2 }])

// Bytes are a string to openapi-typescript, and anything that `fetch` accepts to openapi-fetch.
const bytes = new Uint8Array([0, 255, 10])
const same = await api.POST('/same', {
  body: bytes as unknown as string, bodySerializer: (body) => body, parseAs: 'arrayBuffer',
  headers: { 'Content-Type': 'application/octet-stream' }
})
assert.deepEqual(new Uint8Array(same.data!), bytes)
const part = await api.POST('/part', { body: { data: 'AP8K', from: 1 }, parseAs: 'arrayBuffer' })
assert.deepEqual(new Uint8Array(part.data!), bytes.slice(1))

const who = await api.POST('/who', { params: { header: { 'x-request-id': 'abc' } }, parseAs: 'text' })
assert.equal(who.data, 'abc of nobody')

const order: components['schemas']['Order'] = { id: 1, items: [{ name: 'tea', count: 2 }] }
const ordered = (await api.POST('/order', { body: { order } })).data
assert.equal(ordered?.items[0]?.count, 2)

const created = await api.POST('/create', { body: { name: 'tea' } })
assert.deepEqual([created.response.status, created.data], [201, { name: 'tea' }])
assert.equal((await api.POST('/nothing', { body: [1] })).response.status, 204)
assert.equal((await api.POST('/now')).data, 1.5)

const refused = await api.POST('/order', { body: [{ id: 1, items: [{ name: 'tea', count: 0 }] }] })
const problem: components['schemas']['Problem'] | undefined = refused.error
assert.equal(problem?.code, 'ERR_ARGUMENTS')
assert.equal(problem?.errors?.[0]?.pointer, '#/0/items/0/count')

console.log('all right')
