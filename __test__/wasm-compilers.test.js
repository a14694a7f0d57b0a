'use strict'

// Modules that compilers make of C, Rust and AssemblyScript, as functions.

const { execFile, spawnSync } = require('node:child_process')
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')
const test = require('ava')
const { fromWasm } = require('..')
const { describeTable, tableOf } = require('../lib/functions.js')
const { file, folder, startServe } = require('./commands.js')
const { has, isThere, post, root, serve } = require('./helpers.js')

const wrongValue = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' }
const signaturesOf = (functions) => (
  Object.fromEntries(describeTable(tableOf(functions)).map(({ name, signature }) => [name, signature]))
)

// Compiles a source with a command that is made from the paths of the source and of the module.
async function compile(t, name, source, command) {
  const from = file(t, name, source)
  const to = path.join(path.dirname(from), 'made.wasm')
  const [program, ...args] = command(from, to)
  await promisify(execFile)(program, args)
  return readFileSync(to)
}

const C = ['clang', '--target=wasm32', '-O2', '-nostdlib', '-Wl,--no-entry']

function compileC(t, source, ...options) {
  return compile(t, 'functions.c', source, (from, to) => [...C, ...options, '-o', to, from])
}

function hasC(t) {
  return has(t, 'clang') && has(t, 'wasm-ld')
}

function compileRust(t, source) {
  const options = ['--edition', '2021', '--target', RUST_TARGET, '--crate-type', 'cdylib', '-O', '-g']
  return compile(t, 'functions.rs', source, (from, to) => ['rustc', ...options, '-o', to, from])
}

const RUST_TARGET = 'wasm32-unknown-unknown'

function hasRust(t) {
  if (!has(t, 'rustc')) return false
  const args = ['--print', 'target-libdir', '--target', RUST_TARGET]
  const libraries = spawnSync('rustc', args, { encoding: 'utf8' }).stdout.trim()
  return isThere(t, existsSync(libraries), `Rust's target ${RUST_TARGET} is not installed`)
}

// In this process, as the compiler spends most of its time on loading itself.
async function compileAssemblyScript(t, source, ...options) {
  const { main } = await import('assemblyscript/asc')
  const from = file(t, 'functions.ts', source)
  const to = path.join(path.dirname(from), 'made.wasm')
  const { error, stderr } = await main([from, '-o', to, ...options])
  if (error) throw new Error(stderr.toString(), { cause: error })
  return readFileSync(to)
}

test('examples/sum.c answers as its comment says', async (t) => {
  if (!hasC(t) || !has(t, 'curl')) return
  const source = readFileSync(path.join(root, 'examples', 'sum.c'), 'utf8')
  const [, compiling, serving] = /^ \* {3}\$ (clang .*)\n \* {3}\$ npx ringcall (.*)$/m.exec(source)
  const module = file(t, 'sum.wasm', '')
  const run = (command) => promisify(execFile)('sh', ['-c', command], { cwd: root })
  await run(compiling.replace('-o sum.wasm', `-o ${module}`))
  t.is(serving, 'serve sum.wasm')
  const { child, port } = await startServe(t, [module])
  t.is(await child.line(), 'functions: sum')
  const told = [...source.matchAll(/^ \* {3}\$ (curl .*)\n \* {3}(.*)$/gm)]
  t.deepEqual(told.map(([, , output]) => output), ['7', '-1'])
  for (const [, command, output] of told) {
    const here = command.replace('localhost:8000', `127.0.0.1:${port}`).replace('curl', 'curl -s')
    t.is((await run(here)).stdout, output)
  }
  t.is((await post(t, port, '/sum/2147483648/0')).status, 400)
})

