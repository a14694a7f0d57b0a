'use strict'

// Checks the arguments of `serverListen` and fills in the defaults, which index.d.ts documents.

const { cureOfText, describe, invalidArgument, invalidType, invalidValue, outOfRange } = require('./errors.js')
const { tableOf } = require('./functions.js')
const { checkHealth } = require('./options/health.js')
const { checkOpenapi } = require('./options/openapi.js')
const { checkOrigins } = require('./options/origins.js')
const { FUNCTIONS, HANDLER, MODULE, refuseUnknown } = require('./unknown-options.js')
const { checkNames } = require('./wasm/selection.js')
const { checkHost, checkPath } = require('./options/address.js')
const { checkWorkerOptions, checkWorkers, isModuleLike, moduleOf, refuseWorkers } = require('./options/workers.js')

const INT32_MAX = 2 ** 31 - 1

// The body of a request to a plain function is read and dropped.
const BODY_SIZE_PLAIN = 64 * 1024
const BODY_SIZE = 2 ** 20
// The length of V8's longest string.
const BODY_SIZE_MAX = 2 ** 29 - 24

// The options that are numbers, each with its default, minimum and maximum. This is their only home: Rust has defaults
// for its tests alone. Tests compare index.d.ts, docs/api.md, the command's usage and those defaults with this table.
const NUMBERS = {
  port: [8000, 0, 65_535],
  backlog: [1024, 1, INT32_MAX],
  ringThreads: [1, 0, 64],
  ringEntries: [256, 8, 2 ** 15],
  receiveBuffers: [512, 8, 2 ** 15],
  receiveBufferSize: [1024, 128, 2 ** 16],
  batchSize: [1024, 1, 2 ** 16],
  maxConnections: [10_000, 1, INT32_MAX],
  maxInFlight: [10_000, 1, INT32_MAX],
  maxHeaderSize: [16 * 1024, 64, 2 ** 20],
  // `fitOptions` has the default, and the maximum for functions that take bodies.
  maxBodySize: [undefined, 0, Number.MAX_SAFE_INTEGER],
  maxBufferedBytes: [64 * 2 ** 20, 1, Number.MAX_SAFE_INTEGER],
  headersTimeout: [10_000, 0, INT32_MAX],
  requestTimeout: [30_000, 0, INT32_MAX],
  keepAliveTimeout: [72_000, 0, INT32_MAX],
  handlerTimeout: [30_000, 0, INT32_MAX],
  sendTimeout: [30_000, 0, INT32_MAX]
}
const POWERS_OF_TWO = ['ringEntries', 'receiveBuffers']

// The last one is the default.
const ENGINES = ['io_uring', 'node', 'auto']

const LISTEN_OPTIONS = {
  whose: 'serverListen', argument: 'port | options', expected: 'of type number or an object of options'
}
const CLOSE_OPTIONS = { whose: 'close', argument: 'options', expected: 'an object of options' }

