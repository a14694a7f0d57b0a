'use strict'

// `fromWasm`: the functions that it makes of a module's exports, the modules that it refuses, and servers of such
// functions. The table of cases has requests, wasm-bytes.test.js any bytes, wasm-compilers.test.js compilers' modules.

const { readFileSync } = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')
const test = require('ava')
const { fromWasm, typed } = require('..')
const { describeTable, tableOf } = require('../lib/functions.js')
const { custom, functionType, moduleOf, nameMap, op, section, text, u32, vector, wasm } = require('./assembler.js')
const { connect, post, request, serve } = require('./helpers.js')

const [i32, i64, f32, f64] = ['i32', 'i64', 'f32', 'f64']
const wrongType = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' }
const wrongValue = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' }

const sum = { name: 'sum', parameters: [i32, i32], results: [i32], code: [op.get(0), op.get(1), op.i32Add] }
const SUM = moduleOf([{ ...sum, locals: ['a', 'b'] }])

// A function of these types that only returns zeros.
const ZERO = { i32: op.i32Const(0), i64: op.i64Const(0), f32: op.f32Const(0), f64: op.f64Const(0) }
const fn = (name, parameters = [], results = [], more) => (
  { name, parameters, results, code: results.map((type) => ZERO[type] ?? op.unreachable), ...more }
)

const WITH_MEMORY = { before: { 7: section(5, vector([[0, 1]])) }, others: [{ name: 'memory', kind: 'memory' }] }

const describe = (functions) => describeTable(tableOf(functions))
const signatureOf = (bytes) => describe(fromWasm(bytes))[0].signature

test('the types and the description are those of the module', (t) => {
  const functions = fromWasm(moduleOf([
    { ...sum, locals: ['left', 'right'] }, fn('all', [i32, i64, f32, f64], [i64]), fn('single', [], [f32]),
    fn('double', [], [f64]), fn('nothing')
  ]))
  const [described, ...others] = describe(functions)
  t.deepEqual(described, {
    name: 'sum',
    isDeclared: true,
    arguments: ['left', 'right'].map((name) => ({ name, type: 'int32', isOptional: false })),
    result: 'int',
    fewest: 2,
    signature: '(left: int, right: int) => int',
    deprecated: false
  })
  t.deepEqual(others.map(({ name, result, signature }) => [name, result, signature]), [
    ['all', 'int64', '(a: int, b: int64, c: number, d: number) => int64'],
    ['single', 'number', '() => number'],
    ['double', 'number', '() => number'],
    ['nothing', 'void', '() => void']
  ])
  t.deepEqual(others[0].arguments.map(({ type }) => type), ['int32', 'int64', 'float32', 'number'])
})

test('the functions are plain ones in a plain object, and can be called, spread and taken out', (t) => {
  const functions = fromWasm(SUM)
  t.is(Object.getPrototypeOf(functions), Object.prototype)
  t.deepEqual(Object.keys(functions), ['sum'])
  t.is(functions.sum(3, 4), 7)
  t.deepEqual([functions.sum.name, functions.sum.length], ['sum', 2])
  const { sum: taken } = functions
  const table = tableOf({ ...functions, taken, other: typed('(n: int) => int', (n) => n) })
  t.deepEqual(table.functions.map(({ name, signature }) => [name, signature]), [
    ['sum', '(a: int, b: int) => int'], ['taken', '(a: int, b: int) => int'], ['other', '(n: int) => int']
  ])
  // At the root, too.
  t.like(tableOf(taken), { isRoot: true, functions: [{ name: 'sum' }] })
})

test('one function may have several names, and only functions are served', (t) => {
  const functions = fromWasm(moduleOf([{ ...sum, name: ['sum', 'add', 'then', 'constructor'] }], WITH_MEMORY))
  t.deepEqual(Object.keys(functions), ['sum', 'add', 'then', 'constructor'])
  t.deepEqual(describe(functions).map(({ signature }) => signature), Array(4).fill('(a: int, b: int) => int'))
})

