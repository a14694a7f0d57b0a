'use strict'

// Runs the handler over one ring's batches of numbers, and collects what it returns.
//
// A batch crosses in typed arrays that only this thread touches. The loop over it allocates nothing for a handler that
// takes and returns numbers; a bigint, a promise or an error takes a side door.
//
// The binding sizes a batch to take about SLICE_MS. A batch that takes longer is left there: what is done is answered,
// and the calls that have not begun go back to the queue, where those that are too late by then are not run.

const { captureContexts } = require('./contexts.js')
const { clearTimeout, now, queueMicrotask, setTimeout } = require('./globals.js')
const { errorAnswer, notAnInteger } = require('./handler-errors.js')
const turn = require('./turn.js')

const SLICE_MS = 1
// Calls between two looks at the clock, which takes longer than a quick handler: a quarter of a batch, and not more.
const STRIDE_MAX = 32
// Promises are given up within this part of `handlerTimeout` after their time.
const EXPIRY_PART = 1 / 32

// Kinds of results; the binding knows them too.
const NUMBER = 0
const BIGINT = 1

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

// `batchSize` is how many numbers a batch may have; `handlerTimeout` after how many milliseconds a promise that has not
// settled is given up, or 0 for never; `onHandlerError` is told of each error that is the handler's fault;
// `onEnd` that no batch will come any more, and what ended the ring thread before its time, or null.
function createBatches({ handler, batchSize, bigint, handlerTimeout, onHandlerError, onEnd }) {
  const ids = new Float64Array(batchSize)
  const numbers = new Float64Array(batchSize)
  const resultIds = new Float64Array(batchSize)
  const resultKinds = new Uint8Array(batchSize)
  const resultValues = new Float64Array(batchSize)
  const resultBigInts = new BigInt64Array(resultValues.buffer)
  const clock = new Float64Array(1)
  const calls = bigint ? new BigInt64Array(numbers.buffer) : numbers
  const contexts = captureContexts()

  let native
  let results = 0
  let postScheduled = false
  // How many calls the batch has, how many of them have begun, with which the clock is looked at, and when it began.
  let count = 0
  let begun = 0
  let pause = 0
  let stride = 0
  let time = 0
  let isRunning = false
  // Promises were returned since the last fetch. What they go on with is to run before the next batch does, and it is
  // part of the handler's time.
  let hasPromises = false
  let continues = false
  // From the binding's clock to ours.
  let clockOffset
  let expiry

  // The binding calls this when a batch waits, and once more when none will come any more.
  function dispatch() {
    // A handler that turns the event loop itself is still at its call: what is done is answered, and no more is run.
    if (isRunning) return native.post(takeResults())
    isRunning = true
    let hasRun = continues
    let isDone = false
    continues = false
    try {
      while (fetch() > 0) {
        if (!(hasRun ? turn.goesOn(time) : turn.begins(time))) return
        hasRun = true
        contexts.run(step)
        if (!hasPromises) continue
        hasPromises = false
        if (expiry === undefined && handlerTimeout > 0) expireIn(handlerTimeout)
        continues = true
        isDone = true
        return queueMicrotask(dispatch)
      }
      isDone = true
      turn.ends(time)
      if (count < 0) end()
    } finally {
      isRunning = false
      // Also where something was thrown: nobody else would ask for a dispatch.
      if (!isDone) turn.resume(dispatch, hasRun, time)
    }
  }

  function fetch() {
    count = native.exchange(takeResults(), begun)
    begun = 0
    clockOffset ??= now() - clock[0]
    time = clock[0] + clockOffset
    stride = Math.min(STRIDE_MAX, 1 + (count >> 2))
    pause = stride
    return count
  }

  // Runs one call, in an async context of its own. Returns whether another one is to follow.
  function step() {
    const index = begun++
    const id = ids[index]
    const n = calls[index]
    let value
    try {
      value = handler(n)
    } catch (error) {
      fail(id, n, error)
      return goesOn()
    }
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      addResult(id, NUMBER)
      resultValues[results++] = value
    } else {
      answer(id, n, value)
    }
    return goesOn()
  }

  function goesOn() {
    if (begun < pause) return begun < count
    pause += stride
    return begun < count && now() - time < SLICE_MS
  }

  function end() {
    clearTimeout(expiry)
    onEnd(native.release())
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
    hasPromises = true
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

  // A promise that never settles is one of the calls that the handler has, until its time is over.
  function expireIn(milliseconds) {
    const expire = () => {
      const next = native.expire()
      if (next < 0) expiry = undefined
      else expireIn(next)
    }
    expiry = setTimeout(expire, Math.max(milliseconds, handlerTimeout * EXPIRY_PART))
    expiry.unref()
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
    arrays: { ids, numbers, resultIds, resultKinds, resultValues, clock },
    dispatch,
    start(startedNative) {
      native = startedNative
    }
  }
}

module.exports = { createBatches }
