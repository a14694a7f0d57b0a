'use strict'

// Calls of one function of one integer: `serverListen(8000, (n) => n * n)`.
//
// A handler that takes and returns numbers allocates nothing; bigints, promises and errors take a slower path.

const { errorAnswer, notAnInteger } = require('../answers/handler-errors.js')
const { isThenable, settle } = require('./promises.js')

// `onHandlerError` gets each error that is the handler's fault.
function createPlainCalls({ handler, batchSize, bigint, onHandlerError }, results, onPromise) {
  const ids = new Float64Array(batchSize)
  const cells = new Float64Array(batchSize)
  const numbers = bigint ? new BigInt64Array(cells.buffer) : cells

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
    else if (isThenable(value)) answerLater(id, n, value)
    else answer(id, n, value)
  }

  function answerLater(id, n, promise) {
    onPromise()
    settle(promise, outcomes, id, n)
  }

  // The value is no promise.
  function answer(id, n, value) {
    if (typeof value === 'bigint') {
      results.addBigint(id, value)
    } else if (typeof value === 'number' && Number.isSafeInteger(value)) {
      results.addNumber(id, value)
    } else {
      fail(id, n, notAnInteger(value))
    }
  }

  const outcomes = {
    conclude: (value, id, n) => answer(id, n, value),
    fail: (error, id, n) => fail(id, n, error),
    settled: () => results.postSoon()
  }

  function fail(id, n, error) {
    const { status, message, isFault } = errorAnswer(error)
    results.addError(id, status, message)
    if (isFault) onHandlerError(error, n)
  }

  const none = new Uint8Array(0)
  return { arrays: { ids, functions: new Uint16Array(0), counts: none, cells }, begin() {}, run, end() {} }
}

module.exports = { createPlainCalls }