test('C: each of its types is served, and functions that are not exported are not', async (t) => {
  if (!hasC(t)) return
  const exported = '__attribute__((visibility("default")))'
  const bytes = await compileC(t, `
    static int total;
    int hidden(int n) { return n; }
    ${exported} int add(int n) { return total += n; }
    ${exported} long long scaled(long long n, short times) { return n * times; }
    ${exported} float half(float x) { return x / 2; }
    ${exported} double mean(double left, unsigned char right) { return (left + right) / 2; }
    ${exported} void reset(void) { total = 0; }
    ${exported} int quotient(int n, int by) { return n / by; }
  `, '-g', '-Wl,--export-dynamic', '-fvisibility=hidden')
  const functions = fromWasm(bytes)
  // clang and LLVM's linker write no names of arguments, not even with -g.
  t.deepEqual(signaturesOf(functions), {
    add: '(a: int) => int',
    scaled: '(a: int64, b: int) => int64',
    half: '(a: number) => number',
    mean: '(a: number, b: int) => number',
    reset: '() => void',
    quotient: '(a: int, b: int) => int'
  })
  const server = serve(t, { onError() {} }, functions)
  for (const [target, status, body] of [
    ['/add/3', 200, '3'], ['/add/-10', 200, '-7'], ['/reset', 204, ''], ['/add/1', 200, '1'],
    ['/scaled/4611686018427387904/-2', 200, '"-9223372036854775808"'], ['/half/0.1', 200, '0.05000000074505806'],
    ['/mean/1/2', 200, '1.5'], ['/quotient/7/2', 200, '3']
  ]) {
    const answer = await post(t, server, target)
    t.deepEqual([target, answer.status, answer.body], [target, status, body])
  }
  t.is((await post(t, server, '/quotient/1/0')).status, 500)
  t.is((await post(t, server, '/hidden/1')).status, 404)
})

// Functions whose stack in the memory is in use while they trap, or while they call themselves without end.
const ON_THE_STACK = `
  __attribute__((noinline)) static int use(volatile char *p, int n) { for (int i = 0; i < n; i++) p[i] = i; return p[n / 2]; }
  int work(int n) { volatile char b[8192]; use(b, 8192); if (n < 0) __builtin_trap(); return n + 1; }
  int deep(int n) { volatile char b[64]; b[0] = n; return n == 0 ? 0 : 1 + deep(n - 1) + b[0] - b[0]; }
`
for (const [how, options] of Object.entries({ 'without workers': undefined, 'with a worker': { workers: 1 } })) {
  test(`C, ${how}: however many calls trap or overflow the stack, the others are answered`, async (t) => {
    if (!hasC(t)) return
    const bytes = await compileC(t, ON_THE_STACK, '-O1', '-Wl,--export=work', '-Wl,--export=deep')
    const module = path.join(folder(t), 'stack.wasm')
    writeFileSync(module, bytes)
    const server = serve(t, { ...options, onError() {} }, options === undefined ? fromWasm(bytes) : module)
    for (let i = 0; i < 20; i++) {
      t.is((await post(t, server, '/work/-1')).status, 500)
      t.is((await post(t, server, '/deep/100000000')).status, 500)
    }
    t.is((await post(t, server, '/work/1')).body, '2')
    t.is((await post(t, server, '/deep/100')).body, '100')
  })
}

test('C: constructors have run exactly once', async (t) => {
  if (!hasC(t)) return
  const source = `
    static int count;
    __attribute__((constructor)) static void start(void) { count += 1; }
    int counted(void) { return count; }
  `
  const bytes = await compileC(t, source, '-Wl,--export=counted', '-Wl,--export=__wasm_call_ctors')
  const functions = fromWasm(bytes)
  t.deepEqual(Object.keys(functions), ['counted'])
  t.is(functions.counted() + functions.counted(), 2)
})

test('C: a function that is declared and not defined is an import', async (t) => {
  if (!hasC(t)) return
  const bytes = await compileC(t, `
    void log_value(double value);
    int twice(int n) { log_value(n); return 2 * n; }
  `, '-Wl,--export=twice', '-Wl,--allow-undefined')
  t.throws(() => fromWasm(bytes), { ...wrongValue, message: /: env\.log_value\. .*\{ env: \{ log_value: … \} \}/ })
  const logged = []
  t.is(fromWasm(bytes, { env: { log_value: (value) => logged.push(value) } }).twice(21), 42)
  t.deepEqual(logged, [21])
})

