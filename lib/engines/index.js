'use strict'

// Chooses the engine: io_uring, or Node's own http server if no ring is available.
//
// An engine's constructor takes the checked options and these callbacks:
// - `handler`, the plain function;
// - `onHandlerError(error, n)`;
// - `onFailure(sentence)`, when the engine can no longer serve;
// - `onEnd()`, the last one, after `close()`;
// - `health()`, which returns { isClosing, hasWorker }. The engine answers requests for the health path with it, after
//   this thread's event loop has turned.
// With a `table` of functions it also takes the `documents` to serve, as lib/documents.js makes them. The engine
// listens before the constructor returns; otherwise it throws.
//
// An engine has `name`, `address()`, `stats()`, `setReferenced(boolean)`, `close()`, `closeIdleConnections()`,
// `closeAllConnections()`, and `removePath()` for a process that exits without `close()`.
//
// If workers run a module, the engine takes a `pool` of them instead of `handler`, and `table` is plain data, as
// `transferableTable` makes it, also for a plain function. Once the engine listens, it calls `pool.open((seat) => ({
// ticket, transfer }))`; each worker that is loaded, now or later, begins to take calls with its ticket.
// `ticket.engine` names the transport. Such an engine also has:
// - `lost(generation, seat)`, called when a worker with a ticket has ended;
// - `replace(table, documents)`: new requests use them, and are run by the workers of the next generation (counted from
//   0). It returns `{ ticketFor, adopted }`: what opens those workers, and a promise that resolves when requests use
//   the new table, if that is later.
// It calls `onOverdue(generation, seat)` if a call, or anything else, has held a worker for `handlerTimeout`, and
// `onRetired(generation)` when no call of a replaced table is left and none can follow; by then it has told the
// workers' transports. `functionCounts()` gives it what workers have counted since the start: { errors, refusals } by
// function name. Calls that were lost with a worker are reported to `onHandlerError` or `onFunctionError`, with a
// `workerDied()`.

const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads')
const { IoUringEngine } = require('./io-uring.js')

const WARNED = 'ringcall: the fallback was told'

// Returns the engine. If `'auto'` fell back to Node's, also the `refusal`, for `warnOfFallback`.
function startEngine(options, callbacks) {
  if (options.engine === 'node') return { engine: startNodeEngine(options, callbacks) }
  try {
    return { engine: new IoUringEngine(options, callbacks) }
  } catch (refusal) {
    if (options.engine !== 'auto' || refusal.code !== 'ERR_IO_URING_UNAVAILABLE') throw refusal
    return { engine: startNodeEngine(options, callbacks), refusal }
  }
}

// Loaded only when it is needed.
function startNodeEngine(options, callbacks) {
  const { NodeEngine } = require('./node.js')
  return new NodeEngine(options, callbacks)
}

// Warns once a process: workers that are started later inherit the mark.
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
