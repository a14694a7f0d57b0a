'use strict'

// The promises that calls return. Both engines, and both kinds of calls, detect and await them here.

// Taken at load time: a worker's module, or a test, may replace it.
const { Promise } = globalThis

// Whether the value has to be awaited. A proxy may throw while it is inspected; then `await` reads it again and reports
// the error.
function isThenable(value) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  try {
    return value instanceof Promise || typeof value.then === 'function'
  } catch {
    return true
  }
}

// Awaits what a call returned, then calls `conclude(value, ...call)` or `fail(error, ...call)`, and finally
// `settled()`. `fail` also gets what `conclude` throws. `await` makes sure that a thenable settles once, and catches
// what its getter throws.
async function settle(promise, { conclude, fail, settled }, id, callee, args) {
  try {
    conclude(await promise, id, callee, args)
  } catch (error) {
    fail(error, id, callee, args)
  }
  settled()
}

module.exports = { isThenable, settle }
