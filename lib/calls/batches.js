'use strict'

// Runs this thread's batches of calls, and posts what comes of them.
//
// A batch crosses in typed arrays that only this thread touches. `calls` knows what is in them: `calls/plain.js` runs one
// function of one integer, `calls/named.js` functions by name.
//
// The binding sizes a batch to take about BATCH_MS. A batch that takes longer is left there: what is done is answered,
// and the calls that have not begun go back to the queue, where those that are too late by then are not run.
//
// A worker has `claims`: one word in which it counts what it has begun and which results are complete. While one call
// holds it, the binding's watchdog posts those results and takes back the rest; what the worker then claims is not its own.
// The first call is claimed before the batch's arguments are read, which may take long: it could otherwise go from
// worker to worker for ever.

const { captureContexts } = require('./async-contexts.js')
const { clearTimeout, now, queueMicrotask, setTimeout } = require('../globals.js')
const { Results } = require('./results.js')
const timeSlice = require('./time-slice.js')

// Taken before a worker's module is loaded, which may replace them.
const { add } = Atomics
const { SharedArrayBuffer } = globalThis

const BATCH_MS = 1
// Calls between two looks at the clock, which takes longer than a quick handler: a quarter of a batch, and not more.
const STRIDE_MAX = 32
// Promises are given up within this part of `handlerTimeout` after their time.
const EXPIRY_PART = 1 / 32

// In `claims`, as the binding's `seats::memory` has it.
const CALL = 1
const RESULT = 1 << 11
const TAKEN_BACK = 1 << 22

// `createCalls(results, onPromise)` makes what runs calls: `arrays` of a batch, `begin(native)`, called when a batch has
// been fetched, `run(index)`, which must not throw, and `end()`, called when there is none. It calls `onPromise` where what
// a call has returned is a promise.
// `batchSize` is how many calls a batch may have; `handlerTimeout` after how many milliseconds a promise that has not
// settled is given up, or 0 for never; `onEnd` is told that no batch will come any more. A worker has a `recorder` of its
// calls, and its batches may be taken back.
function createBatches({ createCalls, batchSize, handlerTimeout, onEnd, recorder }) {
  const claims = recorder && new Uint32Array(new SharedArrayBuffer(Uint32Array.BYTES_PER_ELEMENT))
  const results = new Results(batchSize, { isSeen: recorder !== undefined })
  const calls = createCalls(results, onPromise)
  const { state } = results.arrays
  const contexts = captureContexts()

  let native
  let nextBatch
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
    if (isRunning) return results.post()
    isRunning = true
    let hasRun = continues
    let isDone = false
    continues = false
    try {
      while (fetch() > 0) {
        if (!(hasRun ? timeSlice.mayContinue(time) : timeSlice.mayBegin(time))) return
        hasRun = true
        if (claims !== undefined && !claim()) continue
        calls.begin(native)
        recorder?.began(count)
        contexts.run(claims === undefined ? step : claimedStep)
        if (begun < count) recorder?.began(begun - count)
        if (!hasPromises) continue
        hasPromises = false
        // What promises go on with may hold this thread.
        if (claims !== undefined) add(claims, 0, RESULT * results.complete())
        if (expiry === undefined && handlerTimeout > 0) expireIn(handlerTimeout)
        continues = true
        isDone = true
        return queueMicrotask(dispatch)
      }
      isDone = true
      calls.end()
      recorder?.inHand(native.inHand())
      timeSlice.noteEnd(time)
      if (count < 0) end()
    } finally {
      isRunning = false
      // Also where something was thrown: nobody else would ask for a dispatch.
      if (!isDone) timeSlice.resumeInNextTurn(dispatch, hasRun, time)
    }
  }

  function fetch() {
    count = nextBatch(results.take(), begun)
    begun = 0
    clockOffset ??= now() - state[0]
    time = state[0] + clockOffset
    stride = Math.min(STRIDE_MAX, 1 + (count >> 2))
    pause = stride
    return count
  }

  // Runs one call, in an async context of its own. Returns whether another one is to follow.
  function step() {
    calls.run(begun++)
    if (begun < pause) return begun < count
    pause += stride
    return begun < count && now() - time < BATCH_MS
  }

  // The same with a call that it has claimed, and claims the next one.
  function claimedStep() {
    return step() && claim()
  }

  // Returns whether the next call is still its own.
  function claim() {
    const before = add(claims, 0, CALL + RESULT * results.complete())
    return (before & TAKEN_BACK) === 0
  }

  function onPromise() {
    hasPromises = true
  }

  function end() {
    clearTimeout(expiry)
    onEnd()
  }

  // A promise that never settles is one of the calls that the handler has, until its time is over.
  function expireIn(milliseconds) {
    const expire = () => {
      const next = native.expire()
      recorder?.inHand(native.inHand())
      if (next < 0) expiry = undefined
      else expireIn(next)
    }
    expiry = setTimeout(expire, Math.max(milliseconds, handlerTimeout * EXPIRY_PART))
    expiry.unref()
  }

  return {
    arrays: { ...calls.arrays, ...results.arrays, claims },
    dispatch,
    start(startedNative) {
      native = startedNative
      nextBatch = native.nextBatch()
      results.start(native)
    }
  }
}

module.exports = { createBatches }
