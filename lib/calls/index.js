'use strict'

// Creates what runs the calls of one thread, a server's own or a worker's: the `createCalls` of `createBatches`.

const { createCallees, createNamedCalls } = require('./named.js')
const { createPlainCalls } = require('./plain.js')

// Pass `handler`, one plain function, or `table`, functions by name; the `callees` of a table are returned too.
// `onHandlerError` gets each error that is the plain function's fault, with its integer. `onFunctionError` gets each
// error that is a callee's fault, with the callee and its arguments. `onRefused` gets the callee of each call that its
// schemas refused.
function callsOf({ handler, table, batchSize, bigint, onHandlerError, onFunctionError, onRefused }) {
  if (table === undefined) {
    const plain = { handler, batchSize, bigint, onHandlerError }
    return { createCalls: (...shared) => createPlainCalls(plain, ...shared) }
  }
  const callees = createCallees(table)
  const named = { callees, batchSize, onFunctionError, onRefused }
  return { callees, createCalls: (...shared) => createNamedCalls(named, ...shared) }
}

module.exports = { callsOf }
