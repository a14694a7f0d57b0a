'use strict'

// The servers that the table of cases speaks to. functions.json has the same as plain data, for readers that cannot run
// JavaScript; __test__/functions.test.js keeps the two in step.
//
// `servers(note)` makes them: each function calls `note(name, args)` before all else.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { fromWasm, reply, typed } = require('../../index.js')
const { moduleOf, op } = require('../assembler.js')

const functions = JSON.parse(readFileSync(join(__dirname, 'functions.json'), 'utf8'))

const int64Max = 2n ** 63n - 1n

// What `give…/NAME` returns, to be written as that function's result.
const VALUES = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  minusZero: () => -0,
  five: () => 5,
  half: () => 0.5,
  third: () => 1 / 3,
  sum: () => 0.1 + 0.2,
  large: () => 1e21,
  round: () => 1e20,
  small: () => 1e-7,
  millionth: () => 1e-6,
  least: () => 5e-324,
  most: () => Number.MAX_VALUE,
  safe: () => Number.MAX_SAFE_INTEGER,
  unsafe: () => 2 ** 53,
  negative: () => -12,
  nan: () => NaN,
  infinity: () => Infinity,
  minusInfinity: () => -Infinity,
  one: () => 1n,
  beyond53: () => 2n ** 53n + 1n,
  int64Max: () => int64Max,
  int64Min: () => -int64Max - 1n,
  beyond64: () => int64Max + 1n,
  huge: () => 10n ** 30n,
  digits: () => '5',
  empty: () => '',
  text: () => 'Ada',
  quoted: () => '"\\\b\f\n\r\t\u0000\u001f\u007f/',
  wide: () => 'é€😀\u2028',
  lone: () => 'a\ud800b',
  symbol: () => Symbol('s'),
  function: () => () => 5,
  object: () => ({ a: 1, b: [true, null, 'x'] }),
  emptyObject: () => ({}),
  emptyArray: () => [],
  date: () => new Date(0),
  map: () => new Map([[1, 2]]),
  gaps: () => ({ a: undefined, b: () => 1, c: 1 }),
  nullPrototype: () => Object.assign(Object.create(null), { a: 1 }),
  nanInside: () => ({ a: [NaN] }),
  infinityInside: () => [-Infinity],
  loneInside: () => ({ a: ['\udc00'] }),
  loneKey: () => ({ '\ud800': 1 }),
  escapedInside: () => ['\\ud800'],
  nullText: () => ['null', null],
  bigintInside: () => ({ a: 1n }),
  cycle: () => {
    const value = {}
    value.self = value
    return value
  },
  levels: () => {
    let value = 0
    for (let i = 0; i < 100_000; i++) value = [value]
    return value
  },
  hostileToJSON: () => ({ toJSON() { throw new Error('toJSON') } }),
  toJSON: () => ({ toJSON: () => 7 }),
  toJSONUndefined: () => ({ toJSON: () => undefined }),
  getter: () => ({ get a() { throw new Error('getter') } }),
  proxy: () => new Proxy({}, { ownKeys() { throw new Error('proxy') } }),
  boxed: () => new Number(5),
  ints: () => [1, -2, -0],
  halves: () => [0.5, 1e21, -0],
  doubles: () => Float64Array.of(0.5, -0),
  floats: () => Float32Array.of(0.5),
  bytesOfInts: () => Uint8Array.of(1, 2),
  nans: () => [NaN],
  doublesNan: () => Float64Array.of(NaN),
  bigints: () => [1n, -(2n ** 63n)],
  longs: () => BigInt64Array.of(1n, -1n),
  beyond64s: () => [2n ** 63n],
  strings: () => ['a', '"'],
  lones: () => ['\ud800'],
  booleans: () => [true, false],
  mixed: () => [1, 'a'],
  hole: () => [1, , 2], // eslint-disable-line no-sparse-arrays
  bytes: () => new TextEncoder().encode('Ada'),
  buffer: () => Buffer.from('Ada'),
  noBytes: () => new Uint8Array(),
  promise: async () => 5,
  promised: () => Promise.resolve('Ada'),
  thenable: () => ({ then: (resolve) => resolve(5) }),
  rejects: async () => { throw Object.assign(new Error('No more tea.'), { statusCode: 418 }) }
}

