'use strict'

// How signatures are read, and where their mistakes are reported.

const test = require('ava')
const { typed } = require('..')
const { tableOf } = require('../lib/functions.js')

const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }

function read(signature, types) {
  return tableOf(typed(signature, () => {}, { types })).functions[0]
}

function argument(name, type, isOptional = false) {
  return { name, type, isOptional }
}

test('names, types and the result are read as written', (t) => {
  t.like(read('() => void'), { arguments: [], result: 'void', fewest: 0, signature: '() => void', isDeclared: true })
  const { arguments: declared, result, fewest } = read('(name: string, _$1: int64, loud?: boolean) => string')
  t.deepEqual(declared, [argument('name', 'string'), argument('_$1', 'int64'), argument('loud', 'boolean', true)])
  t.is(result, 'string')
  t.is(fewest, 2)
})

test('every type of an argument and of a result is known', (t) => {
  const scalars = ['int', 'number', 'int64', 'bigint', 'boolean', 'string']
  const arrays = scalars.map((type) => `${type}[]`)
  for (const type of [...scalars, ...arrays, 'json', 'bytes']) {
    t.deepEqual(read(`(a: ${type}) => void`).arguments, [argument('a', type)])
  }
  for (const type of [...scalars, ...arrays, 'json', 'bytes', 'text', 'void']) t.is(read(`() => ${type}`).result, type)
})

test('white space is allowed anywhere', (t) => {
  const signature = ' (\n\ta :int ,b\n?: number [ ]\r\n )\t=>\n json '
  t.deepEqual(read(signature).arguments, [argument('a', 'int'), argument('b', 'number[]', true)])
  t.is(read(signature).signature, signature)
})

test('a header argument has a request field, and does not count as a required argument', (t) => {
  const { arguments: declared, fewest } = read('(xRequestId: header, a: int, accept?: header, ETag?: header) => int')
  t.deepEqual(declared.map(({ field }) => field), ['x-request-id', undefined, 'accept', 'e-tag'])
  t.is(fewest, 1)
})

test('consecutive capitals are one word of a header field', (t) => {
  const fields = {
    xRequestID: 'x-request-id', xRequestId: 'x-request-id', DNT: 'dnt', contentMD5: 'content-md5', ETag: 'e-tag',
    xHTTPMethod: 'x-http-method', sha256Sum: 'sha256-sum', X: 'x', accept: 'accept', x_tag: 'x_tag'
  }
  for (const [name, field] of Object.entries(fields)) t.is(read(`(${name}: header) => int`).arguments[0].field, field)
})

test('a header argument has the field that `headers` names', (t) => {
  const field = (headers) => {
    const handler = typed('(n: int, signature: header, xTag?: header) => int', (n) => n, { headers })
    return tableOf(handler).functions[0].arguments.map((each) => each.field)
  }
  t.deepEqual(field({ signature: 'X-Hub-Signature-256' }), [undefined, 'x-hub-signature-256', 'x-tag'])
  t.deepEqual(field({}), [undefined, 'signature', 'x-tag'])
  t.deepEqual(field(undefined), [undefined, 'signature', 'x-tag'])
  const wrongType = { code: 'ERR_INVALID_ARG_TYPE', message: /options\.headers/ }
  const wrongValue = { code: 'ERR_INVALID_ARG_VALUE', message: /options\.headers/ }
  for (const headers of [null, [], 'X-Tag', { xTag: 3 }, { xTag: undefined }]) t.throws(() => field(headers), wrongType)
  for (const headers of [{ n: 'X' }, { other: 'X' }, { xTag: '' }, { xTag: 'X Tag' }, { xTag: 'X:' }]) {
    t.throws(() => field(headers), wrongValue)
  }
})

test('a name of `types` is a type, of arguments and of results', (t) => {
  const { arguments: [order], result } = read('(order?: Order) => Order', { Order: schema, Unused: schema })
  t.deepEqual(order, { ...argument('order', 'Order', true), schema })
  t.is(result, 'Order')
})

test('a signature has at most thirty-two arguments', (t) => {
  const signature = (count) => `(${Array.from({ length: count }, (_, i) => `a${i}: int`).join(', ')}) => int`
  t.is(read(signature(32)).arguments.length, 32)
  t.throws(() => read(signature(33)), { message: /at most 32 arguments/ })
})

