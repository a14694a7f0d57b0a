'use strict'

// Calls of one function of one integer: `serverListen(8000, (n) => n * n)`.
//
// Nothing is allocated for a handler that takes and returns numbers; a bigint, a promise or an error takes a side door.

const { errorAnswer, notAnInteger } = require('../answers/handler-errors.js')

// `onHandlerError` is told of each error that is the handler's fault.
function createPlainCalls({ handler, batchSize, bigint, onHandlerError }, results, onPromise) {
  const ids = new Float64Array(batchSize)
  const slots = new Float64Array(batchSize)
  const numbers = bigint ? new BigInt64Array(slots.buffer) : slots

  function run(index) {
    const id = ids[index]
    const n = numbers[index]
    let value
    try {
      value = handler(n)
    } catch (error) {
      return fail(id, n, error)
    }
    if (typeof value === 'number' && Number.isSafeInteger(value)) results.addNumber(id, value)
    else answer(id, n, value)
  }

  // Whatever a handler may return.
  function answer(id, n, value) {
    if (typeof value === 'bigint') {
      results.addBigint(id, value)
    } else if (typeof value === 'number' && Number.isSafeInteger(value)) {
      results.addNumber(id, value)
    } else if (value !== null && (typeof value === 'object' || typeof value === 'function')) {
      settle(id, n, value)
    } else {
      fail(id, n, notAnInteger(value))
    }
  }

  // Awaits what may be a promise: no thenable can answer twice, and its getters and methods throw in here.
  async function settle(id, n, promise) {
    onPromise()
    try {
      const value = await promise
      if (value === promise) throw notAnInteger(value)
      answer(id, n, value)
    } catch (error) {
      fail(id, n, error)
    }
    results.postSoon()
  }

  function fail(id, n, error) {
    const { status, message, isFault } = errorAnswer(error)
    results.addError(id, status, message)
    if (isFault) onHandlerError(error, n)
  }

  const none = new Uint8Array(0)
  return { arrays: { ids, functions: new Uint16Array(0), counts: none, slots }, begin() {}, run, end() {} }
}

module.exports = { createPlainCalls }