// Returns the complete options and the table of functions, which is undefined for a plain function. For a module, whose
// functions are not known yet, it returns the options as `fitOptions` takes them later, and how workers run the module.
function checkArguments(portOrOptions, handler, surplus = []) {
  const options = typeof portOrOptions === 'number' ? { port: portOrOptions } : portOrOptions
  if (options === null || typeof options !== 'object' || isModuleLike(options)) {
    throw invalidType(LISTEN_OPTIONS.argument, LISTEN_OPTIONS.expected, portOrOptions, cure(portOrOptions))
  }
  refuseNoHandler(handler, surplus, options)
  const url = moduleOf(handler)
  if (url === undefined) refuseWorkers(options, handler)
  const table = url === undefined ? tableOf(handler) : undefined
  refuseSurplus(surplus)
  const engine = oneOf(options, 'engine', ENGINES)
  const numbers = checkNumbers(options, table !== undefined)
  checkRingThreads(numbers.ringThreads, engine)
  const checked = {
    engine,
    host: checkHost(string(options, 'host')),
    path: checkPath(string(options, 'path')),
    reusePort: boolean(options, 'reusePort'),
    ipv6Only: boolean(options, 'ipv6Only'),
    ...numbers,
    bigint: boolean(options, 'bigint'),
    origins: checkOrigins(options.origins),
    openapi: checkOpenapi(options.openapi),
    health: checkHealth(options.health),
    signal: signal(options),
    onError: callback(options, 'onError')
  }
  refuseUnknown(options, [...Object.keys(checked), 'workers', 'workerOptions', 'only'], LISTEN_OPTIONS)
  if (url === undefined) return { options: fitOptions(checked, table === undefined), table }
  const count = checkWorkers(options.workers, checked.ringThreads)
  const workerOptions = checkWorkerOptions(options.workerOptions)
  const only = options.only === undefined ? undefined : checkNames(options.only, 'options.only')
  return { options: checked, module: { url, only, count, workerOptions, engine } }
}

function checkNumbers(options, hasTable) {
  return Object.fromEntries(Object.entries(NUMBERS).map(([name, [fallback, min, max]]) => {
    const most = name === 'maxBodySize' && hasTable ? BODY_SIZE_MAX : max
    const check = POWERS_OF_TWO.includes(name) ? powerOfTwo : integer
    return [name, check(options, name, fallback, min, most)]
  }))
}

// Without ring threads, Node's event loop drives the ring. Other runtimes' loops cannot.
function checkRingThreads(ringThreads, engine) {
  const { bun, deno } = process.versions
  const other = bun === undefined ? deno && 'Deno' : 'Bun'
  if (ringThreads > 0 || other === undefined || engine === 'node') return
  throw invalidArgument(
    `The option 'ringThreads' is 0, for which a ring is driven by the event loop of Node.js, and this is ${other}. ` +
      'Leave it out, or pass 1 or more.'
  )
}

// Completes the options for a plain function or for a table of functions. Some options mean something else for a table,
// or nothing.
function fitOptions(options, isPlain) {
  if (isPlain) return { ...options, maxBodySize: options.maxBodySize ?? BODY_SIZE_PLAIN }
  const { bigint, maxBodySize = BODY_SIZE, maxBufferedBytes } = options
  if (maxBodySize > BODY_SIZE_MAX) {
    throw outOfRange('options.maxBodySize', `an integer >= 0 and <= ${BODY_SIZE_MAX}`, maxBodySize)
  }
  if (bigint) {
    throw invalidArgument(
      "The option 'bigint' is for one function that is not declared. A declared one says which of its arguments are " +
        "bigints: typed('(n: int64) => int64', (n) => n + 1n)."
    )
  }
  if (maxBodySize > maxBufferedBytes) {
    throw invalidArgument(
      `The option 'maxBodySize' is ${maxBodySize}, and 'maxBufferedBytes', for all bodies together, ` +
        `${maxBufferedBytes}: a body of that size would never be accepted. Raise the one, or lower the other.`
    )
  }
  return { ...options, maxBodySize }
}

// Like `close` of `net.Server`, it may be passed the callback alone: `done`.
function checkCloseArguments(options = {}, callback) {
  if (typeof options === 'function') return { done: options }
  if (options === null || typeof options !== 'object' || isEvent(options)) {
    throw invalidType(CLOSE_OPTIONS.argument, CLOSE_OPTIONS.expected, options, cureOfClose(options))
  }
  if (callback !== undefined && typeof callback !== 'function') {
    throw invalidType('callback', 'of type function', callback)
  }
  const checked = { timeout: integer(options, 'timeout', undefined, 0, INT32_MAX) }
  refuseUnknown(options, Object.keys(checked), CLOSE_OPTIONS)
  return { ...checked, done: callback }
}