// What `fail/NAME` throws.
const ERRORS = {
  error: () => new Error('secret'),
  string: () => 'secret',
  undefined: () => undefined,
  null: () => null,
  symbol: () => Symbol('secret'),
  refused: () => Object.assign(new Error('No such tea.'), { statusCode: 404 }),
  status: () => Object.assign(new Error('Too much tea.'), { status: 429 }),
  fields: () => Object.assign(new Error('Later.'), {
    statusCode: 429, headers: { 'Retry-After': '7', 'X-Tea': 'none' }
  }),
  teapot: () => Object.assign(new Error('A teapot.'), { statusCode: 418 }),
  silent: () => Object.assign(new Error(''), { statusCode: 409 }),
  hidden: () => Object.assign(new Error('secret'), { statusCode: 409, expose: false }),
  unavailable: () => Object.assign(new Error('secret'), { statusCode: 503 }),
  shown: () => Object.assign(new Error('The kettle is cold.'), { statusCode: 503, expose: true }),
  last: () => Object.assign(new Error('secret'), { statusCode: 599 }),
  success: () => Object.assign(new Error('secret'), { statusCode: 200 }),
  beyond: () => Object.assign(new Error('secret'), { statusCode: 600 }),
  text: () => Object.assign(new Error('secret'), { statusCode: '404' }),
  badField: () => Object.assign(new Error('A field.'), { statusCode: 404, headers: { 'X Tea': 'none' } }),
  splitField: () => Object.assign(new Error('A field.'), { statusCode: 404, headers: { 'X-Tea': 'a\r\nX-Evil: b' } }),
  method: () => Object.assign(new Error('Only on Sundays.'), { statusCode: 405 }),
  methods: () => Object.assign(new Error('Only on Sundays.'), { status: 405, headers: { Allow: 'POST, GET' } }),
  framing: () => Object.assign(new Error('A length.'), {
    statusCode: 404, headers: { 'Content-Length': '5', 'Transfer-Encoding': 'chunked', Connection: 'close' }
  }),
  getter: () => ({ get statusCode() { throw new Error('secret') } })
}

// What `replies/NAME`, `repliesText/NAME` and so on return.
const REPLIES = {
  plain: () => reply(5),
  created: () => reply({ id: 7 }, { status: 201, headers: { Location: '/tea/7' } }),
  accepted: async () => reply(5, { status: 202 }),
  none: () => reply(undefined, { status: 204 }),
  reset: () => reply(undefined, { status: 205 }),
  unchanged: () => reply(undefined, { status: 304, headers: { ETag: '"1"' } }),
  ignored: () => reply(5, { status: 204 }),
  missing: () => reply('gone', { status: 404 }),
  typed: () => reply('<p>Ada', { headers: { 'Content-Type': 'text/html; charset=utf-8' } }),
  framing: () => reply(5, { headers: { 'Content-Length': '1', 'Transfer-Encoding': 'chunked', Connection: 'upgrade' } }),
  undefined: () => reply(undefined),
  nan: () => reply(NaN),
  nested: () => ({ tea: reply('gone', { status: 404 }) }),
  nestedTwice: async () => reply([reply(1)])
}

// A Standard Schema without a library: `check` returns issues, or the value to go on with.
const schema = (check) => ({ '~standard': { version: 1, vendor: 'ringcall', validate: check } })