// For each signature the text before the mistake, and the message about it.
const mistakes = {
  '(a: integr) => int': ['(a: ', "there is no type 'integr'. Did you mean 'int'?"],
  '(a: Int) => int': ['(a: ', "there is no type 'Int'. Did you mean 'int'?"],
  '(a: float) => int': ['(a: ', "there is no type 'float'. Did you mean 'number'?"],
  '(a: constructor) => int': ['(a: ', "there is no type 'constructor'. It is one of int, number, "],
  '(a: Order) => int': ['(a: ', "there is no type 'Order'. It is one of "],
  '() => flot': ['() => ', "there is no type 'flot'. It is one of "],
  '(a: text) => int': ['(a: ', "'text' is not a type of an argument."],
  '(a: void) => int': ['(a: ', "'void' is not a type of an argument."],
  '() => header': ['() => ', "'header' is not a type of a result."],
  '(a: int) => Promise<int>': ['(a: int) => ', 'the result is what the promise resolves to.'],
  '(a: int | string) => int': ['(a: int ', 'there are no unions.'],
  '() => int | string': ['() => int ', 'there are no unions.'],
  "(a: 'x') => int": ['(a: ', 'there must be the type of an argument, such as `int`.'],
  '(a: { b: int }) => int': ['(a: ', 'there are no object types.'],
  '(a: int = 3) => int': ['(a: int ', 'there are no defaults. Declare `a?`'],
  '(a: json[]) => int': ['(a: json', 'there are arrays of int, number, int64, bigint, boolean, string only.'],
  '(a: Known[]) => int': ['(a: Known', 'there are arrays of int, '],
  '(a: int[][]) => int': ['(a: int[]', 'there are no arrays of arrays.'],
  '(a: int[3]) => int': ['(a: int[', 'an array is written `int[]`.'],
  '(a: int,) => int': ['(a: int', 'there must be an argument after the comma.'],
  '(, a: int) => int': ['(', "there must be an argument's name, as in `a: int`."],
  '(a: int b: int) => int': ['(a: int ', 'there must be `,` or `)` after an argument.'],
  '(a: int': ['(a: int', 'there must be `,` or `)` after an argument.'],
  '(a?: int, b: int) => int': ['(a?: int, ', "'b' is required after an optional argument."],
  '(a?: int, h: header) => int': ['(a?: int, ', "'h' is required after an optional argument."],
  '(a: int, a: int) => int': ['(a: int, ', "there are two arguments named 'a'."],
  '(__proto__: int) => int': ['(', "an argument can't have the name '__proto__'."],
  '(1a: int) => int': ['(', "there must be an argument's name"],
  '(ä: int) => int': ['(', "there must be an argument's name"],
  '(...a: int[]) => int': ['(', 'there are no rest arguments.'],
  '({ a }: json) => int': ['(', 'an argument has a name. Take it apart in the function.'],
  '(a: Array<int>) => int': ['(a: ', 'an array is written `int[]`.'],
  '(a: ReadonlyArray<string>) => int': ['(a: ', 'an array is written `string[]`.'],
  '() => Array<json>': ['() => ', 'an array is written `int[]`.'],
  '(a: Array) => int': ['(a: ', "there is no type 'Array'. Did you mean 'json'?"],
  '(a: json?) => int': ['(a: json', 'an optional argument has its mark after the name: `a?: json`.'],
  '(a: float64[]) => int': ['(a: ', "there is no type 'float64'. Did you mean 'number[]'?"],
  '(a: bool[]) => int': ['(a: ', "there is no type 'bool'. Did you mean 'boolean[]'?"],
  '(X-Tenant: header) => int': ['(X', 'a name has no dashes. X-Tenant is `xTenant: header`, or'],
  '(a) => int': ['(a', "there must be `:` and a type after the name 'a', as in `a: int`."],
  'a: int => int': ['', "a signature begins with `(`, as in '(a: int) => int'."],
  'async () => int': ['', 'a signature does not mention `async`: leave it out.'],
  '': ['', 'a signature begins with `(`'],
  '()': ['()', 'there must be `=>` and the type of the result.'],
  '() = > int': ['() ', 'there must be `=>` and the type of the result.'],
  '(): int': ['()', 'the result is written after `=>`.'],
  '() =>': ['() =>', 'there must be the type of a result, such as `int`.'],
  '() => int;': ['() => int', 'the signature must end after the type of the result.'],
  '() => int () => int': ['() => int ', 'the signature must end after the type of the result.'],
  '(a: 😀) => int': ['(a: ', 'there must be the type of an argument']
}

for (const [signature, [before, sentence]] of Object.entries(mistakes)) {
  test(`${JSON.stringify(signature)} is refused at its mistake`, (t) => {
    const error = t.throws(() => read(signature, { Known: schema }), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' })
    const start = `The signature is wrong at character ${before.length + 1}: ${sentence}`
    t.is(error.message.slice(0, start.length), start)
    t.true(error.message.endsWith(`\n    ${signature.trimEnd()}\n    ${' '.repeat(before.length)}^`), error.message)
  })
}

test('for a signature of several lines the error shows the line with the mistake', (t) => {
  const { message } = t.throws(() => read('(\n  a: int,\n\tb: boolen\n) => int'))
  const start = "The signature is wrong at character 17: there is no type 'boolen'. Did you mean 'boolean'?"
  t.true(message.startsWith(start), message)
  t.true(message.endsWith('\n    \tb: boolen\n    \t   ^'), message)
})

test('a signature is a string', (t) => {
  for (const signature of [undefined, null, 3, {}, [], () => {}]) {
    t.throws(() => typed(signature, () => {}), { code: 'ERR_INVALID_ARG_TYPE' })
  }
})

test('a function in place of the signature gets an error that says where it belongs', (t) => {
  for (const handler of ['(n: int) => int', undefined]) {
    const message = /^The "handler" argument must be of type function\. .*The signature comes first: typed\(signature, handler\)\.$/
    t.throws(() => typed((n) => n, handler), { code: 'ERR_INVALID_ARG_TYPE', message })
  }
})

test('a type with the name of a built-in one, or with an invalid name, is refused', (t) => {
  for (const name of ['int', 'json', 'header', 'text', 'void', 'int32', 'float32', 'a b', '1', 'int[]', '']) {
    t.throws(() => read('() => int', { [name]: schema }), { code: 'ERR_INVALID_ARG_VALUE', message: /options\.types has/ })
  }
})

test('a type that is no Standard Schema is refused', (t) => {
  for (const value of [undefined, null, {}, 'string', () => {}, { '~standard': {} }, { type: 'object' }]) {
    const expected = { code: 'ERR_INVALID_ARG_TYPE', message: /options\.types\.Order.*Standard Schema/ }
    t.throws(() => read('() => int', { Order: value }), expected)
  }
  for (const types of [null, [], 'Order']) t.throws(() => read('() => int', types), { code: 'ERR_INVALID_ARG_TYPE' })
})
