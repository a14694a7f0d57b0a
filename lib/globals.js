'use strict'

// The clock, the timers and the queues of this thread, taken when the package is loaded.
//
// Fake timers (jest, vitest, sinon) replace the functions of the global scope, so that a test turns time by hand. The
// network's time goes on meanwhile: a server that asked a replaced function would wait for ever. So the rest of lib/
// takes these from here, and nothing of the kind from the global scope. They come from Node's modules, which most fakes
// leave alone: a fake that is there before this file is loaded is not taken either.

const perfHooks = require('node:perf_hooks')
const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = require('node:timers')

const nextTick = process.nextTick.bind(process)
const now = perfHooks.performance.now.bind(perfHooks.performance)

// Of an async function: a promise of the engine's own, whatever the global `Promise` is. No module has the global
// `queueMicrotask`, and this costs no more.
const resolved = (async () => {})()

// A task that throws is an unhandled rejection.
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
