'use strict'

// The worker's side of the engine io_uring: takes calls from the ring threads' queue, as the thread that has started a
// server does where it has no workers.

const { createBatches } = require('../../calls/batches.js')
const { callsOf } = require('../../calls/index.js')
const { loadNative, tryNative } = require('../../native.js')

// Before the module is loaded, which may do something to them. What is wrong with the addon is told when it is needed.
const { Promise } = globalThis
tryNative()

// Resolves when no call will come any more.
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
    // The server has ended meanwhile, or has loaded its module anew.
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