test('Rust: each of its types is served, and a panic fails only its call', async (t) => {
  if (!hasRust(t)) return
  const functions = fromWasm(await compileRust(t, `
    #[no_mangle]
    pub extern "C" fn sum(left: i32, right: i32) -> i32 { left.wrapping_add(right) }
    #[no_mangle]
    pub extern "C" fn factorial(n: u64) -> u64 { (1..=n).product() }
    #[no_mangle]
    pub extern "C" fn mean(left: f32, right: f64) -> f64 { (f64::from(left) + right) / 2.0 }
    #[no_mangle]
    pub extern "C" fn is_even(n: i32) -> bool { n % 2 == 0 }
    #[no_mangle]
    pub extern "C" fn check(n: i32) { assert!(n > 0, "{n} is not positive") }
  `))
  t.deepEqual(signaturesOf(functions), {
    sum: '(a: int, b: int) => int',
    factorial: '(a: int64) => int64',
    mean: '(a: number, b: number) => number',
    is_even: '(a: int) => int',
    check: '(a: int) => void'
  })
  const told = []
  const server = serve(t, { onError: (error, call) => told.push([error, call]) }, functions)
  t.is((await post(t, server, '/sum/3/4')).body, '7')
  t.is((await post(t, server, '/factorial/20')).body, '"2432902008176640000"')
  t.is((await post(t, server, '/check/0')).status, 500)
  t.is((await post(t, server, '/check/1')).status, 204)
  const [[error, call], ...others] = told
  t.deepEqual(others, [])
  t.true(error instanceof WebAssembly.RuntimeError)
  // The stack has the module's own name for the function.
  t.regex(error.stack, /\bcheck\b/)
  t.deepEqual(call, { function: 'check', arguments: [0] })
})

const ASSEMBLY_SCRIPT = `
  export const answer: i32 = 42
  let count: i32 = 0
  export function sum(first: i32, second: i32): i32 { return first + second }
  export function half(x: f32): f32 { return x / 2 }
  export function mean(left: f64, right: u8): f64 { return (left + right) / 2 }
  export function next(step: i64): i64 { count++; return count + step }
  export function at(index: i32): i32 { const all = [1, 2, 3]; return all[index] }
`

test('AssemblyScript: the arguments have their names', async (t) => {
  const functions = fromWasm(await compileAssemblyScript(t, ASSEMBLY_SCRIPT, '--debug', '--use', 'abort='))
  t.deepEqual(signaturesOf(functions), {
    sum: '(first: int, second: int) => int',
    half: '(x: number) => number',
    mean: '(left: number, right: int) => number',
    next: '(step: int64) => int64',
    at: '(index: int) => int'
  })
  const server = serve(t, { onError() {} }, functions)
  const body = '{"second":4,"first":3}'
  t.is((await post(t, server, '/sum', { body, headers: { 'Content-Type': 'application/json' } })).body, '7')
  t.is((await post(t, server, '/next/9007199254740993')).body, '"9007199254740994"')
  t.is((await post(t, server, '/at/2')).body, '3')
  t.is((await post(t, server, '/at/3')).status, 500)
})

test('AssemblyScript: its import must be passed, and its start must be _initialize', async (t) => {
  const bytes = await compileAssemblyScript(t, ASSEMBLY_SCRIPT, '-O')
  t.throws(() => fromWasm(bytes), { ...wrongValue, message: /: env\.abort\. .* `asc --use abort=`\.$/ })
  const abort = () => { throw Object.assign(new Error('No such place.'), { statusCode: 404 }) }
  const { at } = fromWasm(bytes, { env: { abort } })
  const server = serve(t, {}, { at })
  // The function throws what its import throws.
  t.like(JSON.parse((await post(t, server, '/at/3')).body), { status: 404, detail: 'No such place.' })

  const started = (name) => compileAssemblyScript(t, ASSEMBLY_SCRIPT, '-O', '--use', 'abort=', '--exportStart', name)
  const asProgram = await started('_start')
  t.throws(() => fromWasm(asProgram), { ...wrongValue, message: /"_start".* --exportStart _initialize / })
  const functions = fromWasm(await started('_initialize'))
  t.deepEqual(Object.keys(functions), ['sum', 'half', 'mean', 'next', 'at'])
  t.is(functions.at(0), 1)
})

test("AssemblyScript: its runtime's exports are not served", async (t) => {
  const bytes = await compileAssemblyScript(t, ASSEMBLY_SCRIPT, '-O', '--use', 'abort=', '--exportRuntime')
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name)
  t.true(exported.includes('__new') && exported.includes('__collect'))
  const functions = fromWasm(bytes)
  t.deepEqual(Object.keys(functions), ['sum', 'half', 'mean', 'next', 'at'])
  const server = serve(t, {}, functions)
  t.is((await post(t, server, '/__new/500000000/0')).status, 404)
  t.is((await post(t, server, '/at/2')).body, '3')
})
