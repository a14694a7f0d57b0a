'use strict'

// What runs the calls of one thread, the one that has started a server or a worker of it: `createBatches`'
// `createCalls`.

const { createCallees, createNamedCalls } = require('./named.js')
const { createPlainCalls } = require('./plain.js')

// `handler` is one plain function, or `table` has functions by name, whose `callees` are returned, too. Told of are
// `onHandlerError`, each error that is the plain function's fault, with its integer; `onFunctionError`, each that is a
// callee's, with that and its arguments; `onRefused`, the callee of each call that its schemas have refused.
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
