'use strict'

// Errors about modules that cannot be served by workers, and protection against modules that serve themselves.

const { errno } = require('node:os').constants
const { fileURLToPath } = require('node:url')
const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads')
const { startRefused } = require('../errors.js')

const ENTERED = 'ringcall: the modules that this thread is a worker of'

// ringcall's own errors about modules, in any thread. Their stacks should show the call of `serverListen`, not a place
// in ringcall.
const ownErrors = new WeakSet()

function loadError(message) {
  return markOwn(Object.assign(new Error(message), { code: 'ERR_WORKER_LOAD' }))
}

function markOwn(error) {
  ownErrors.add(error)
  return error
}

function isOwn(error) {
  return ownErrors.has(error)
}

// Completes what `new Worker` threw. If no thread can be started, Node.js reports only the name of the errno.
function startError(error) {
  if (error.code !== 'ERR_WORKER_INIT_FAILED' || errno[error.message] === undefined) return error
  const refused = startRefused({ syscall: 'clone', errno: -errno[error.message] })
  return Object.assign(refused, { code: error.code, cause: error })
}

function loadTimeoutError({ url, workerOptions: { loadTimeout } }) {
  return loadError(
    `${fileURLToPath(url)} cannot be loaded: that takes longer than ${loadTimeout} ms (workerOptions.loadTimeout).`
  )
}

// Advice on the error that ended a worker.
function cureOfExit(error) {
  if (error?.code !== 'EADDRINUSE') return undefined
  return 'Each worker loads the module: what must exist only once, such as its own server, belongs in the main thread.'
}

// Marks this thread, and those that it starts, as workers of the module.
function enterModule(url) {
  setEnvironmentData(ENTERED, [...entered(), url])
}

// Without this, a module that starts a server of itself would start threads without end.
function refuseEntered(url) {
  if (!entered().includes(url)) return
  throw loadError(
    `${fileURLToPath(url)} starts a server of itself, and each of its workers would do so again. Put its functions ` +
      'into a module of their own, or start the server only where `isMainThread` of node:worker_threads is true.'
  )
}

function entered() {
  return getEnvironmentData(ENTERED) ?? []
}

module.exports = {
  markOwn, cureOfExit, enterModule, isOwn, loadError, loadTimeoutError, refuseEntered, startError
}
