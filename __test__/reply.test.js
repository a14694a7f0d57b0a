'use strict'

// The arguments of `reply`, and the header fields that an answer may have, also from thrown errors.

const test = require('ava')
const { reply } = require('..')
const { errorAnswer } = require('../lib/answers/handler-errors.js')
const { errorProblem, pointerTo, problemText } = require('../lib/answers/problems.js')
const { isReply } = require('../lib/answers/reply.js')

const fn = { name: 'sum' }

test('a reply shows what it was made of, and cannot be changed', (t) => {
  const made = reply({ a: 1 }, { status: 201, headers: { Location: '/1' } })
  t.deepEqual({ ...made }, { value: { a: 1 }, status: 201, fields: [['location', '/1']] })
  t.true(Object.isFrozen(made))
  t.deepEqual({ ...reply() }, { value: undefined, status: undefined, fields: undefined })
})

test('only objects that reply() has made are replies', (t) => {
  const made = reply(1)
  t.true(isReply(made))
  for (const value of [{ ...made }, Object.create(made), new Proxy(made, {}), 1, null, undefined, () => made]) {
    t.false(isReply(value))
  }
})

test('the value may not be a promise or a reply', (t) => {
  const wrongType = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE', message: /`await` it first/ }
  for (const value of [Promise.resolve(1), { then() {} }]) t.throws(() => reply(value), wrongType)
  t.throws(() => reply(reply(1)), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE', message: /is a reply itself/ })
  t.deepEqual(reply({ then: 'go on' }).value, { then: 'go on' })
})

test('header fields come as an object, as pairs, as Headers or as a Map', (t) => {
  const fields = [['a', 'b'], ['x-count', '3']]
  const forms = [
    { A: 'b', 'X-Count': 3 }, [['A', 'b'], ['x-count', 3n]], new Headers({ A: 'b', 'X-Count': '3' }),
    new Map([['A', 'b'], ['X-Count', 3]]), Object.assign(Object.create(null), { a: ' b\t', 'x-count': '3' })
  ]
  for (const headers of forms) t.deepEqual(reply(1, { headers }).fields, fields)
  t.is(reply(1, { headers: {} }).fields, undefined)
})

test('a field may have several values, and undefined leaves it out', (t) => {
  const headers = { 'Set-Cookie': ['a=1', 'b=2'], Vary: undefined, Empty: '' }
  t.deepEqual(reply(1, { headers }).fields, [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['empty', '']])
})

test('fields that the server writes itself are left out', (t) => {
  const headers = {
    'Content-Length': '3', 'transfer-encoding': 'chunked', Connection: 'close', 'Keep-Alive': 'timeout=1', Trailer: 'a',
    Upgrade: 'h2c', TE: 'trailers', 'Proxy-Connection': 'close', Date: 'today', 'Access-Control-Allow-Origin': '*', A: 'b'
  }
  t.deepEqual(reply(1, { headers }).fields, [['a', 'b']])
})

test('a field name or value that HTTP does not allow throws', (t) => {
  for (const name of ['', 'a b', 'a:', 'a\r\nb', 'ä', 'a\0', '(a)']) {
    t.throws(() => reply(1, { headers: { [name]: 'b' } }), { code: 'ERR_INVALID_ARG_VALUE', message: /can't have the name/ })
  }
  for (const value of ['a\r\nSet-Cookie: b', 'a\nb', '\0', '\x7f', 'ä', '😀', 'a\rb']) {
    t.throws(() => reply(1, { headers: { A: value } }), { code: 'ERR_INVALID_ARG_VALUE', message: /printable ASCII/ })
  }
  for (const value of [null, true, {}, Symbol('x'), () => {}, [null], [['a']]]) {
    t.throws(() => reply(1, { headers: { A: value } }), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  t.throws(() => reply(1, { headers: [[Symbol('x'), 'b']] }), { code: 'ERR_INVALID_ARG_VALUE' })
  for (const headers of [null, 'A: b', 3, [['a']], ['ab'], new Set(['a'])]) {
    t.throws(() => reply(1, { headers }), { code: 'ERR_INVALID_ARG_TYPE' })
  }
})

test('a status that is not final, and an option that does not exist, throw', (t) => {
  for (const status of [100, 101, 199, 600, 200.5, NaN, -1]) {
    t.throws(() => reply(1, { status }), { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' })
  }
  for (const status of ['200', null, 200n]) t.throws(() => reply(1, { status }), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => reply(1, { statusCode: 200 }), { code: 'ERR_INVALID_ARG_VALUE', message: /Did you mean 'status'\?/ })
  t.throws(() => reply(1, 201), { code: 'ERR_INVALID_ARG_TYPE', message: /\{ status: 201 \}/ })
  for (const options of [null, 'x', [], new Map()]) t.throws(() => reply(1, options), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('a thrown error may have header fields, like a reply', (t) => {
  const error = Object.assign(new Error('Slow down.'), { statusCode: 429, headers: { 'Retry-After': 3, Connection: 'close' } })
  t.deepEqual(errorAnswer(error, fn), {
    status: 429, message: 'Slow down.', isFault: false, fields: [['retry-after', '3']], fault: error
  })
})

test('a thrown error with header fields that HTTP does not allow is a failure', (t) => {
  const failed = { status: 500, message: 'The function failed.', isFault: true, fields: undefined }
  const hostile = { get a() { throw new Error('no') } }
  for (const headers of [null, 3, { A: 'a\r\nb' }, { 'a b': 'c' }, { A: {} }, hostile]) {
    const error = Object.assign(new Error('Gone.'), { statusCode: 410, headers })
    const { fault, ...answer } = errorAnswer(error, fn)
    t.deepEqual(answer, failed)
    t.is(fault.cause, error)
  }
})

test('one plain function answers with a status and a message alone', (t) => {
  const error = Object.assign(new Error('Gone.'), { statusCode: 410, headers: { A: 'a\r\nb' } })
  t.deepEqual(errorAnswer(error), { status: 410, message: 'Gone.', isFault: false, fields: undefined, fault: error })
  t.like(errorAnswer(new Error('secret')), { status: 500, message: 'The function failed.' })
})

test('a problem has its members in order, and errors only where there are some', (t) => {
  t.is(
    problemText({ status: 400, code: 'ERR_ARGUMENTS', detail: 'No.', errors: [{ pointer: '#/b', detail: 'must be an int' }] }),
    '{"type":"about:blank","title":"Bad Request","status":400,"detail":"No.","code":"ERR_ARGUMENTS",' +
      '"errors":[{"pointer":"#/b","detail":"must be an int"}]}'
  )
  t.is(
    problemText({ status: 413, code: 'ERR_BODY_TOO_LARGE', detail: 'No.', errors: [] }),
    '{"type":"about:blank","title":"Content Too Large","status":413,"detail":"No.","code":"ERR_BODY_TOO_LARGE"}'
  )
  const errors = Array.from({ length: 20 }, (_, i) => ({ pointer: `#/${i}`, detail: 'No.' }))
  t.is(JSON.parse(problemText({ status: 400, code: 'ERR_ARGUMENTS', detail: 'No.', errors })).errors.length, 16)
})

test('an error that a function throws becomes a problem, too', (t) => {
  t.like(JSON.parse(errorProblem({ status: 409, message: 'Taken: \ud800' })), {
    title: 'Conflict', status: 409, detail: 'Taken: \ufffd', code: 'ERR_REFUSED'
  })
  t.like(JSON.parse(errorProblem({ status: 404, message: '' })), { detail: 'Not Found.', code: 'ERR_REFUSED' })
  t.like(JSON.parse(errorProblem({ status: 503, message: 'The function failed.' })), { code: 'ERR_FAILED' })
  t.like(JSON.parse(errorProblem({ status: 499, message: '' })), { title: 'Unknown' })
})

test('pointers are escaped, and cut names that may come from a client', (t) => {
  t.is(pointerTo([1, 'a/b~c', '']), '#/1/a~1b~0c/')
  t.is(pointerTo(['x'.repeat(100)]), `#/${'x'.repeat(64)}`)
  t.is(pointerTo([`${'x'.repeat(63)}😀`]), `#/${'x'.repeat(63)}\ufffd`)
})