test('bytes are accepted in any form', (t) => {
  const padded = Buffer.concat([Buffer.from('before'), SUM, Buffer.from('behind')])
  const shared = new SharedArrayBuffer(SUM.length)
  new Uint8Array(shared).set(SUM)
  for (const bytes of [
    SUM, Buffer.from(SUM), padded.subarray(6, 6 + SUM.length), SUM.slice().buffer, shared, new Uint8Array(shared),
    vm.runInNewContext('Uint8Array.from(bytes)', { bytes: SUM }),
    vm.runInNewContext('Uint8Array.from(bytes).buffer', { bytes: SUM })
  ]) {
    t.is(fromWasm(bytes).sum(3, 4), 7)
  }
})

for (const [what, bytes, expected, message] of [
  ['a path', './sum.wasm', wrongType, /Received type string.* Read the file: fromWasm\(readFileSync/],
  ['a URL', new URL('file:///sum.wasm'), wrongType, /Read the file/],
  ['a promise', Promise.resolve(SUM), wrongType, /`await` it first\.$/],
  ['a module', new WebAssembly.Module(SUM), wrongType, /does not tell the types of its functions: pass the bytes/],
  ['an array', [...SUM], wrongType, /Received an instance of Array$/],
  ['nothing', undefined, wrongType, /Received undefined$/],
  ['null', null, wrongType, /Received null$/],
  ['other numbers', new Uint16Array(8), wrongType, /Received an instance of Uint16Array$/],
  ['no bytes', new Uint8Array(), wrongValue, /^There are no bytes\./],
  ['other bytes', Buffer.from('module.exports = 1'), wrongValue, /not a WebAssembly module.*expected magic word/],
  ['the text format', Buffer.from('  (module)'), wrongValue, /text format.*wat2wasm/],
  ['a comment in the text format', Buffer.from(';; sum\n(module)'), wrongValue, /text format/],
  ['a component', Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), wrongValue, /component.*jco transpile/],
  ['a newer version', Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), wrongValue, /expected version 01 00 00 00/],
  ['half a module', SUM.subarray(0, 30), wrongValue, /^The bytes are not a WebAssembly module that Node\.js accepts: /],
  ['a module without exports', wasm(), wrongValue, /exports no function\. In C .*in Rust .*in AssemblyScript /],
  ['a module that exports no function', moduleOf([], WITH_MEMORY), wrongValue, /exports no function\. In C /]
]) {
  test(`refused: ${what}`, (t) => {
    t.throws(() => fromWasm(bytes), { ...expected, message })
  })
}

