// The client that @hey-api/openapi-ts generates from the description: a function for each of the server's.

import assert from 'node:assert/strict'
import { client } from './made/hey-api/client.gen.js'
import * as api from './made/hey-api/sdk.gen.js'

client.setConfig({ baseUrl: process.argv[2]!, throwOnError: false })

const { data: half } = await api.middle({ body: { low: 3, high: 4 } })
const number: number | undefined = half
assert.equal(number, 3.5)
assert.equal((await api.middle({ body: [3, 4] })).data, 3.5)
assert.equal((await api.middleByPath({ path: { low: 3, high: 4 } })).data, 3.5)
// @ts-expect-error It takes numbers.
assert.equal((await api.middle({ body: { low: 3, high: '4' } })).response?.status, 400)

const digits: string | undefined = (await api.next({ body: ['9007199254740992'] })).data
assert.equal(digits, '9007199254740993')
assert.equal((await api.double({ body: { n: '123456789012345678901234567890' } })).data, '246913578024691357802469135780')
assert.equal((await api.greet({ body: ['Ada', true] })).data, 'Hello, Ada!')
assert.equal((await api.greetByPath({ path: { name: 'a/b ü' } })).data, 'Hello, a/b ü.')
assert.equal((await api.mean({ body: { values: [1, 2.5, 4] } })).data, 2.5)

const all = { ints: [1], longs: ['2', 3], bigs: ['4'], flags: [true], texts: ['ü'] }
assert.deepEqual((await api.all({ body: all })).data, { ...all, longs: ['2', '3'] })
assert.deepEqual((await api.longs({ body: { values: ['1', 2] } })).data, ['2', '1'])
assert.deepEqual((await api.echo({ body: { value: { a: [null] } } })).data, { a: [null] })
assert.deepEqual((await api.pair({ body: [1, { b: 2 }] })).data, [1, { b: 2 }])

const bytes = new Uint8Array([0, 255, 10])
const same: Blob | File | undefined = (await api.same({ body: new Blob([bytes]) })).data
assert.deepEqual(new Uint8Array(await same!.arrayBuffer()), bytes)
const part = (await api.part({ body: { data: 'AP8K', from: 1 } })).data
assert.deepEqual(new Uint8Array(await part!.arrayBuffer()), bytes.slice(1))

assert.equal((await api.who({ headers: { 'x-request-id': 'abc', 'x-tenant': 'Ada' } })).data, 'abc of Ada')
const ordered = (await api.order({ body: { order: { id: 1, items: [{ name: 'tea', count: 2 }] } } })).data
assert.equal(ordered?.items[0]?.count, 2)
const created = await api.create({ body: { name: 'tea' } })
assert.deepEqual([created.response?.status, created.data], [201, { name: 'tea' }])
assert.equal((await api.nothing({ body: { n: 1 } })).response?.status, 204)
assert.equal((await api.now()).data, 1.5)

const { error } = await api.order({ body: { order: { id: 1, items: [{ name: 'tea', count: 0 }] } } })
assert.equal(error?.errors?.[0]?.pointer, '#/order/items/0/count')

console.log('all right')
