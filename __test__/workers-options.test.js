'use strict'

// The modules and the options of workers that are accepted, and how others are refused.

const { availableParallelism } = require('node:os')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const vm = require('node:vm')
const { SHARE_ENV } = require('node:worker_threads')
const test = require('ava')
const { checkArguments, fitOptions } = require('../lib/options.js')

const url = pathToFileURL('/srv/functions.js')
const moduleOf = (options, module = url) => checkArguments(options, module).module
const wrongType = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' }
const wrongValue = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' }
const outOfRange = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' }

test('a module is a URL, or a path that is absolute or relative to the working directory', (t) => {
  const inside = (name) => pathToFileURL(path.resolve(name)).href
  for (const [module, expected] of [
    [url, 'file:///srv/functions.js'],
    ['/srv/functions.js', 'file:///srv/functions.js'],
    ['./functions.js', inside('functions.js')],
    ['../functions.js', inside('../functions.js')],
    ['./a b/größe.js', inside('a b/größe.js')],
    // A URL of another realm or another library: its properties count.
    [vm.runInNewContext('({ href: url.href, protocol: url.protocol })', { url }), 'file:///srv/functions.js']
  ]) {
    t.is(moduleOf(8000, module).url, expected)
  }
})

test('a value that is no module is refused with how to write one', (t) => {
  for (const [module, expected, message] of [
    ['sum.wasm', wrongValue, /absolute, or begin with .* Write "\.\/sum\.wasm" if it is one\./],
    ['functions.js', wrongValue, /absolute, or begin with \.\/ or \.\.\/.* Write "\.\/functions\.js" if it is one\./],
    ['', wrongValue, /absolute.* Was it made from an empty variable\?$/],
    ['.', wrongValue, /absolute.* Write "\.\/" for that folder's index\.js\.$/],
    ['..', wrongValue, /absolute.* Write "\.\.\/" for/],
    ['~/functions.js', wrongValue, /absolute.* path\.join\(os\.homedir\(\), …\)/],
    [Buffer.from('./functions.js'), wrongType, /A module is its URL or path: serverListen\(8000, '\.\//],
    ['file:///srv/functions.js', wrongValue, /Wrap it in `new URL\(\)`/],
    [new URL('https://a.example/functions.js'), wrongValue, /one of a file.*https:/],
    [new URL('data:text/javascript,'), wrongValue, /one of a file.*data:/],
    [3, wrongType, /a function, .*, an object of functions, or a module's URL or path/],
    [[url], wrongType, /plain object/]
  ]) {
    t.throws(() => moduleOf({}, module), { ...expected, message })
  }
})

test('there is a worker for each core that the ring threads leave, but at least one', (t) => {
  const cores = availableParallelism()
  t.is(moduleOf({}).count, Math.max(1, cores - 1))
  t.is(moduleOf({ workers: 'auto', ringThreads: 64 }).count, Math.max(1, cores - 64))
  t.is(moduleOf({ workers: undefined }).count, moduleOf({}).count)
  for (const workers of [1, 4, 1024]) t.is(moduleOf({ workers }).count, workers)
})

test('an invalid number of workers is refused', (t) => {
  for (const [workers, expected, message] of [
    [0, outOfRange, /pass the functions themselves: serverListen\(8000, \{ sum \}\)/],
    [-1, outOfRange, />= 1 and <= 1024, or 'auto'\. Received -1$/],
    [1025, outOfRange, /1024/],
    [1.5, outOfRange, /integer/],
    [NaN, outOfRange, /NaN/],
    ['4', wrongType, /Number\(\)/],
    ['all', wrongType, /of type number, or 'auto'/],
    ['', wrongType, /'auto'/],
    [null, wrongType, /'auto'/],
    [true, wrongType, /'auto'/],
    [4n, wrongType, /'auto'/],
    [Symbol('4'), wrongType, /'auto'/]
  ]) {
    const error = t.throws(() => moduleOf({ workers }), { ...expected, message })
    t.true(error.message.includes('"options.workers"'), error.message)
  }
})

test('workers for functions that are passed are refused, and the module form is shown', (t) => {
  for (const functions of [(n) => n, { sum: (a, b) => a + b }]) {
    for (const options of [{ workers: 4 }, { workers: 0 }, { workerOptions: {} }, { only: ['sum'] }]) {
      const [name] = Object.keys(options)
      const message = new RegExp(`'${name}' is for a module, .*workers: 4 }, new URL\\('\\./functions\\.js'`)
      t.throws(() => checkArguments(options, functions), { ...wrongValue, message })
    }
    t.notThrows(() => checkArguments({ workers: undefined, workerOptions: undefined }, functions))
  }
})

test('with workers, a value that is neither functions nor a module is refused by its kind', (t) => {
  for (const [value, what] of [
    [Promise.resolve({ sum: () => 1 }), 'an instance of Promise was'],
    [['./functions.js'], 'an instance of Array was'],
    [Buffer.from('./functions.js'), 'an instance of Buffer was'],
    [{ module: './functions.js' }, 'an instance of Object was']
  ]) {
    const message = new RegExp(`'workers' is for a module, .* and ${what} passed\\. Pass the module.*4 }, new URL`)
    t.throws(() => checkArguments({ workers: 2 }, value), { ...wrongValue, message })
  }
})

test('a module that is not the second argument is refused with its right place', (t) => {
  for (const first of [url, './functions.js', '/srv/functions.js', 'sum.wasm']) {
    for (const second of [undefined, 8000, { workers: 2 }]) {
      const message = /"port \| options".* second argument: serverListen\(8000, '\.\/functions\.js'\)\.$/
      t.throws(() => checkArguments(first, second), { ...wrongType, message })
    }
  }
  const message = / The module is the second argument: serverListen\(\{ port: 8000 \}, '\.\/functions\.js'\)\.$/
  for (const module of ['./functions.js', url]) {
    t.throws(() => checkArguments({ module }), { ...wrongType, message })
    t.throws(() => checkArguments({ module }, () => 1), { ...wrongValue, message })
  }
})

test('the options of workers, and their defaults', (t) => {
  const all = {
    env: { A: 'a' },
    argv: ['a'],
    execArgv: ['--no-warnings'],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1.5, codeRangeSizeMb: 16, stackSizeMb: 4 },
    workerData: { a: [1] },
    loadTimeout: 1
  }
  t.deepEqual(moduleOf({ workerOptions: all }).workerOptions, all)
  t.is(moduleOf({ workerOptions: { env: SHARE_ENV } }).workerOptions.env, SHARE_ENV)
  const none = Object.fromEntries(Object.keys(all).map((name) => [name, undefined]))
  for (const workerOptions of [undefined, {}, none]) {
    t.deepEqual(moduleOf({ workerOptions }).workerOptions, { ...none, loadTimeout: 30_000 })
  }
})

test('`only` names the functions of WebAssembly that are served', (t) => {
  t.is(moduleOf({}).only, undefined)
  t.is(moduleOf({ only: undefined }).only, undefined)
  t.deepEqual(moduleOf({ only: ['sum', 'mul', 'sum'] }, './math.wasm').only, ['sum', 'mul'])
  for (const [only, expected, message] of [
    ['sum', wrongType, /"options\.only" argument must be an array of names/],
    [['sum', 1], wrongType, /"options\.only\[1\]" argument must be of type string/],
    [[], wrongValue, /^options\.only has no name in it/]
  ]) {
    t.throws(() => moduleOf({ only }, './math.wasm'), { ...expected, message })
  }
})

test('later changes of the options do not reach workers that start later', (t) => {
  const env = { A: 'a' }
  const argv = ['a']
  const { workerOptions } = moduleOf({ workerOptions: { env, argv } })
  env.A = argv[0] = 'b'
  t.like(workerOptions, { env: { A: 'a' }, argv: ['a'] })
})

test('invalid options of workers are refused, each by its name', (t) => {
  for (const [workerOptions, expected, message] of [
    [null, wrongType, /"options\.workerOptions".*an object of options/],
    ['--import tsx', wrongType, /"options\.workerOptions"/],
    [['--import', 'tsx'], wrongType, /"options\.workerOptions"/],
    [{ execArg: [] }, wrongValue, /^workerOptions has no option 'execArg'\. Did you mean 'execArgv'\?$/],
    [{ name: 'a' }, wrongValue, /It takes env, argv, execArgv, resourceLimits, workerData, loadTimeout\./],
    [{ handler: 'a' }, wrongValue, /It takes env/],
    [{ env: 'A=a' }, wrongType, /"options\.workerOptions\.env".*SHARE_ENV/],
    [{ env: null }, wrongType, /env/],
    [{ env: Symbol('env') }, wrongType, /env/],
    [{ argv: 'a' }, wrongType, /"options\.workerOptions\.argv".*an array of strings/],
    [{ argv: ['a', 1] }, wrongType, /"options\.workerOptions\.argv\[1\]".*of type string/],
    [{ execArgv: '--import tsx' }, wrongType, /"options\.workerOptions\.execArgv"/],
    [{ execArgv: [undefined] }, wrongType, /execArgv\[0\]/],
    [{ resourceLimits: 512 }, wrongType, /"options\.workerOptions\.resourceLimits".*an object of numbers/],
    [{ resourceLimits: { maxOldGenerationSize: 512 } }, wrongValue, /Did you mean 'maxOldGenerationSizeMb'\?/],
    [{ resourceLimits: { maxOldGenerationSizeMb: '512' } }, wrongType, /\.maxOldGenerationSizeMb".* with Number\(\)/],
    [{ resourceLimits: { maxOldGenerationSizeMb: 7 } }, outOfRange, />= 8 and <= 1048576, in MiB\. Received 7/],
    [{ resourceLimits: { maxYoungGenerationSizeMb: NaN } }, outOfRange, /NaN/],
    // So small a stack would end the process.
    [{ resourceLimits: { stackSizeMb: 0.1 } }, outOfRange, />= 1 and <= 1024/],
    [{ resourceLimits: { codeRangeSizeMb: 1025 } }, outOfRange, /1024/],
    [{ workerData: () => 1 }, wrongValue, /workerData is cloned .*, and can't be: .*\. Pass plain data\.$/],
    [{ loadTimeout: 0 }, outOfRange, /"options\.workerOptions\.loadTimeout".*>= 1 and <= 2147483647/],
    [{ loadTimeout: 1.5 }, outOfRange, /integer/],
    [{ loadTimeout: 2 ** 31 }, outOfRange, /2147483647/],
    [{ loadTimeout: '5s' }, wrongType, /must be a number of milliseconds\. Received type string \("5s"\)$/],
    [{ loadTimeout: '5' }, wrongType, /Convert it with Number\(\)\.$/]
  ]) {
    t.throws(() => moduleOf({ workerOptions }), { ...expected, message })
  }
})

test("a module's options that depend on its functions are checked when those are known", (t) => {
  const { options } = checkArguments({ bigint: true }, url)
  t.is(fitOptions(options, true).maxBodySize, 64 * 1024)
  t.throws(() => fitOptions(options, false), { ...wrongValue, message: /'bigint'/ })
  t.is(fitOptions(checkArguments({}, url).options, false).maxBodySize, 2 ** 20)
  const large = checkArguments({ maxBodySize: 2 ** 40 }, url).options
  t.is(fitOptions(large, true).maxBodySize, 2 ** 40)
  t.throws(() => fitOptions(large, false), { ...outOfRange, message: /"options\.maxBodySize".*536870888/ })
  const contradictory = checkArguments({ maxBufferedBytes: 1 }, url).options
  t.throws(() => fitOptions(contradictory, false), { ...wrongValue, message: /would never be accepted/ })
})

test('other options are refused before any thread is started', (t) => {
  t.throws(() => moduleOf({ port: '8000' }), wrongType)
  t.throws(() => moduleOf({ hostname: 'a' }), { ...wrongValue, message: /Did you mean 'host'\?/ })
  t.throws(() => moduleOf({ worker: 4 }), { ...wrongValue, message: /Did you mean 'workers'\?/ })
})

test('beside a module, a callback is refused', (t) => {
  for (const module of [url, './functions.js', '../functions.js', '/srv/functions.mjs', '/srv/functions']) {
    for (const third of [() => {}, 'a']) {
      const message = /^serverListen takes two arguments, .* no callback\.$/
      t.throws(() => checkArguments({ workers: 2 }, module, [third]), { ...wrongValue, message })
    }
  }
  t.throws(() => checkArguments({}, 'functions.js', [() => {}]), { ...wrongValue, message: /"\.\/functions\.js"/ })
})
