'use strict'

// Runs the handler over one ring's batches of numbers, and collects what it returns.
//
// A batch crosses in typed arrays that only this thread touches. The loop over it allocates nothing for a handler that
// takes and returns numbers; a bigint, a promise or an error takes a side door.

const { errorAnswer, notAnInteger } = require('./handler-errors.js')

// How often one `dispatch` fetches a batch before it lets Node's event loop turn.
const FETCHES_MAX = 16

// Kinds of results; the binding knows them too.
const NUMBER = 0
const BIGINT = 1

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

// `batchSize` is how many numbers a batch may have; `onHandlerError` is told of each error that is the handler's fault;
// `onEnd` that no batch will come any more, and what ended the ring thread before its time, or null.
function createBatches({ handler, batchSize, bigint, onHandlerError, onEnd }) {
  const ids = new Float64Array(batchSize)
  const numbers = new Float64Array(batchSize)
  const resultIds = new Float64Array(batchSize)
  const resultKinds = new Uint8Array(batchSize)
  const resultValues = new Float64Array(batchSize)
  const resultBigInts = new BigInt64Array(resultValues.buffer)
  const calls = bigint ? new BigInt64Array(numbers.buffer) : numbers

  let native
  let results = 0
  let postScheduled = false

  // The binding calls this when a batch waits. It must not throw.
  function dispatch() {
    for (let fetches = 0; fetches < FETCHES_MAX; fetches++) {
      const count = native.exchange(takeResults())
      if (count === 0) return
      if (count < 0) return onEnd(native.release())
      run(count)
    }
    native.post(takeResults())
    native.reschedule()
  }

  function run(count) {
    for (let index = 0; index < count; index++) {
      const id = ids[index]
      const n = calls[index]
      let value
      try {
        value = handler(n)
      } catch (error) {
        fail(id, n, error)
        continue
      }
      if (typeof value === 'number' && Number.isSafeInteger(value)) {
        addResult(id, NUMBER)
        resultValues[results++] = value
      } else {
        answer(id, n, value)
      }
    }
  }

  function addResult(id, kind) {
    if (results === batchSize) native.post(takeResults())
    resultIds[results] = id
    resultKinds[results] = kind
  }

  function takeResults() {
    const count = results
    results = 0
    return count
  }

  // Whatever a handler may return.
  function answer(id, n, value) {
    if (typeof value === 'bigint') {
      if (value >= INT64_MIN && value <= INT64_MAX) {
        addResult(id, BIGINT)
        resultBigInts[results++] = value
      } else {
        native.replyDigits(id, value.toString())
      }
    } else if (typeof value === 'number' && Number.isSafeInteger(value)) {
      addResult(id, NUMBER)
      resultValues[results++] = value
    } else if (value !== null && (typeof value === 'object' || typeof value === 'function')) {
      settle(id, n, value)
    } else {
      fail(id, n, notAnInteger(value))
    }
  }

  // Awaits what may be a promise: no thenable can answer twice, and its getters and methods throw in here.
  async function settle(id, n, promise) {
    try {
      const value = await promise
      if (value === promise) throw notAnInteger(value)
      answer(id, n, value)
    } catch (error) {
      fail(id, n, error)
    }
    schedulePost()
  }

  function fail(id, n, error) {
    const { status, message, isFault } = errorAnswer(error)
    native.replyError(id, status, message)
    if (isFault) onHandlerError(error, n)
  }

  // What settles in the same run of microtasks goes in one post.
  function schedulePost() {
    if (postScheduled) return
    postScheduled = true
    queueMicrotask(() => {
      postScheduled = false
      native.post(takeResults())
    })
  }

  return {
    arrays: { ids, numbers, resultIds, resultKinds, resultValues },
    dispatch,
    start(startedNative) {
      native = startedNative
    }
  }
}

module.exports = { createBatches }
