'use strict'

// The body that a function's value becomes, and the error for a value that does not fit.

const { inspect } = require('node:util')
const vm = require('node:vm')
const test = require('ava')
const { reply, typed } = require('..')
const { tableOf } = require('../lib/functions.js')
const { answerOf, encoderOf, mediaOf } = require('../lib/answers/encoders.js')

const schema = { '~standard': { validate: (value) => ({ value }) } }

// The table's entry for a function `sum` with that declared result, or for an undeclared function.
function functionOf(result) {
  const handler = () => {}
  const sum = result === undefined ? handler : typed(`() => ${result}`, handler, { types: { Order: schema } })
  return tableOf({ sum }).functions[0]
}

const LONE = 'a\ud800'
const transferred = (array) => {
  structuredClone(array, { transfer: [array.buffer] })
  return array
}
const shrunk = () => {
  const buffer = new ArrayBuffer(32, { maxByteLength: 32 })
  const array = new Float64Array(buffer, 8, 2)
  buffer.resize(8)
  return array
}
const nothing = Object.assign(Object.create(null), { a: 1 })
const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(7)

// The declared result, the value, and the body.
const fitting = [
  ['int', 7, '7'],
  ['int', -0, '0'],
  ['int', -(2 ** 53 - 1), '-9007199254740991'],
  ['number', 1.5, '1.5'],
  ['number', -0, '0'],
  ['number', 1e21, '1e+21'],
  ['number', 1e-7, '1e-7'],
  ['number', 123456789012345680000, '123456789012345680000'],
  ['number', 5e-324, '5e-324'],
  ['int64', 2n ** 63n - 1n, '"9223372036854775807"'],
  ['int64', -(2n ** 63n), '"-9223372036854775808"'],
  ['bigint', 10n ** 30n, `"1${'0'.repeat(30)}"`],
  ['boolean', true, 'true'],
  ['boolean', false, 'false'],
  ['json', { a: [1, null, { b: 'é"\n' }] }, '{"a":[1,null,{"b":"é\\"\\n"}]}'],
  ['json', null, 'null'],
  ['json', 'null', '"null"'],
  ['json', [], '[]'],
  ['json', nothing, '{"a":1}'],
  ['json', { a: undefined, b: null, f() {} }, '{"b":null}'],
  ['json', { text: '\\ud800' }, '{"text":"\\\\ud800"}'],
  ['json', '😀', '"😀"'],
  ['json', new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ['json', { when: new Date(NaN) }, '{"when":null}'],
  ['json', { toJSON: () => [null] }, '[null]'],
  ['json', [Object(3), Object('x'), Object(true), null], '[3,"x",true,null]'],
  ['json', {}, '{}'],
  ['json', { a: {}, b: Object.create(null), 0: [{}] }, '{"0":[{}],"a":{},"b":{}}'],
  ['json', { 0: 'a' }, '{"0":"a"}'],
  ['json', vm.runInNewContext('({ a: {}, b: null })'), '{"a":{},"b":null}'],
  ['json', [Object(true), {}], '[true,{}]'],
  ['json', '{}', '"{}"'],
  ['json', new (class Row { id = 1; rest = {} })(), '{"id":1,"rest":{}}'],
  ['json', Buffer.from('a'), '{"type":"Buffer","data":[97]}'],
  ['json', { at: new URL('http://a.example/'), rest: {} }, '{"at":"http://a.example/","rest":{}}'],
  ['Order', { id: 1 }, '{"id":1}'],
  ['int[]', [1, -0, 3], '[1,0,3]'],
  ['int[]', [], '[]'],
  ['int[]', new Uint8Array([1, 255]), '[1,255]'],
  ['int[]', new Float64Array([1, 2]), '[1,2]'],
  ['number[]', [1.5, 1e21], '[1.5,1e+21]'],
  ['number[]', new Float64Array([0.1, -0, 3]), '[0.1,0,3]'],
  ['number[]', new Float32Array([0.5]), '[0.5]'],
  ['int64[]', [1n, -2n], '["1","-2"]'],
  ['int64[]', new BigInt64Array([-(2n ** 63n)]), '["-9223372036854775808"]'],
  ['int64[]', new BigUint64Array([5n]), '["5"]'],
  ['bigint[]', [2n ** 70n], '["1180591620717411303424"]'],
  ['boolean[]', [true, false], '[true,false]'],
  ['string[]', ['a', '"', '\u2028'], '["a","\\"","\u2028"]'],
  [undefined, { a: 1 }, '{"a":1}'],
  [undefined, 1.5, '1.5'],
  [undefined, 'Ada', '"Ada"'],
  [undefined, true, 'true'],
  [undefined, null, 'null'],
  [undefined, 10n ** 30n, `1${'0'.repeat(30)}`]
]

for (const [result, value, body] of fitting) {
  test(`${inspect(value)} as ${result ?? 'an undeclared result'} is ${body}`, (t) => {
    const fn = functionOf(result)
    t.deepEqual(answerOf(fn, value), { status: 200, fields: undefined, media: 'json', body })
    t.is(encoderOf(fn)(value), body)
    t.is(mediaOf(fn), 'json')
  })
}

test('a string is passed on unquoted, for the engine to quote', (t) => {
  t.deepEqual(answerOf(functionOf('string'), 'a"é'), { status: 200, fields: undefined, media: 'string', body: 'a"é' })
  t.deepEqual(answerOf(functionOf('text'), '<p>'), { status: 200, fields: undefined, media: 'text', body: '<p>' })
})

test('bytes are passed on as they are, but memory that another thread may change is copied', (t) => {
  const fn = functionOf('bytes')
  const bytes = Buffer.from('abc')
  t.deepEqual(answerOf(fn, bytes), { status: 200, fields: undefined, media: 'bytes', body: bytes })
  t.is(encoderOf(fn)(bytes), bytes)
  const copy = encoderOf(fn)(shared)
  t.deepEqual(copy, new Uint8Array([7, 7]))
  t.true(copy.buffer instanceof ArrayBuffer)
  const resizable = new Uint8Array(new ArrayBuffer(2, { maxByteLength: 4 }))
  t.not(encoderOf(fn)(resizable).buffer, resizable.buffer)
})

test('a function declared void drops any value', (t) => {
  for (const value of [undefined, 3, LONE, { get a() { throw new Error('no') } }]) {
    t.deepEqual(answerOf(functionOf('void'), value), { status: 204, fields: undefined, media: 'none', body: '' })
  }
})

// The declared result, the value, and the message about it after "It returned".
const unfit = [
  ['int', 1.5, '1.5. Round it, with Math.round() for example.'],
  ['int', 2 ** 53, '9007199254740992. Beyond Number.MAX_SAFE_INTEGER only a bigint is exact: return one.'],
  ['int', 3n, 'a bigint. Declare int64 or bigint, or convert it with Number().'],
  ['int', '3', 'a string. Convert it, or declare string.'],
  ['int', undefined, 'undefined. Is a `return` missing? A function that returns nothing is declared so: `=> void`.'],
  ['int', null, 'null.'],
  ['int', Object(3), 'an object.'],
  ['number', NaN, 'NaN. It comes from undefined, from a promise without `await`, or from 0 / 0.'],
  ['number', Infinity, 'Infinity.'],
  ['number', 3n, 'a bigint. Declare int64 or bigint, or convert it with Number().'],
  ['int64', 3, '3. Convert it with BigInt().'],
  ['int64', 2n ** 63n, 'a bigint. It has more than 64 bits: declare bigint.'],
  ['bigint', 3, '3. Convert it with BigInt().'],
  ['boolean', 1, '1.'],
  ['boolean', 'true', 'a string. Convert it, or declare string.'],
  ['string', 3, '3.'],
  ['string', LONE, 'a string with a lone surrogate, which String.prototype.toWellFormed() replaces.'],
  ['string', Object('a'), 'an object.'],
  ['text', LONE, 'a string with a lone surrogate, which String.prototype.toWellFormed() replaces.'],
  ['text', undefined, 'undefined. Is a `return` missing? A function that returns nothing is declared so: `=> void`.'],
  ['bytes', 'abc', 'a string. Convert it with Buffer.from(), or declare text.'],
  ['bytes', new ArrayBuffer(1), 'an ArrayBuffer. Wrap it: new Uint8Array(buffer).'],
  ['bytes', new Uint16Array(1), 'a Uint16Array.'],
  ['bytes', new Proxy(new Uint8Array(1), {}), 'an object.'],
  ['bytes', transferred(new Uint8Array(1)), 'a Uint8Array whose memory was transferred away or shrunk. Do that to a ' +
    'copy, such as array.slice().'],
  ['number[]', transferred(new Float64Array(1)), 'a Float64Array whose memory was transferred away or shrunk. Do that ' +
    'to a copy, such as array.slice().'],
  ['number[]', shrunk(), 'a Float64Array whose memory was transferred away or shrunk. Do that to a copy, such as array.slice().'],
  ['json', undefined, 'undefined. Is a `return` missing? A function that returns nothing is declared so: `=> void`.'],
  ['json', () => 1, 'a function.'],
  ['json', Symbol('x'), 'a symbol.'],
  ['json', NaN, 'NaN, which JSON cannot represent.'],
  ['json', { a: { b: -Infinity } }, 'an object whose "b" is -Infinity, which JSON cannot represent.'],
  ['json', [1, [NaN]], 'an array whose element 0 is NaN, which JSON cannot represent.'],
  ['json', [Object(NaN)], 'an array whose element 0 is NaN, which JSON cannot represent.'],
  ['json', { a: Object(NaN) }, 'an object whose "a" is NaN, which JSON cannot represent.'],
  ['json', [undefined], 'an array whose element 0 is undefined, which JSON cannot represent.'],
  ['json', [() => 1], 'an array whose element 0 is a function, which JSON cannot represent.'],
  ['json', [Symbol('x')], 'an array whose element 0 is a symbol, which JSON cannot represent.'],
  ['json', [, 1], 'an array whose element 0 is undefined, which JSON cannot represent.'],
  ['json', { a: LONE }, 'an object whose "a" is a string with a lone surrogate.'],
  ['json', LONE, 'a string with a lone surrogate.'],
  ['json', { [LONE]: 1 }, 'an object with a name that has a lone surrogate.'],
  ['json', { toJSON: () => NaN }, 'NaN, which JSON cannot represent.'],
  ['json', { toJSON: () => undefined }, 'an object.'],
  ['json', 1n, 'a bigint, which JSON cannot represent. Convert it with String(), or declare bigint as the result.'],
  ['json', [1n], 'an array whose element 0 is a bigint, which JSON cannot represent. Convert it with String(), or declare ' +
    'bigint[] as the result.'],
  ['json', { a: { id: 1n } }, 'an object whose "id" is a bigint, which JSON cannot represent. Convert it with String().'],
  ['json', { id: Object(1n) }, 'an object whose "id" is a bigint, which JSON cannot represent. Convert it with String().'],
  ['json', { f: new Float64Array([1]) }, 'an object whose "f" is a Float64Array, which JSON cannot represent. Convert it with ' +
    'Array.from().'],
  ['json', [new Uint8Array()], 'an array whose element 0 is a Uint8Array, which JSON cannot represent. Convert it with ' +
    'Array.from().'],
  ['json', new Int8Array(1), 'an Int8Array, which JSON cannot represent. Convert it with Array.from().'],
  ['json', new BigInt64Array(1), 'a BigInt64Array, which JSON cannot represent. Convert it with Array.from().'],
  ['json', { a: new ArrayBuffer(1) }, 'an object whose "a" is an ArrayBuffer, which JSON cannot represent. Convert it with ' +
    'Array.from(new Uint8Array(buffer)).'],
  ['json', { a: new Map([[1, 2]]), b: null }, 'an object whose "a" is a Map, which JSON cannot represent. Convert it with ' +
    'Object.fromEntries().'],
  ['json', [new Set([1])], 'an array whose element 0 is a Set, which JSON cannot represent. Convert it with Array.from().'],
  ['json', { a: Promise.resolve(1) }, 'an object whose "a" is a promise, which JSON cannot represent. Is an `await` missing?'],
  ['json', { a: reply(1) }, 'an object whose "a" is a reply, which JSON cannot represent. Pass the whole value to reply().'],
  ['json', [1, [reply(null, { status: 404 })]], 'an array whose element 0 is a reply, which JSON cannot represent. Pass the ' +
    'whole value to reply().'],
  ['Order', { a: reply('b', { headers: { c: 'd' } }) }, 'an object whose "a" is a reply, which JSON cannot represent. Pass ' +
    'the whole value to reply().'],
  [undefined, [reply(1)], 'an array whose element 0 is a reply, which JSON cannot represent. Pass the whole value to reply().'],
  ['json', [1].values(), 'an iterator, which JSON cannot represent. Convert it with Array.from().'],
  ['json', (function * () {})(), 'an iterator, which JSON cannot represent. Convert it with Array.from().'],
  ['json', new Error('no'), 'an Error, which JSON cannot represent. Throw it, or return its message.'],
  ['json', { a: new Response() }, 'an object whose "a" is a Response, which JSON cannot represent. Return a plain object with ' +
    'its data, or give it a toJSON method.'],
  ['json', /a/, 'a RegExp, which JSON cannot represent. Return a plain object with its data, or give it a toJSON ' +
    'method.'],
  ['Order', new Map(), 'a Map, which JSON cannot represent. Convert it with Object.fromEntries().'],
  [undefined, [new Map()], 'an array whose element 0 is a Map, which JSON cannot represent. Convert it with ' +
    'Object.fromEntries().'],
  ['Order', undefined, 'undefined. Is a `return` missing? A function that returns nothing is declared so: `=> void`.'],
  ['int[]', 3, '3.'],
  ['int[]', {}, 'an object.'],
  ['int[]', '12', 'a string.'],
  ['int[]', new Set([1]), 'an object.'],
  ['int[]', [1, 1.5], 'an array whose element 1 is 1.5.'],
  ['int[]', [1, , 2], 'an array whose element 1 is undefined.'],
  ['int[]', new Float64Array([0.5]), 'an array whose element 0 is 0.5.'],
  ['int[]', new BigInt64Array(1), 'an array whose element 0 is a bigint.'],
  ['number[]', [NaN], 'an array whose element 0 is NaN.'],
  ['number[]', new Float64Array([1, Infinity]), 'an array whose element 1 is Infinity.'],
  ['int64[]', [1], 'an array whose element 0 is 1.'],
  ['int64[]', new BigUint64Array([2n ** 63n]), 'an array whose element 0 is a bigint.'],
  ['string[]', [LONE], 'an array whose element 0 is a string.'],
  ['boolean[]', [0], 'an array whose element 0 is 0.'],
  [undefined, undefined, 'undefined. Is a `return` missing? A function that returns nothing is declared so: `=> void`.'],
  [undefined, Infinity, 'Infinity, which JSON cannot represent.'],
  [undefined, () => 1, 'a function.']
]

for (const [i, [result, value, what]] of unfit.entries()) {
  test(`${i + 1}: ${inspect(value)} as ${result ?? 'an undeclared result'} does not fit`, (t) => {
    const error = t.throws(() => answerOf(functionOf(result), value), { instanceOf: TypeError, code: 'ERR_INVALID_RETURN_VALUE' })
    t.regex(error.message, /^sum must return [^.]+, or a promise of one\. It returned /)
    t.is(error.message.split('It returned ')[1], what)
  })
}

function nested(levels, wrap) {
  let value = 1
  for (let i = 0; i < levels; i++) value = wrap(value)
  return value
}

function circle() {
  const circular = { a: null }
  circular.a = circular
  return circular
}

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const thrower = () => { throw new Error('secret') }
const everyTrapThrows = new Proxy({}, { get: () => thrower })

const hostile = {
  'a cycle': [circle(), /circular/],
  'a bigint inside': [{ a: [1n] }, /element 0 is a bigint/],
  '10,000 arrays in one another': [nested(10_000, (value) => [value]), /nested too deep/],
  '10,000 objects in one another, with a null': [nested(10_000, (a) => ({ a, b: null })), /nested too deep/],
  'a getter that throws': [{ get a() { return thrower() } }, /secret/],
  'toJSON that throws': [{ toJSON: thrower }, /secret/],
  'a getter that throws an object that throws when inspected': [
    { get a() { throw new Proxy({}, { get: thrower, getPrototypeOf: thrower, has: thrower }) } }, /it threw/
  ],
  'a getter that throws undefined': [{ get a() { throw undefined } }, /it threw/],
  'a getter that throws an error whose message throws': [
    { get a() { throw Object.defineProperty(new Error(), 'message', { get: thrower }) } }, /it threw/
  ],
  'a proxy whose traps throw': [new Proxy({}, { get: thrower, ownKeys: thrower, getPrototypeOf: thrower }), /secret/],
  'a proxy of an array whose length throws': [new Proxy([], everyTrapThrows), /secret/],
  'a revoked proxy': [revoked({}), /revoked/],
  'a revoked proxy of an array': [revoked([]), /revoked/],
  'a null beside a getter that throws the second time': [
    { a: null, get b() { return (this.count = (this.count ?? 0) + 1) > 1 ? thrower() : 1 } }, /secret/
  ]
}

for (const [what, [value, message]] of Object.entries(hostile)) {
  test(`${what} causes an error with a sentence`, (t) => {
    for (const result of ['json', 'Order', undefined]) {
      t.throws(() => answerOf(functionOf(result), value), { instanceOf: TypeError, code: 'ERR_INVALID_RETURN_VALUE', message })
    }
    for (const result of ['int', 'string', 'bytes', 'int[]', 'string[]']) {
      t.throws(() => answerOf(functionOf(result), value), { instanceOf: TypeError, code: 'ERR_INVALID_RETURN_VALUE' })
    }
  })
}

test('the body has the values that were checked: each element of an array is read once', (t) => {
  let count = 0
  const array = Object.defineProperty([1], 0, { get: () => (count++ === 0 ? 1 : 'wrong') })
  t.is(encoderOf(functionOf('int[]'))(array), '[1]')
})

test('a value that has to be read twice is written as it was checked', (t) => {
  let count = 0
  const value = { toJSON: () => (count++ === 0 ? [NaN] : [1]) }
  t.is(encoderOf(functionOf('json'))(value), '[1]')
})

test('a reply has its own status and fields', (t) => {
  const fn = functionOf('int')
  t.deepEqual(answerOf(fn, reply(3)), { status: 200, fields: undefined, media: 'json', body: '3' })
  t.deepEqual(answerOf(fn, reply(3, { status: 201, headers: { A: 'b' } })), {
    status: 201, fields: [['a', 'b']], media: 'json', body: '3'
  })
  t.throws(() => answerOf(fn, reply('3')), { code: 'ERR_INVALID_RETURN_VALUE' })
  t.throws(() => answerOf(fn, reply(undefined, { status: 404 })), { code: 'ERR_INVALID_RETURN_VALUE' })
  t.deepEqual(answerOf(functionOf('text'), reply('<p>', { headers: { 'Content-Type': 'text/html' } })), {
    status: 200, fields: [['content-type', 'text/html']], media: 'text', body: '<p>'
  })
})

test('a reply of 204, 205 or 304 has no body, whatever its value', (t) => {
  for (const status of [204, 205, 304]) {
    for (const result of ['int', 'json', 'bytes', 'void', undefined]) {
      t.deepEqual(answerOf(functionOf(result), reply(undefined, { status })), {
        status, fields: undefined, media: 'none', body: ''
      })
    }
  }
})

test('a reply of a function declared void has no body, and its own status', (t) => {
  t.like(answerOf(functionOf('void'), reply()), { status: 204, media: 'none' })
  t.like(answerOf(functionOf('void'), reply(3, { status: 202 })), { status: 202, media: 'none', body: '' })
})
