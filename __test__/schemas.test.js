'use strict'

// Types that are Standard Schemas: of the libraries that most people use, and of no library.

const test = require('ava')
const v = require('valibot')
const { z } = require('zod')
const { typed } = require('..')
const { tableOf } = require('../lib/functions.js')
const { applySchemas } = require('../lib/calls/schemas.js')

function functionOf(signature, types) {
  return tableOf({ order: typed(signature, () => {}, { types }) }).functions[0]
}

function schemaOf(validate) {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

// An object with an array of lines, each with an integral quantity, in each library.
const libraries = {
  zod: () => z.object({ lines: z.array(z.object({ quantity: z.number().int() })) }),
  'zod, async': () => z.object({ lines: z.array(z.object({ quantity: z.number().int() })) }).refine(async () => true),
  valibot: () => v.object({ lines: v.array(v.object({ quantity: v.pipe(v.number(), v.integer()) })) }),
  'valibot, async': () => v.objectAsync({ lines: v.array(v.object({ quantity: v.pipe(v.number(), v.integer()) })) }),
  arktype: async () => {
    const { type } = await import('arktype')
    return type({ lines: type({ quantity: 'number.integer' }).array() })
  }
}

for (const [name, create] of Object.entries(libraries)) {
  test(`${name}: fitting values are passed on, and issues have pointers by name or by position, as sent`, async (t) => {
    const fn = functionOf('(id: int, xTenant: header, order: Order) => json', { Order: await create() })
    const order = { lines: [{ quantity: 1 }] }
    t.deepEqual(await applySchemas(fn, [1, 'a', order], false), { args: [1, 'a', order] })
    const wrong = { lines: [{ quantity: 1 }, { quantity: 1.5 }] }
    for (const [isByName, pointer] of [[false, '#/1/lines/1/quantity'], [true, '#/order/lines/1/quantity']]) {
      const { errors } = await applySchemas(fn, [1, 'a', wrong], isByName)
      t.deepEqual(errors.map((each) => each.pointer), [pointer])
      t.regex(errors[0].detail, /int/i)
    }
  })
}

test('a schema may transform the value', (t) => {
  const fn = functionOf('(when: When) => json', { When: z.string().transform((text) => new Date(text)) })
  t.deepEqual(applySchemas(fn, ['2026-11-26'], true), { args: [new Date('2026-11-26')] })
})

test('a function without schemas has nothing to apply', (t) => {
  t.is(applySchemas(functionOf('(a: int) => json'), [1], true), undefined)
  t.is(applySchemas(tableOf({ f: (a) => a }).functions[0], [1], false), undefined)
})

test('an optional argument that is absent is not checked', (t) => {
  const fn = functionOf('(order?: Order) => json', { Order: schemaOf(() => t.fail()) })
  t.deepEqual(applySchemas(fn, [], false), { args: [] })
  t.deepEqual(applySchemas(fn, [undefined], true), { args: [undefined] })
})

test('all arguments are checked, and sixteen issues reported', async (t) => {
  const issues = (count) => Array.from({ length: count }, (_, i) => ({ message: `no ${i}`, path: [i] }))
  const types = { A: schemaOf(() => ({ issues: issues(10) })), B: schemaOf(async () => ({ issues: issues(10) })) }
  const { errors } = await applySchemas(functionOf('(a: A, b: B) => json', types), [1, 2], false)
  t.is(errors.length, 16)
  t.deepEqual(errors[0], { pointer: '#/0/0', detail: 'no 0' })
  t.deepEqual(errors[15], { pointer: '#/1/5', detail: 'no 5' })
})

test('paths are keys or objects with one, and messages are cut', (t) => {
  const issue = { message: 'x'.repeat(500), path: [{ key: 'a/b' }, 0, Symbol('s')] }
  const fn = functionOf('(a: A) => json', { A: schemaOf(() => ({ issues: [issue, { message: 'no' }] })) })
  t.deepEqual(applySchemas(fn, [1], true).errors, [
    { pointer: '#/a/a~1b/0/Symbol(s)', detail: 'x'.repeat(200) }, { pointer: '#/a', detail: 'no' }
  ])
})

test('an error that a schema throws is rethrown', async (t) => {
  const failure = new Error('no')
  const throwing = functionOf('(a: A) => json', { A: schemaOf(() => { throw failure }) })
  t.is(t.throws(() => applySchemas(throwing, [1], true)), failure)
  const rejecting = functionOf('(a: A, b: A) => json', { A: schemaOf(() => Promise.reject(failure)) })
  t.is(await t.throwsAsync(applySchemas(rejecting, [1, 2], true)), failure)
})

test('a schema that rejects beside one that throws leaves no unhandled rejection', async (t) => {
  const unhandled = []
  const note = (reason) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const types = { A: schemaOf(() => Promise.reject(new Error('first'))), B: schemaOf(() => { throw new Error('second') }) }
  await t.throwsAsync(async () => applySchemas(functionOf('(a: A, b: B) => json', types), [1, 2], true))
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  t.deepEqual(unhandled, [])
})

test('a return value of validate that is no result is an error', (t) => {
  for (const result of [undefined, null]) {
    const fn = functionOf('(a: A) => json', { A: schemaOf(() => result) })
    t.throws(() => applySchemas(fn, [1], true), { instanceOf: TypeError })
  }
})
