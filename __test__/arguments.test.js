'use strict'

const { mkdtempSync, readdirSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { runInNewContext } = require('node:vm')
const test = require('ava')
const { serverListen } = require('..')
const { assertServes, fibonacci, serve } = require('./helpers.js')

const wrongType = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' }
const wrongValue = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' }
const outOfRange = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' }

const timeouts = ['headersTimeout', 'requestTimeout', 'keepAliveTimeout', 'handlerTimeout', 'sendTimeout']

const limits = {
  ringThreads: [0, 1, 64],
  ringEntries: [8, 2 ** 15],
  receiveBuffers: [8, 2 ** 15],
  receiveBufferSize: [128, 2 ** 16],
  batchSize: [1, 2 ** 16],
  maxConnections: [1, 2 ** 31 - 1],
  maxInFlight: [1, 2 ** 31 - 1],
  maxHeaderSize: [64, 2 ** 20],
  maxBodySize: [0, Number.MAX_SAFE_INTEGER],
  ...Object.fromEntries(timeouts.map((name) => [name, [0, 2 ** 31 - 1]]))
}

const refused = [
  ['port', wrongType, ['8000', '', null, true, 8000n, [], {}, () => {}, Symbol('port')]],
  ['port', outOfRange, [-1, 65536, 1.5, NaN, Infinity, -Infinity, 2 ** 53]],
  ['host', wrongType, ['', null, 1, true, {}, ['127.0.0.1']]],
  ['path', wrongType, ['', null, 1, true, {}, Buffer.from('/run/ringcall.sock')]],
  ['host', wrongValue, ['127.0.0.1\0', '*', 'http://localhost', 'localhost/', '127.0.0.1:8000', '[::1]:8000', 'a:']],
  ['path', wrongValue, ['\0', '/tmp/ringcall\0.sock', '/tmp/ringcall.sock\0', '\0ringcall\0']],
  ['backlog', wrongType, ['1024', null, true, 1n, {}]],
  ['backlog', outOfRange, [-1, 0, 1.5, NaN, Infinity, 2 ** 31]],
  ...['maxConnections', 'maxInFlight'].flatMap((name) => [
    [name, wrongType, ['10', null, true, 10n, {}]],
    [name, outOfRange, [-1, 0, 1.5, NaN, Infinity, 2 ** 31]]
  ]),
  ['ringThreads', wrongType, ['2', null, true, 2n, {}]],
  ['ringThreads', outOfRange, [-1, 1.5, NaN, Infinity, 65]],
  ...['ringEntries', 'receiveBuffers'].flatMap((name) => [
    [name, wrongType, ['8', null, true, 8n, {}]],
    [name, outOfRange, [-8, 0, 4, 9, 24, 8.5, NaN, Infinity, 2 ** 15 + 1, 2 ** 16]]
  ]),
  ['receiveBufferSize', wrongType, ['128', null, true, 128n, {}]],
  ['receiveBufferSize', outOfRange, [-1, 0, 127, 128.5, NaN, Infinity, 2 ** 16 + 1]],
  ['batchSize', wrongType, ['1', null, true, 1n, {}]],
  ['batchSize', outOfRange, [-1, 0, 1.5, NaN, Infinity, 2 ** 16 + 1]],
  ['maxHeaderSize', wrongType, ['16384', null, true, 16384n, {}]],
  ['maxHeaderSize', outOfRange, [-1, 0, 63, 64.5, NaN, Infinity, 2 ** 20 + 1]],
  ['maxBodySize', wrongType, ['65536', null, true, 65536n, {}]],
  ['maxBodySize', outOfRange, [-1, 0.5, NaN, Infinity, 2 ** 53]],
  ...timeouts.flatMap((name) => [
    [name, wrongType, ['1s', '1000', null, true, 1000n, {}]],
    [name, outOfRange, [-1, 0.5, NaN, Infinity, 2 ** 31]]
  ]),
  ['engine', wrongValue, ['', 'io-uring', null, 1, {}, ['io_uring']]],
  ['reusePort', wrongType, [null, 0, 1, 'true', {}]],
  ['ipv6Only', wrongType, [null, 0, 1, 'true', {}]],
  ['bigint', wrongType, [null, 0, 1, 'true', {}]],
  ['signal', wrongType, [null, true, 'abort', {}, { aborted: false }, new EventTarget(), new AbortController()]],
  ['onError', wrongType, [null, true, 'log', {}]]
]

for (const [name, expected, values] of refused) {
  test(`${name}: ${expected.code} for ${values.map(show).join(', ')}`, (t) => {
    for (const value of values) {
      const error = t.throws(() => serverListen({ port: 0, [name]: value }, fibonacci), expected, show(value))
      t.true(error.message.includes(name), error.message)
    }
  })
}

test('a first argument that is neither a port nor options', (t) => {
  for (const value of [undefined, null, '8000', true, 8000n, Symbol('port'), fibonacci]) {
    t.throws(() => serverListen(value, fibonacci), wrongType, show(value))
  }
  for (const port of [-1, 65536, 1.5, NaN]) t.throws(() => serverListen(port, fibonacci), outOfRange, show(port))
})

test('the error for a timeout that is not a number names the unit', (t) => {
  const server = serve(t)
  const message = (place) => `The "${place}" argument must be a number of milliseconds. Received type string ("5s")`
  for (const name of timeouts) {
    t.throws(() => serverListen({ [name]: '5s' }, fibonacci), { ...wrongType, message: message(`options.${name}`) })
  }
  t.throws(() => server.close({ timeout: '5s' }), { ...wrongType, message: message('options.timeout') })
})

test('a handler that is not a function', (t) => {
  for (const handler of [undefined, null, 610, [], Promise.resolve(610)]) {
    const error = t.throws(() => serverListen(0, handler), wrongType, show(handler))
    t.true(error.message.includes('handler'), error.message)
  }
  t.throws(() => serverListen(0), wrongType)
  const message = /Received undefined\. The functions are the second argument: serverListen\(8000, \{ sum \}\)\.$/
  t.throws(() => serverListen({ sum: (a, b) => a + b }), { ...wrongType, message })
})

test('an option that is undefined has its default value', async (t) => {
  const names = [
    'host', 'path', 'backlog', 'reusePort', 'ipv6Only', 'bigint', 'signal', 'onError', ...Object.keys(limits)
  ]
  const server = serve(t, Object.fromEntries(names.map((name) => [name, undefined])))
  t.is(server.url, `http://localhost:${server.port}`)
  await assertServes(t, server)
})

const meant = {
  hostname: 'host', address: 'host', cors: 'origins', bind: 'host', hots: 'host', Host: 'host',
  prot: 'port', PORT: 'port', portNumber: 'port', prt: 'port',
  socket: 'path', socketPath: 'path', unix: 'path',
  ringThread: 'ringThreads', worker: 'workers', workerThreads: 'workers',
  maxConnection: 'maxConnections', limit: 'maxConnections', concurrency: 'maxInFlight', maxHeaderBytes: 'maxHeaderSize',
  bodyLimit: 'maxBodySize', keepAlive: 'keepAliveTimeout', idleTimeout: 'keepAliveTimeout',
  handler_timeout: 'handlerTimeout',
  bigInt: 'bigint', BigInt: 'bigint', onerror: 'onError', error: 'onError', abort: 'signal', abortSignal: 'signal',
  reuseport: 'reusePort', ipv6only: 'ipv6Only', backLog: 'backlog'
}

for (const [name, option] of Object.entries(meant)) {
  test(`the unknown option ${name} is refused: ${option} was meant`, (t) => {
    const error = t.throws(() => serverListen({ port: 0, [name]: 1 }, fibonacci), wrongValue)
    t.true(error.message.includes(`'${name}'`), error.message)
    t.true(error.message.includes(`Did you mean '${option}'?`), error.message)
  })
}

const explained = {
  fd: /socket activation.*`port` or `path`/,
  handle: /socket activation.*`port` or `path`/,
  timeout: /Did you mean 'headersTimeout', .*'sendTimeout'\?/,
  threads: /Did you mean 'workers' or 'ringThreads'\?/,
  resourceLimits: /^serverListen has no option 'resourceLimits'\. It belongs in `workerOptions`\.$/,
  workerData: /belongs in `workerOptions`/,
  env: /belongs in `workerOptions`/,
  argv: /belongs in `workerOptions`/,
  execArgv: /belongs in `workerOptions`/,
  loadTimeout: /belongs in `workerOptions`/,
  maxOldGenerationSizeMb: /belongs in `workerOptions\.resourceLimits`/,
  callback: /second argument/,
  handler: /second argument/,
  cert: /TLS.*proxy/,
  noDelay: /It takes .*\bhost\b.*\bport\b/,
  0: /It takes/,
  toString: /It takes/,
  constructor: /It takes/,
  '': /It takes/
}

for (const [name, sentence] of Object.entries(explained)) {
  test(`the unknown option ${JSON.stringify(name)} is refused, and the error says what to do`, (t) => {
    t.throws(() => serverListen({ port: 0, [name]: 1 }, fibonacci), { ...wrongValue, message: sentence })
  })
}

// The variable that its value comes from may merely be unset today.
test('an unknown option is refused even if it is undefined', (t) => {
  const options = { port: 0, hostname: undefined }
  t.throws(() => serverListen(options, fibonacci), { ...wrongValue, message: /'hostname'.*'host'/ })
})

test('an object without any option is refused: it was meant as something else', (t) => {
  const values = [
    [], [0], [8000, '127.0.0.1'], new Map([['port', 0]]), new Set(), new Date(), Object(8000), Object('8000'), /8000/,
    Buffer.from('8000'), new EventTarget(), Promise.resolve({ port: 0 })
  ]
  for (const value of values) {
    const error = t.throws(() => serverListen(value, fibonacci), wrongType, show(value))
    t.true(error.message.includes(value.constructor.name), error.message)
  }
  t.throws(() => serverListen(Promise.resolve(8000), fibonacci), { message: /await/ })
})

class Options {
  host = '127.0.0.1'
  get port() {
    return 0
  }
  describe() {}
}

const shapes = {
  'an instance of a class': () => new Options(),
  'an object that inherits them': () => Object.create({ host: '127.0.0.1', port: 0, hostname: 'not its own' }),
  'an object without a prototype': () => Object.assign(Object.create(null), { host: '127.0.0.1', port: 0 }),
  'an object of another realm': () => runInNewContext("({ host: '127.0.0.1', port: 0 })"),
  'a frozen object': () => Object.freeze({ host: '127.0.0.1', port: 0 }),
  'an object with further properties that are symbols or not enumerable': () => (
    Object.defineProperty({ host: '127.0.0.1', port: 0, [Symbol('mine')]: 1 }, 'hostname', { value: 'hidden' })
  )
}

for (const [what, make] of Object.entries(shapes)) {
  test(`options may be ${what}`, async (t) => {
    const server = serverListen(make(), fibonacci)
    t.teardown(() => server.close())
    t.is(server.url, `http://127.0.0.1:${server.port}`)
    t.not(server.port, 8000)
    await assertServes(t, server)
  })
}

test('each option is read once', (t) => {
  const reads = {}
  const options = new Proxy({ port: 0, host: '127.0.0.1', signal: new AbortController().signal }, {
    get(target, name) {
      if (typeof name === 'string') reads[name] = (reads[name] ?? 0) + 1
      return target[name]
    }
  })
  const server = serverListen(options, fibonacci)
  t.teardown(() => server.close())
  t.true(reads.port === 1 && reads.signal === 1 && reads.onError === 1)
  t.deepEqual(Object.entries(reads).filter(([, count]) => count > 1), [])
})

test('a third argument is refused: there is no callback', (t) => {
  for (const value of [() => {}, null, {}, 1024]) {
    t.throws(() => serverListen(0, fibonacci, value), { ...wrongValue, message: /listens already.*no callback/ })
  }
  t.throws(() => serverListen(0, fibonacci, undefined, () => {}), wrongValue)
  const meant = (message) => ({ ...wrongType, message })
  t.throws(() => serverListen(0, '127.0.0.1', fibonacci), meant(/"handler".*\{ port: 8000, host: /s))
  t.throws(() => serverListen(0, { host: '127.0.0.1' }, fibonacci), meant(/"handler".*options come first/s))
})

test('an undefined third argument is accepted', async (t) => {
  const server = serverListen({ port: 0 }, fibonacci, undefined)
  t.teardown(() => server.close())
  await assertServes(t, server)
})

test('close: an unknown option is refused, and the server goes on', async (t) => {
  const server = serve(t)
  t.throws(() => server.close({ timeuot: 1 }), { ...wrongValue, message: /'timeuot'.*Did you mean 'timeout'\?/ })
  t.throws(() => server.close({ force: true }), { ...wrongValue, message: /'force'.*It takes timeout/ })
  t.throws(() => server.close({ timeoutMs: undefined }), wrongValue)
  for (const value of [[], [1], 1000, '1s', null, true, new Map(), Promise.resolve({})]) {
    t.throws(() => server.close(value), wrongType, show(value))
  }
  t.throws(() => server.close(1000), { message: /\{ timeout: 1000 \}/ })
  t.true(server.listening)
  await assertServes(t, server)
})

const mistakenHosts = {
  '127.0.0.1:8000': /Received '127\.0\.0\.1:8000'\. The port belongs in `port`\.$/,
  'localhost:': /port belongs in `port`/,
  '[::1]:8000': /port belongs in `port`/,
  'http://localhost': /must not be a URL: leave out the scheme/,
  'localhost/15': /must not be a URL/,
  '/run/ringcall.sock': /belongs in `path`/,
  '*': /every address, leave it out/,
  '*.example': /every address, leave it out/,
  'localhost\0': /NUL/
}

for (const [host, sentence] of Object.entries(mistakenHosts)) {
  test(`the host ${JSON.stringify(host)} is refused, and the error says what is wrong`, (t) => {
    t.throws(() => serve(t, { host }), { ...wrongValue, message: sentence })
  })
}

test('a NUL in the path is refused before a socket is bound', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  t.throws(() => serve(t, { path: path.join(directory, 'a.sock\0b') }), { ...wrongValue, message: /without a NUL/ })
  t.deepEqual(readdirSync(directory), [])
})

test('the options are read, not kept', async (t) => {
  const options = Object.freeze({ port: 0, host: '127.0.0.1' })
  const one = serve(t, options)
  const two = serve(t, options)
  await Promise.all([assertServes(t, one), assertServes(t, two)])
})

test('the smallest and the largest backlog', async (t) => {
  await assertServes(t, serve(t, { backlog: 1 }))
  await assertServes(t, serve(t, { backlog: 2 ** 31 - 1 }))
})

for (const [name, ends] of Object.entries(limits)) {
  test(`the smallest and the largest ${name}: ${ends.join(' and ')}`, async (t) => {
    for (const value of ends) await assertServes(t, serve(t, { [name]: value }))
  })
}

test('an error about an argument names the value received', (t) => {
  t.throws(() => serverListen('8000', fibonacci), { message: /string.*8000/ })
  t.throws(() => serverListen(65536, fibonacci), { message: /65536/ })
})

function show(value) {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return value.name || '() => {}'
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? `[${value}]` : (value.constructor.name ?? 'an object')
}
