'use strict'

// Runs this thread's batches of calls and posts their results.
//
// A batch crosses in typed arrays that only this thread touches. `calls` knows their contents: `calls/plain.js` runs
// one function of one integer, `calls/named.js` runs functions by name.
//
// The binding sizes a batch to take about BATCH_MS. If a batch takes longer, this stops: it posts the results so far
// and returns the remaining calls to the queue. Calls whose time has run out by then are not run.
//
// A worker has `claims`: one word in which it counts the calls it has begun and the results that are complete. While
// one call holds the worker, the binding's watchdog posts those results and takes back the remaining calls; if the worker
// then claims one of them, the claim fails. The first call is claimed before the batch's arguments are parsed, which
// may take long: otherwise that call could move from worker to worker forever.

const { captureContexts } = require('./async-contexts.js')
const { clearTimeout, now, queueMicrotask, setTimeout } = require('../globals.js')
const { Results } = require('./results.js')
const timeSlice = require('./time-slice.js')

// Taken before a worker's module is loaded, because the module may replace them.
const { add } = Atomics
const { SharedArrayBuffer } = globalThis

const BATCH_MS = 1
// Calls between two reads of the clock: at most a quarter of a batch. A read takes longer than a quick handler.
const STRIDE_MAX = 32
// A promise is abandoned at most this part of `handlerTimeout` after its time has run out.
const EXPIRY_PART = 1 / 32

// The units of `claims`, as in the binding's `seats::memory`.
const CALL = 1
const RESULT = 1 << 11
const TAKEN_BACK = 1 << 22

// `createCalls(results, onPromise)` returns what runs calls: a batch's `arrays`; `begin(native)`, called after a batch
// was fetched; `run(index)`, which must not throw; and `end()`, called when there is no batch. It calls `onPromise`
// when a call has returned a promise. `batchSize` is the most calls a batch may have. `handlerTimeout` is the
// milliseconds after which an unsettled promise is abandoned; 0 disables it. `onEnd` is called when no batch will
// follow. A worker passes the `recorder` of its calls, and its batches may be taken back.
function createBatches({ createCalls, batchSize, handlerTimeout, onEnd, recorder }) {
  const claims = recorder && new Uint32Array(new SharedArrayBuffer(Uint32Array.BYTES_PER_ELEMENT))
  const results = new Results(batchSize)
  const calls = createCalls(results, onPromise)
  const { state } = results.arrays
  const contexts = captureContexts()

  let native
  let nextBatch
  // The number of calls in the batch, how many of them have begun, at which one the clock is read next, the calls
  // between two reads, and when the batch began.
  let count = 0
  let begun = 0
  let nextClockRead = 0
  let stride = 0
  let batchBegan = 0
  let isRunning = false
  // True: promises were returned since the last fetch. Their reactions run before the next batch and count as the
  // handler's time.
  let hasPromises = false
  let continues = false
  // The difference between the binding's clock and this thread's.
  let clockOffset
  let expiry

  // The binding calls this when a batch is ready, and once more when none will follow.
  function dispatch() {
    // A handler runs the event loop and has not returned. This posts the results so far and runs nothing.
    if (isRunning) return results.post()
    isRunning = true
    let hasRun = continues
    let isDone = false
    continues = false
    try {
      while (fetch() > 0) {
        if (!(hasRun ? timeSlice.mayContinue(batchBegan) : timeSlice.mayBegin(batchBegan))) return
        hasRun = true
        if (claims !== undefined && !claim()) continue
        calls.begin(native)
        recorder?.began(count)
        contexts.run(claims === undefined ? step : claimedStep)
        if (begun < count) recorder?.began(begun - count)
        if (!hasPromises) continue
        hasPromises = false
        // The reactions of promises may hold this thread, so the watchdog must see the results first.
        if (claims !== undefined) add(claims, 0, RESULT * results.complete())
        if (expiry === undefined && handlerTimeout > 0) expireIn(handlerTimeout)
        continues = true
        isDone = true
        return queueMicrotask(dispatch)
      }
      isDone = true
      calls.end()
      recorder?.inHand(native.inHand())
      timeSlice.noteEnd(batchBegan)
      if (count < 0) end()
    } finally {
      isRunning = false
      // Also if something was thrown: nothing else would schedule a dispatch.
      if (!isDone) timeSlice.resumeInNextTurn(dispatch, hasRun, batchBegan)
    }
  }

  function fetch() {
    count = nextBatch(results.take(), begun)
    begun = 0
    clockOffset ??= now() - state[0]
    batchBegan = state[0] + clockOffset
    stride = Math.min(STRIDE_MAX, 1 + (count >> 2))
    nextClockRead = stride
    return count
  }

  // Runs one call in its own async context. Returns whether another one follows.
  function step() {
    calls.run(begun++)
    if (begun < nextClockRead) return begun < count
    nextClockRead += stride
    return begun < count && now() - batchBegan < BATCH_MS
  }

  // Runs a call that was claimed, and claims the next one.
  function claimedStep() {
    return step() && claim()
  }

  // Returns whether the next call still belongs to this batch.
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

  // A promise that never settles counts as a pending call until its time runs out.
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