test('options in place of the imports, which would serve all functions, are refused', (t) => {
  t.throws(() => fromWasm(SUM, { only: ['sum'] }), { ...wrongValue, message: /after the imports: fromWasm\(bytes, \{\}, \{ only/ })
})

test("V8's error about the bytes is the cause", (t) => {
  t.true(t.throws(() => fromWasm(SUM.subarray(0, 10))).cause instanceof WebAssembly.CompileError)
})

test('an argument whose name no signature can have is named by a letter', (t) => {
  const named = (locals, count = locals.length) => {
    const parameters = Array(count).fill(i64)
    return signatureOf(moduleOf([fn('f', parameters, [], { locals })]))
  }
  const listed = (...names) => `(${names.map((name) => `${name}: int64`).join(', ')}) => void`
  t.is(named(['x', 'yLong', '$z_1']), listed('x', 'yLong', '$z_1'))
  t.is(named(['x'], 3), listed('x', 'b', 'c'))
  t.is(named([undefined, 'x', undefined]), listed('a', 'x', 'c'))
  t.is(named(['', '0', 'a b', 'größe', 'a-b']), listed('a', 'b', 'c', 'd', 'e'))
  t.is(named(['__proto__', 'constructor']), listed('a', 'constructor'))
  // No two arguments have the same name, whichever comes first.
  t.is(named(['x', 'x', 'x']), listed('x', 'b', 'c'))
  t.is(named([undefined, 'a']), listed('a_', 'a'))
  t.is(named([undefined, 'a_', 'a']), listed('a__', 'a_', 'a'))
  t.is(named([], 28), listed(...'abcdefghijklmnopqrstuvwxyz', 'a_', 'b_'))
  t.is(named(['n', 'local', 'another'], 1), listed('n'))
})

test('malformed names are ignored', (t) => {
  const functionNames = [1, ...u32(4), ...vector([[0, ...text('f')]])]
  const locals = (bytes) => [2, ...u32(bytes.length), ...bytes]
  const good = locals(vector([[0, ...nameMap(['x', 'y'])]]))
  const ofNames = (...bytes) => signatureOf(moduleOf([sum], { names: bytes }))
  t.is(ofNames(...custom('name', [...functionNames, ...good])), '(x: int, y: int) => int')
  t.is(ofNames(...custom('names', good)), '(a: int, b: int) => int')
  for (const bad of [
    [],
    [2],
    [2, 0x80],
    [2, 5, 1],
    [2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1],
    // 2^32 - 1 functions, or names, that are not there.
    locals([0xff, 0xff, 0xff, 0xff, 0x0f]),
    locals([1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    // More than 32 bits.
    locals([0xff, 0xff, 0xff, 0xff, 0x1f]),
    locals([1, 0, 1, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0]),
    // A name that extends beyond its part, and one that is not UTF-8.
    locals([1, 0, 1, 0, 9, 0x78]),
    locals([1, 0, 1, 0, 1, 0xff]),
    locals(vector([[7, ...nameMap(['x', 'y'])]])),
    locals(vector([[0, ...vector([[1000, ...text('x')].flat()])]])),
    [0x7f, 3, 1, 2, 3]
  ]) {
    t.is(ofNames(...custom('name', bad)), '(a: int, b: int) => int', JSON.stringify(bad))
  }
  // Names before the mistake count.
  t.is(ofNames(...custom('name', [...good, 2, 0x80])), '(x: int, y: int) => int')
  t.is(ofNames(...custom('name', locals([1, 0, 2, 0, 1, 0x78, 1, 1, 0xff]))), '(x: int, b: int) => int')
})

const MANY = Array(33).fill(i32)
for (const [what, others, message] of [
  ['a name with a dash', [fn('a-b')], /^The export "a-b" can't be served: a function's name has letters, .*: sum\.$/],
  ['a name with a digit at its start', [fn('1a')], /"1a".*does not begin with a digit/],
  ['an empty name', [fn('')], /^The export "" can't/],
  ['a name of a component', [fn('docs:adder/add@0.1.0#add')], /"docs:adder\/add@0\.1\.0#add"/],
  ['a long name', [fn('a-'.repeat(50_000))], /^The export "(?:a-){32}…" can't/],
  ['a reference', [fn('f', [i32, 'externref'])], /"f".*its argument 2 is a externref, and only i32, i64, f32 and f64/],
  ['a function', [fn('f', ['funcref'])], /its argument 1 is a funcref/],
  ['a vector', [fn('f', ['v128'])], /its argument 1 is a v128/],
  ['a reference as a result', [fn('f', [], ['externref'])], /it returns a externref/],
  ['several results', [fn('f', [], [i32, i32])], /it returns 2 results, and one is the most/],
  ['33 arguments', [fn('f', MANY)], /it takes 33 arguments, and 32 is the most/],
  ['a program', [fn('_start')], /"_start".*is a program, which runs once.* Build it as a library.*: sum\.$/],
  ['several', [fn('a-b'), fn('f', ['v128']), fn('c-d')], /"a-b" can't .*, and 2 more can't, either\. .*: sum\.$/]
]) {
  test(`an export that cannot be served is refused, unless \`only\` leaves it out: ${what}`, (t) => {
    const bytes = moduleOf([...others, sum])
    t.throws(() => fromWasm(bytes), { ...wrongValue, message })
    t.deepEqual(Object.keys(fromWasm(bytes, {}, { only: ['sum'] })), ['sum'])
    t.throws(() => fromWasm(bytes, {}, { only: ['sum', others[0].name] }), wrongValue)
    const [, alone] = t.throws(() => fromWasm(moduleOf(others))).message.split(/(Nor can any other export\.)$/)
    t.truthy(alone)
  })
}

test('32 arguments are served', (t) => {
  t.is(describe(fromWasm(moduleOf([fn('f', MANY.slice(1))])))[0].fewest, 32)
})

test('`only` names the functions that are served, in its order and each once', (t) => {
  const bytes = moduleOf([sum, fn('mul', [i32, i32], [i32]), fn('bad', ['v128'])])
  t.deepEqual(Object.keys(fromWasm(bytes, {}, { only: ['mul', 'sum', 'mul'] })), ['mul', 'sum'])
  for (const [only, expected, message] of [
    [[], wrongValue, /^options\.only has no name in it/],
    ['sum', wrongType, /"options\.only" argument must be an array of names/],
    [['sum', 3], wrongType, /"options\.only\[1\]"/],
    [['summ'], wrongValue, /exports no function "summ"\. Did you mean "sum"\?$/],
    [['divide'], wrongValue, /exports no function "divide"\. It exports sum, mul, bad\.$/],
    [['memory'], wrongValue, /exports no function "memory"/],
    [['toString'], wrongValue, /exports no function "toString"/]
  ]) {
    t.throws(() => fromWasm(bytes, {}, { only }), { ...expected, message })
  }
  const misspelt = () => fromWasm(bytes, {}, { onyl: ['sum'] })
  t.throws(misspelt, { ...wrongValue, message: /no option 'onyl'\. Did you mean 'only'\?/ })
  t.throws(() => fromWasm(bytes, {}, null), { ...wrongType, message: /"options"/ })
  t.throws(() => fromWasm(bytes, {}, ['sum']), { ...wrongType, message: /"options"/ })
})

const HELPERS = [
  // AssemblyScript's, wasm-bindgen's, C's and Go's, Emscripten's, Binaryen's and those of components.
  '__new', '__pin', '__unpin', '__collect', '__setArgumentsLength', '__wbindgen_malloc', '__wbindgen_free', '__wbg_set_x',
  'malloc', 'calloc', 'realloc', 'free', 'memalign', 'aligned_alloc', 'posix_memalign',
  'stackSave', 'stackRestore', 'stackAlloc', 'setThrew', 'setTempRet0', 'getTempRet0',
  'emscripten_stack_init', '_emscripten_stack_restore', 'dynCall_vi', 'asyncify_start_unwind', 'cabi_realloc'
]

test('exports that compilers add for themselves are not served, unless `only` names them', async (t) => {
  const bytes = moduleOf([...HELPERS.map((name) => fn(name, [i32], [i32])), sum, fn('_mine'), fn('mallocated')])
  t.deepEqual(Object.keys(fromWasm(bytes)), ['sum', '_mine', 'mallocated'])
  t.deepEqual(Object.keys(fromWasm(bytes, {}, { only: HELPERS })), HELPERS)
  const server = serve(t, {}, fromWasm(bytes))
  t.is((await post(t, server, '/sum/3/4')).body, '7')
  for (const name of HELPERS) t.is((await post(t, server, `/${name}/1`)).status, 404)
})

test('exports that compilers add for themselves need not be servable', (t) => {
  const others = [fn('__wbindgen_a', ['externref']), fn('__b', [], [i32, i32]), fn('cabi_c', Array(40).fill(i32))]
  t.deepEqual(Object.keys(fromWasm(moduleOf([...others, sum]))), ['sum'])
  t.throws(() => fromWasm(moduleOf([...others, sum]), {}, { only: ['__b'] }), {
    ...wrongValue, message: /"__b" can't be served: it returns 2 results.*; these can be served: sum\.$/
  })
  t.throws(() => fromWasm(moduleOf([fn('__proto__'), sum]), {}, { only: ['__proto__'] }), {
    ...wrongValue, message: /"__proto__".*is not __proto__/
  })
  // The error suggests the compiler's exports if there are no others.
  t.throws(() => fromWasm(moduleOf([fn('a-b'), fn('malloc')])), { ...wrongValue, message: /; these can be served: malloc\.$/ })
})

test('a module that exports nothing else is refused with advice', (t) => {
  t.throws(() => fromWasm(moduleOf([fn('__new'), fn('malloc', [i32], [i32])])), {
    ...wrongValue,
    message: /^The WebAssembly module exports no function except its compiler's: __new, malloc\. The option `only` .* In C one/
  })
  t.throws(() => fromWasm(moduleOf([fn('__new'), sum]), {}, { only: ['new'] }), {
    ...wrongValue, message: /exports no function "new"\. Did you mean "__new"\?$/
  })
})

// A module of one function, with an import of this kind.
function withImport(kind) {
  const imported = [...text('env'), ...text('imported'), ...kind]
  return wasm(
    section(1, vector([functionType([], [])])), section(2, vector([imported])), section(3, vector([[0]])),
    section(7, vector([[...text('f'), 0, 0]])), section(10, vector([[2, 0, ...op.end]]))
  )
}

const calling = { name: 'f', parameters: [i32], code: [op.get(0), op.call(0)] }
const log = (name = 'log') => ({ module: 'env', import: name, parameters: [i32] })

test('members that every object inherits are no imports', (t) => {
  const importing = (module, name) => moduleOf([{ module, import: name, parameters: [i32] }, calling])
  for (const [module, name] of [['constructor', 'freeze'], ['env', 'constructor'], ['env', 'call'], ['toString', 'call'], ['env', '__proto__'], ['__proto__', 'x']]) {
    for (const imports of [undefined, { env: {} }, { env() {} }, { env: [] }, { env: 'text' }]) {
      const message = /has imports that were not passed/
      t.throws(() => fromWasm(importing(module, name), imports), { ...wrongValue, message }, `${module}.${name}`)
    }
  }
  for (const env of [{ call() {} }, Object.create({ call() {} })]) {
    t.notThrows(() => fromWasm(importing('env', 'call'), { env }))
  }
})

test('imports are passed on, and the error names missing ones', (t) => {
  const calls = []
  fromWasm(moduleOf([log(), calling]), { env: { log: (n) => calls.push(n) } }).f(-7)
  t.deepEqual(calls, [-7])
  // An import may be exported, with the types that the module gives it.
  const [again] = describe(fromWasm(moduleOf([{ ...log(), name: 'again' }]), { env: { log() {} } }))
  t.is(again.signature, '(a: int) => void')

  const many = Array.from({ length: 12 }, (_, i) => log(`log${i}`))
  for (const [bytes, imports, message] of [
    [moduleOf([log(), calling]), {}, /were not passed: env\.log\. .* fromWasm\(bytes, \{ env: \{ log: … \} \}\)\.$/],
    [moduleOf([log(), calling]), { env: {} }, /: env\.log\. /],
    [moduleOf([log(), calling]), { env: null }, /: env\.log\. /],
    [moduleOf([log('a b'), calling]), undefined, /: env\.a b\. .*\{ env: \{ "a b": … \} \}/],
    [moduleOf([...many, calling]), {}, /: env\.log0, .*, env\.log9 and 2 more\. /],
    [moduleOf([log('abort'), calling]), {}, /asc --use abort=/],
    [moduleOf([{ ...log('fd_write'), module: 'wasi_snapshot_preview1' }, calling]), {}, /WASI.*wasm32-unknown-unknown/],
    [withImport([2, 0, 1]), {}, /: env\.imported \(a memory\)\. /],
    [withImport([3, 0x7f, 0]), {}, /: env\.imported \(a global\)\. /],
    [moduleOf([log(), calling]), { env: { log: 3 } }, /could not be started: .*function import requires a callable/i]
  ]) {
    t.throws(() => fromWasm(bytes, imports), { ...wrongValue, message })
  }
  for (const imports of [null, 'env', 3]) t.throws(() => fromWasm(SUM, imports), { ...wrongType, message: /"imports"/ })
})

// Parts of a module with a counter: functions of `set` add to it, and `get` returns it.
const counter = { module: 'env', import: 'set' }
const get = () => ({ name: 'get', results: [i32], code: [op.globalGet(0)] })
const set = (name, value) => ({ name, code: [op.globalGet(0), op.i32Const(value), op.i32Add, op.globalSet(0)] })
const GLOBAL = { 7: section(6, vector([[0x7f, 1, ...op.i32Const(0), ...op.end]])) }

test('functions that have to run first have run once, and are not served', (t) => {
  const counted = (...functions) => {
    const made = fromWasm(moduleOf([get(), ...functions], { before: GLOBAL }))
    t.deepEqual(Object.keys(made), ['get'])
    return made.get()
  }
  t.is(counted(set('_initialize', 1)), 1)
  t.is(counted(set('__wasm_call_ctors', 2)), 2)
  // Only `_initialize` is called, as it calls the other itself.
  t.is(counted(set('__wasm_call_ctors', 2), set('_initialize', 1)), 1)
  const started = fromWasm(moduleOf([get(), set(undefined, 5)], { before: GLOBAL, start: 1 }))
  t.is(started.get(), 5)
  // With other types they are functions like others.
  t.deepEqual(Object.keys(fromWasm(moduleOf([fn('_initialize', [i32])]))), ['_initialize'])
  // They run with `only`, too.
  const only = ['get']
  t.is(fromWasm(moduleOf([get(), set('_initialize', 1), fn('other')], { before: GLOBAL }), {}, { only }).get(), 1)
  // A program's start is not run.
  t.is(fromWasm(moduleOf([get(), set('_start', 1)], { before: GLOBAL }), {}, { only }).get(), 0)
})

test('a module that traps while it starts is refused with the trap', (t) => {
  const trap = (name) => ({ name, code: [op.unreachable] })
  for (const [bytes, message] of [
    [moduleOf([sum, trap('_initialize')]), /could not be started, as its _initialize failed: unreachable$/],
    [moduleOf([sum, trap()], { start: 1 }), /could not be started: unreachable$/]
  ]) {
    t.true(t.throws(() => fromWasm(bytes), { ...wrongValue, message }).cause instanceof WebAssembly.RuntimeError)
  }
  // Nothing runs where an export cannot be served.
  t.throws(() => fromWasm(moduleOf([fn('a-b'), trap('_initialize')])), { message: /"a-b"/ })
  const error = new Error('of an import')
  const throwing = { env: { set() { throw error } } }
  t.is(t.throws(() => fromWasm(moduleOf([counter, sum], { start: 0 }), throwing)), error)
})

test('a module that needs more memory than it is given is refused', (t) => {
  const bytes = withImport([2, 0, 2])
  const withMemory = (initial) => fromWasm(bytes, { env: { imported: new WebAssembly.Memory({ initial }) } })
  t.throws(() => withMemory(1), { ...wrongValue, message: /could not be started: .*memory/ })
  t.deepEqual(Object.keys(withMemory(2)), ['f'])
})

test('on a server: a trap fails only its call, and is reported with the function', async (t) => {
  const told = []
  const divide = { ...sum, name: 'divide', code: [op.get(0), op.get(1), op.i32DivS] }
  const counting = moduleOf([set('bump', 1), get(), divide], { before: GLOBAL })
  const server = serve(t, { onError: (error, call) => told.push([error, call]) }, fromWasm(counting))
  const client = await connect(t, server)
  t.is((await client.send('/bump')).status, 204)
  const failed = await client.send('/divide/1/0')
  t.is(failed.status, 500)
  t.like(JSON.parse(failed.body), { code: 'ERR_FAILED', detail: 'The function failed.' })
  t.is((await client.send('/divide/-7/2')).body, '-3')
  t.is((await client.send('/get')).body, '0')
  const [[error, call], ...others] = told
  t.deepEqual(others, [])
  t.true(error instanceof WebAssembly.RuntimeError)
  t.is(error.message, 'divide by zero')
  t.deepEqual(call, { function: 'divide', arguments: [1, 0] })
  t.like(server.stats().functions.divide, { calls: 2, errors: 1, refusals: 0 })
})

test('on a server: an out-of-range value is refused with the range, and nothing is called', async (t) => {
  const server = serve(t, {}, { ...fromWasm(SUM), ...fromWasm(moduleOf([fn('half', [f32], [f32])])) })
  const refused = async (target, ...errors) => {
    const { status, body } = await post(t, server, target)
    t.is(status, 400)
    t.deepEqual(JSON.parse(body).errors, errors)
  }
  const int = 'must be an integer from -2147483648 to 2147483647'
  await refused('/sum/2147483648/-2147483649', { pointer: '#/0', detail: int }, { pointer: '#/1', detail: int })
  await refused('/sum/1/x', { pointer: '#/1', detail: int })
  const float = 'must be a number from -3.4028234663852886e38 to 3.4028234663852886e38'
  await refused('/half/1e39', { pointer: '#/0', detail: float })
  t.is((await post(t, server, '/sum/2147483647/-2147483648')).body, '-1')
  t.like(server.stats().functions, { sum: { calls: 1, refusals: 2 }, half: { calls: 0, refusals: 1 } })
})

test('on a server: unsigned numbers become signed, unless a `typed` function around converts them', async (t) => {
  const same = (name, type) => ({ name, parameters: [type], results: [type], code: [op.get(0)] })
  const { word, long } = fromWasm(moduleOf([same('word', i32), same('long', i64)]))
  const server = serve(t, {}, {
    word,
    long,
    unsignedWord: typed('(n: int) => int', (n) => word(n) >>> 0),
    unsignedLong: typed('(n: bigint) => bigint', (n) => BigInt.asUintN(64, long(n)))
  })
  for (const [target, status, body] of [
    ['/word/4294967295', 400], ['/word/-1', 200, '-1'],
    ['/long/18446744073709551615', 400], ['/long/-1', 200, '"-1"'],
    ['/unsignedWord/4294967295', 200, '4294967295'], ['/unsignedWord/2147483648', 200, '2147483648'],
    ['/unsignedLong/18446744073709551615', 200, '"18446744073709551615"']
  ]) {
    const answer = await post(t, server, target)
    t.is(answer.status, status, target)
    if (body !== undefined) t.is(answer.body, body, target)
  }
})

test('on a server: the description has the ranges', async (t) => {
  const server = serve(t, {}, fromWasm(moduleOf([fn('f', [i32, f32, i64, f64], [i32], { locals: ['n', 'x', 'm', 'y'] })])))
  const { paths } = server.openapi()
  t.is(paths['/f'].post['x-signature'], '(n: int, x: number, m: int64, y: number) => int')
  const [{ properties: { n, x } }] = paths['/f'].post.requestBody.content['application/json'].schema.oneOf
  t.deepEqual(n, { type: 'integer', format: 'int32', minimum: -2147483648, maximum: 2147483647 })
  t.deepEqual(x, { type: 'number', format: 'float', minimum: -3.4028234663852886e38, maximum: 3.4028234663852886e38 })
})

test('on a server: one function at the root', async (t) => {
  const server = serve(t, {}, fromWasm(SUM).sum)
  t.is((await post(t, server, '/3/4')).body, '7')
  t.is((await post(t, server, '/3/2147483648')).status, 400)
  const body = '{"a":3,"b":4}'
  t.is((await post(t, server, '/', { body, headers: { 'Content-Type': 'application/json' } })).body, '7')
})

test('on a server: each of many pipelined calls gets its own answer', async (t) => {
  const server = serve(t, {}, fromWasm(SUM))
  const client = await connect(t, server)
  const count = 500
  await client.write(Array.from({ length: count }, (_, i) => request(`/sum/${i}/${i * i}`)).join(''))
  for (let i = 0; i < count; i++) t.is((await client.response()).body, String(i + i * i))
})

test("WebAssembly's own exports object, and bytes, are refused as functions", (t) => {
  const bytes = moduleOf([sum], WITH_MEMORY)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  t.throws(() => tableOf(exports), { ...wrongType, message: /functions\.memory.* fromWasm\(\)/ })
  t.throws(() => tableOf(SUM), { ...wrongType, message: /Bytes of WebAssembly are for fromWasm\(\)/ })
})

test("the documentation's module is the one that is assembled here", (t) => {
  t.deepEqual(new Uint8Array(readFileSync(path.join(__dirname, 'modules', 'sum.wasm'))), SUM)
})