// A value that a listener is called with: the name of a signal, an exit code, an event.
function cureOfClose(value) {
  const listener = 'As a listener pass `() => server.close()`'
  if (typeof value === 'number') return `${listener}. The time is an option: { timeout: ${value} }.`
  return typeof value === 'string' || isEvent(value) ? `${listener}.` : undefined
}

function isEvent(value) {
  return value !== null && typeof value === 'object' && 'type' in value && 'target' in value
}

// `listen` of `net.Server` takes a callback, which is called when it listens.
function refuseSurplus(surplus) {
  const third = surplus.find((each) => each !== undefined)
  if (third === undefined) return
  throw invalidArgument(
    `serverListen takes two arguments, and received ${describe(third)} as well. The server that it returns listens ` +
      'already: there is no callback.'
  )
}

function integer(options, name, fallback, min, max) {
  const value = options[name]
  if (value === undefined) return fallback
  if (typeof value !== 'number') {
    const expected = name.toLowerCase().endsWith('timeout') ? 'a number of milliseconds' : 'of type number'
    throw invalidType(`options.${name}`, expected, value, cure(value))
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(`options.${name}`, `an integer >= ${min} and <= ${max}`, value)
  }
  return value
}

// Advice on a value in the place of a number, which may be the other argument.
function cure(value) {
  if (typeof value === 'function') return HANDLER
  if (isModuleLike(value)) return "A module is the second argument: serverListen(8000, './functions.js')."
  return cureOfText(value)
}

// Refuses values that can be neither functions nor a module, and values with a function behind them.
function refuseNoHandler(value, [third], options) {
  const isOther = (value !== null && typeof value === 'object') || typeof value === 'string'
  if (typeof value === 'function' || (isOther && typeof third !== 'function') || isModuleLike(value)) return
  const expected = "a function, such as (n) => n + 1, an object of functions, or a module's URL or path"
  throw invalidType('handler', expected, value, cureOfHandler(value, third, options))
}

function cureOfHandler(value, third, options) {
  if (value === undefined && isModuleLike(options.module)) return MODULE
  const isFunctions = Object.entries(options).some(([name, each]) => name !== 'onError' && typeof each === 'function')
  if (value === undefined && isFunctions) return FUNCTIONS
  if (typeof third !== 'function') return undefined
  if (typeof value === 'string') return "The host is an option: serverListen({ port: 8000, host: '127.0.0.1' }, handler)."
  return 'It is the second argument, and the options come first: serverListen(options, handler).'
}

function powerOfTwo(options, name, fallback, min, max) {
  const value = integer(options, name, fallback, min, max)
  if (Number.isInteger(Math.log2(value))) return value
  throw outOfRange(`options.${name}`, `a power of two >= ${min} and <= ${max}`, value)
}

function string(options, name) {
  const value = options[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') {
    throw invalidType(`options.${name}`, 'a non-empty string', value)
  }
  return value
}

function oneOf(options, name, values) {
  const value = options[name]
  if (value === undefined) return values.at(-1)
  if (!values.includes(value)) {
    throw invalidValue(`options.${name}`, `one of: ${values.map((each) => `'${each}'`).join(', ')}`, value)
  }
  return value
}

function boolean(options, name) {
  const value = options[name]
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw invalidType(`options.${name}`, 'of type boolean', value)
  return value
}

function signal(options) {
  const value = options.signal
  if (value === undefined) return undefined
  const isSignal = value !== null && typeof value === 'object' && 'aborted' in value
  if (!isSignal || typeof value.addEventListener !== 'function') {
    throw invalidType('options.signal', 'an instance of AbortSignal', value)
  }
  return value
}

function callback(options, name) {
  const value = options[name]
  if (value === undefined) return undefined
  if (typeof value !== 'function') throw invalidType(`options.${name}`, 'of type function', value)
  return value
}

module.exports = { NUMBERS, checkArguments, checkCloseArguments, fitOptions }
