'use strict'

// Chooses the engine: io_uring, or Node's own http server where there is no ring to be had.
//
// An engine's constructor takes the checked options and four callbacks: `handler`, `onHandlerError(error, n)`,
// `onFailure(sentence)` when it can no longer serve, and `onEnd()`, the last of all, after `close()`. It listens before
// it returns, or throws. `health()` tells { isClosing, hasWorker } of
// the server: that is what the engine answers at the option's path, once this thread has turned its event loop since it
// was asked. With a `table` of functions it takes the `documents` that it is to serve beside them, as
// lib/documents.js makes them. It has `name`, `address()`, `stats()`, `setReferenced(boolean)`, `close()`,
// `closeIdleConnections()`, `closeAllConnections()`, and `removePath()` for a process that ends without `close()`.
//
// Where workers run a module, there is a `pool` of them instead of `handler`, and `table` is plain data, as
// `transferableTable` makes it, of one plain function, too. Once the engine listens, it calls `pool.open((seat) => ({
// ticket, transfer }))`, by which each worker that is loaded, now or later, begins to take calls: `ticket.engine`
// names the transport that it is for. It has `lost(generation, seat)`, called when a worker that had a ticket has
// ended, and `replace(table, documents)`, which has new requests meet others, of workers of the next generation (they
// count from 0), and returns `{ ticketFor, adopted }`: what those are opened with, and a promise that resolves when
// they do, where that is later. It tells `onOverdue(generation, seat)` where one call, or
// whatever else, has held the worker in that seat for `handlerTimeout`, and `onRetired(generation)` where no call of a
// replaced table is left and none can come: by then it has told the transports of its workers. What workers have
// counted of each function it asks of `functionCounts()`: { errors, refusals } by name, since the server was started.
// Calls that were lost with a worker it tells by `onHandlerError` or `onFunctionError` with a `workerDied()`.

const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads')
const { IoUringEngine } = require('./io-uring.js')

const WARNED = 'ringcall: the fallback was told'

// The engine, and where `'auto'` came to the other one, what refused it: that is for `warnOfFallback`.
function startEngine(options, callbacks) {
  if (options.engine === 'node') return { engine: startNodeEngine(options, callbacks) }
  try {
    return { engine: new IoUringEngine(options, callbacks) }
  } catch (refusal) {
    if (options.engine !== 'auto' || refusal.code !== 'ERR_IO_URING_UNAVAILABLE') throw refusal
    return { engine: startNodeEngine(options, callbacks), refusal }
  }
}

// Loaded by those who need it only.
function startNodeEngine(options, callbacks) {
  const { NodeEngine } = require('./node.js')
  return new NodeEngine(options, callbacks)
}

// Once a process: workers that are started later inherit that it was told.
function warnOfFallback({ message }) {
  if (getEnvironmentData(WARNED)) return
  setEnvironmentData(WARNED, true)
  process.emitWarning(
    `${message} The server runs on Node's own http server instead, which is slower. If that is what you want, pass ` +
      "engine: 'node'; with engine: 'io_uring' this is an error.",
    { code: 'RINGCALL_FALLBACK' }
  )
}

module.exports = { startEngine, warnOfFallback }
