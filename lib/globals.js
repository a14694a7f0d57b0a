'use strict'

// The clock, the timers and the task queues of this thread, taken when the package is loaded.
//
// Fake timers (jest, vitest, sinon) replace global functions, so that a test controls the time. The network's time goes
// on meanwhile: a server that used a replaced function would wait forever. So the rest of lib/ takes these functions
// from here and never from the global scope. They come from Node's modules, which most fakes leave alone, so a fake
// that was installed before this file is loaded is not used either.

const perfHooks = require('node:perf_hooks')
const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = require('node:timers')

const nextTick = process.nextTick.bind(process)
const now = perfHooks.performance.now.bind(perfHooks.performance)

// An async function returns a native promise, whatever the global `Promise` is. No module exports `queueMicrotask`, and
// this costs no more.
const resolved = (async () => {})()

// If a task throws, that is an unhandled rejection.
function queueMicrotask(task) {
  resolved.then(task)
}

module.exports = {
  clearInterval,
  clearTimeout,
  nextTick,
  now,
  performance: { now },
  queueMicrotask,
  setImmediate,
  setInterval,
  setTimeout
}
