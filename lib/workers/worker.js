'use strict'

// The entry of each worker thread: loads the module, reports its functions, waits for a ticket, and serves with the
// engine's transport. The main thread's side is seat.js.
//
// A transport has `serve(ticket, { handler, table }, recorder)`. `handler` is the module's functions. `table` is what
// `tableOf` makes of them, undefined for a plain function. `serve` returns a promise that resolves when no call is left
// and none will follow. It records its calls with the `recorder`, a `CallRecorder`.
//
// The thread belongs to the module: its `workerData` is the user's, and `parentPort` is not used here.

const { syncBuiltinESMExports } = require('node:module')
const threads = require('node:worker_threads')

const { port, signal, memory, url, only, engine, workerData } = threads.workerData
threads.workerData = workerData
syncBuiltinESMExports()

const { existsSync } = require('node:fs')
const { fileURLToPath } = require('node:url')
const { getHeapStatistics } = require('node:v8')
const events = require('../events.js')
const { tableOf, transferableTable } = require('../functions.js')
const { setInterval } = require('../globals.js')
const { Counts } = require('./counts.js')
const { markOwn, enterModule, isOwn, loadError } = require('./load-errors.js')
const { NEVER_SETTLES, MODULE_HELP, functionsOf, importModule, resolveModule, aboutModule } = require('./module.js')
const { CallRecorder } = require('./call-recorder.js')
const { serializeError } = require('./serialized-errors.js')

// Taken before the module is loaded, because the module may replace them.
const { add, notify } = Atomics

const HEAP_MS = 1000

// The worker's side of each engine.
const TRANSPORTS = {
  io_uring: () => require('../engines/io-uring/transport.js'),
  node: () => require('../engines/node/transport.js')
}

// The expected transport is loaded before the module. Whatever the module does to globals, to the file system or to
// `require`, this thread serves with our own code.
TRANSPORTS[engine === 'node' ? 'node' : 'io_uring']()

const name = fileURLToPath(url)
const counts = new Counts(memory)
// The uncaught error that ends the thread, if there is one while the module is loaded.
let uncaught

load()

async function load() {
  enterModule(url)
  process.on('uncaughtExceptionMonitor', remember)
  process.on('exit', reportExit)
  let callable
  try {
    const { functions } = await loadFunctions()
    callable = { handler: functions, table: tableOfModule(functions) }
  } catch (error) {
    process.off('exit', reportExit)
    reportFailure(error)
    // Not terminated: that would lose output that may explain the error.
    return process.exit(1)
  }
  process.off('uncaughtExceptionMonitor', remember)
  process.off('exit', reportExit)
  measureHeap()
  setInterval(measureHeap, HEAP_MS).unref()
  // From here on the port keeps the thread alive.
  port.on('message', (message) => message.ticket && serve(message.ticket, callable))
  send({ kind: 'loaded', table: transferableTable(callable.table, callable.handler) })
}

async function loadFunctions() {
  const file = resolveModule(name)
  if (file === undefined) throw notFound()
  if (file.endsWith('.json')) throw loadError(`${name} is not a module. ${MODULE_HELP}`)
  const neverSettles = () => reportFailure(loadError(`${name} cannot be loaded: ${NEVER_SETTLES}`))
  const { exports } = await importModule(file, { only, neverSettles })
  const functions = functionsOf(exports)
  if (events.isAnyOpen()) {
    throw loadError(
      `${name} cannot be served: it started a server of its own when it was loaded, as it would in each worker. ` +
        'Start that one only where `isMainThread` of node:worker_threads is true.'
    )
  }
  if (functions === undefined) throw loadError(`${name} does not export a function. ${MODULE_HELP}`)
  return { functions }
}

function notFound() {
  const found = existsSync(name)
    ? `${name} is a folder without an index.js or a package.json that names its "main". ${MODULE_HELP}`
    : `There is no file ${name}. A path is relative to the working directory. Relative to the file in which it is ` +
      `written is new URL('./functions.js', import.meta.url), or in CommonJS path.join(__dirname, 'functions.js').`
  return markOwn(Object.assign(new Error(found), { code: 'MODULE_NOT_FOUND' }))
}

function tableOfModule(functions) {
  try {
    return tableOf(functions)
  } catch (error) {
    error.message = aboutModule(name, error.message)
    throw markOwn(error)
  }
}

async function serve(ticket, callable) {
  const { serve: serveCalls } = TRANSPORTS[ticket.engine]()
  try {
    await serveCalls(ticket, callable, new CallRecorder(counts, send))
  } catch (error) {
    // If the module handles uncaught errors, nothing else would report this one.
    reportFailure(error)
    return process.exit(1)
  }
  // No call will follow. The thread ends unless something of the module's keeps it alive.
  send({ kind: 'done' })
  port.close()
}

function measureHeap() {
  counts.measureHeap(getHeapStatistics().used_heap_size)
}

function reportFailure(error) {
  send({ kind: 'failed', error: serializeError(error), isOwn: isOwn(error) })
}

function remember(error) {
  uncaught = { error }
}

function reportExit(code) {
  if (uncaught !== undefined) return reportFailure(uncaught.error)
  reportFailure(loadError(`${name} cannot be loaded: it has ended its thread, with the exit code ${code}.`))
}

// The main thread may be waiting for the message.
function send(message) {
  port.postMessage(message)
  add(signal, 0, 1)
  notify(signal, 0)
}
