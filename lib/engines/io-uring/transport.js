'use strict'

// The worker's side of the engine io_uring: pulls calls from the ring threads' queue, as a server's own thread does
// without workers.

const { createBatches } = require('../../calls/batches.js')
const { callsOf } = require('../../calls/index.js')
const { loadNative, tryNative } = require('../../native.js')

// Loaded before the module, which may change what is needed to load it. An error is reported when the addon is needed.
const { Promise } = globalThis
tryNative()

// Resolves when no call will follow.
function serve({ table: number, seat: place, batchSize, bigint, handlerTimeout }, { handler, table }, recorder) {
  const { createCalls } = callsOf({
    handler,
    table,
    batchSize,
    bigint,
    onHandlerError: (error, n) => recorder.failed(undefined, n, error),
    onFunctionError: (error, { index }, args) => recorder.failed(index, args, error),
    onRefused: ({ index }) => recorder.refused(index)
  })
  return new Promise((resolve) => {
    const batches = createBatches({ createCalls, batchSize, handlerTimeout, onEnd, recorder })
    const seat = loadNative().takeSeat(number, place, batches.arrays, batches.dispatch)
    // The server has ended meanwhile, or has reloaded its module.
    if (seat === null) return resolve()
    batches.start(seat)
    batches.dispatch()

    function onEnd() {
      seat.leave()
      resolve()
    }
  })
}

module.exports = { serve }