const types = {
  Order: schema((value) => {
    const issues = []
    if (typeof value !== 'object' || value === null) return { issues: [{ message: 'must be an order' }] }
    if (!Number.isInteger(value.id)) issues.push({ message: 'must be an id', path: ['id'] })
    if (!Array.isArray(value.lines)) issues.push({ message: 'must be lines', path: [{ key: 'lines' }] })
    else value.lines.forEach((line, i) => line > 0 || issues.push({ message: 'must be positive', path: ['lines', i] }))
    return issues.length > 0 ? { issues } : { value: { ...value, isOrder: true } }
  }),
  Later: schema(async (value) => (value === 'no' ? { issues: [{ message: 'must be yes' }] } : { value })),
  Many: schema(() => ({ issues: Array.from({ length: 20 }, (_, i) => ({ message: 'must not be', path: [i] })) })),
  Escaped: schema(() => ({ issues: [{ message: 'must not be', path: ['a/b', '~'] }] })),
  Broken: schema(() => { throw new Error('secret') }),
  Rejecting: schema(async () => { throw new Error('secret') })
}

const first = (value) => value

function named(note) {
  // Notes each call. Its `length` is that of `fn`.
  const noted = (name, fn) => {
    const wrapped = (...args) => {
      note(name, args)
      return fn(...args)
    }
    return Object.defineProperty(wrapped, 'length', { value: fn.length })
  }
  const table = {}
  const declare = (name, signature, fn = first, options) => {
    table[name] = typed(signature, noted(name, fn), options)
  }
  const add = (name, fn) => (table[name] = noted(name, fn))

  // One for each type, which returns its argument.
  declare('int', '(n: int) => int')
  declare('number', '(x: number) => number')
  declare('int64', '(n: int64) => int64')
  declare('bigint', '(n: bigint) => bigint')
  declare('boolean', '(flag: boolean) => boolean')
  declare('string', '(text: string) => string')
  declare('json', '(value: json) => json')
  declare('ints', '(values: int[]) => int[]')
  declare('numbers', '(values: number[]) => number[]')
  declare('int64s', '(values: int64[]) => int64[]')
  declare('bigints', '(values: bigint[]) => bigint[]')
  declare('booleans', '(values: boolean[]) => boolean[]')
  declare('strings', '(values: string[]) => string[]')
  declare('bytes', '(data: bytes) => bytes')

  // Several.
  declare('add', '(a: int, b: int) => int', (a, b) => a + b)
  declare('greet', '(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`)
  declare(
    'holes', '(a: int, b?: int, c?: string, d?: number, e?: json, f?: boolean) => json', (...args) => args.length > 0
  )
  declare('maybe', '(value?: json) => json', (value = null) => value)
  declare('maybeInt', '(n?: int) => int', (n = -1) => n)
  declare('maybeInts', '(values?: int[], n?: int64) => json', (values = null) => values)
  declare('maybeBytes', '(data?: bytes) => int', (data) => data?.length ?? -1)
  declare('label', '(name: string, data: bytes) => string', (name, data) => `${name}: ${data.length}`)
  declare(
    'mixed',
    '(n: int64, text: string, x: number, flag: boolean, list: string[], big: bigint, longs: int64[], doubles: number[], ' +
      'value: json, data: bytes) => json',
    (n, text) => text
  )
  declare('answer', '() => int', () => 42)
  declare('hello', '() => text', () => 'Hello, “Ada”.\n')
  declare('nothing', '() => void', () => {})
  declare('names', '(constructor: int, toString?: int, hasOwnProperty?: int) => int')
  declare('$price', '(n: int) => int')
  const numbers = Array.from({ length: 32 }, (_, i) => `a${i}: int`)
  declare('wide', `(${numbers.join(', ')}) => int`, (...args) => args.reduce((sum, n) => sum + n, 0))

  // Header fields.
  declare('who', '(xRequestId: header) => string')
  declare('login', '(authorization: header, name?: string) => string', (authorization, name = 'nobody') => name)
  declare('traced', '(n: int, xRequestId: header, m: int, xTrace?: header) => int', (n, id, m) => n + m)
  declare('stored', '(data: bytes, xName: header, xKind?: header) => string', (data, name) => `${name}: ${data.length}`)

  // Schemas.
  declare('order', '(order: Order) => json', first, { types })
  declare('orders', '(n: int, order: Order, later?: Later) => int', first, { types })
  declare('later', '(answer: Later) => json', first, { types })
  declare('many', '(value: Many) => json', first, { types })
  declare('escaped', '(value: Escaped) => json', first, { types })
  declare('broken', '(value: Broken) => json', first, { types })
  declare('rejecting', '(value: Rejecting) => json', first, { types })

  // Results.
  const results = [
    'int', 'number', 'int64', 'bigint', 'boolean', 'string', 'json', 'text', 'bytes', 'void', 'int[]', 'number[]', 'int64[]',
    'bigint[]', 'boolean[]', 'string[]'
  ]
  for (const type of results) {
    const word = type[0].toUpperCase() + type.slice(1).replace('[]', 's')
    declare(`give${word}`, `(what: string) => ${type}`, (what) => VALUES[what]())
  }
  add('give', (what) => VALUES[what]())
  declare('fail', '(what: string) => int', (what) => { throw ERRORS[what]() })
  declare('replies', '(what: string) => json', (what) => REPLIES[what]())
  declare('repliesText', '(what: string) => text', (what) => REPLIES[what]())

  // Undeclared.
  add('sum', (a, b) => a + b)
  add('echo', (...args) => args)
  add('none', () => 42)
  add('defaults', (a, b = 1) => a + b)
  add('_private', (a) => a)
  return table
}

function hostile(note) {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', '__defineGetter__', 'then']
  const fn = (name) => (a) => {
    note(name, [a])
    return a
  }
  return Object.fromEntries(names.map((name) => [name, fn(name)]))
}

// Functions of WebAssembly. Each passes its arguments to an import, which notes the call.
function wasm(note) {
  const [i32, i64, f32, f64] = ['i32', 'i64', 'f32', 'f64']
  const shapes = [
    { name: 'int32', parameters: [i32], results: [i32], locals: ['n'] },
    { name: 'float32', parameters: [f32], results: [f32], locals: ['x'] },
    { name: 'int64', parameters: [i64], results: [i64], locals: ['n'] },
    { name: 'float64', parameters: [f64], results: [f64], locals: ['x'] },
    { name: 'add', parameters: [i32, i32], results: [i32], code: [op.get(0), op.get(1), op.i32Add] },
    { name: 'all', parameters: [i32, f32, i64, f64], results: [f64], locals: ['n', 'x', 'm', 'y'], code: [op.get(3)] },
    { name: 'divide', parameters: [i32, i32], results: [i32], code: [op.get(0), op.get(1), op.i32DivS] },
    { name: 'ratio', parameters: [f64, f64], results: [f64], code: [op.get(0), op.get(1), op.f64Div] },
    { name: 'nothing', parameters: [i32], code: [] },
    { name: 'answer', results: [i32], code: [op.i32Const(42)] }
  ]
  const noting = shapes.map(({ name, parameters }) => ({ module: 'note', import: name, parameters }))
  const own = shapes.map((shape, i) => {
    const passed = (shape.parameters ?? []).map((_, at) => op.get(at))
    return { ...shape, code: [...passed, op.call(i), ...(shape.code ?? [op.get(0)])] }
  })
  const imports = shapes.map(({ name }) => [name, (...args) => note(name, args)])
  return fromWasm(moduleOf([...noting, ...own]), { note: Object.fromEntries(imports) })
}

// Each server has its table or root function, and its options from functions.json.
function servers(note) {
  const rooted = (signature, fn = first) => typed(signature, (...args) => {
    note('handler', args)
    return fn(...args)
  })
  const handlers = {
    named: named(note),
    hostile: hostile(note),
    small: named(note),
    origins: named(note),
    wasm: wasm(note),
    root: rooted('(a: int, b?: number) => json'),
    rootText: rooted('(text: string) => text'),
    rootBytes: rooted('(data: bytes) => bytes'),
    rootNone: rooted('() => int', () => 42),
    rootHeader: rooted('(n: int, xRequestId: header) => string', (n, id) => id)
  }
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => (
    [name, { options: functions[name].options, handler }]
  )))
}

module.exports = { functions, servers }
