'use strict'

// Reports rare events: each failure of a handler, each end of a worker, and, once a second, how many requests met which
// limit and how many connections broke. They go to subscribers of node:diagnostics_channel, and to stderr with
// NODE_DEBUG=ringcall.
//
// The ring threads count what clients can cause, and only the counts are read here, at a steady pace. So a flood of bad
// requests costs the JavaScript thread no more than a few of them.

const { channel } = require('node:diagnostics_channel')
const { debuglog } = require('node:util')
const { printable } = require('./errors.js')
const { clearInterval, setInterval } = require('./globals.js')

const REPORT_MS = 1000

// The counts of `stats()` that say how often a limit was met. `keepAliveTimeouts` are left out: they are how
// connections usually end.
const REFUSALS = [
  'overloaded', 'headersTooLarge', 'bodiesTooLarge', 'headersTimeouts', 'requestTimeouts', 'handlerTimeouts',
  'sendTimeouts', 'acceptPauses'
]

const log = debuglog('ringcall')
const handlerErrors = channel('ringcall:handler-error')
const refusals = channel('ringcall:refusal')
const connectionErrors = channel('ringcall:connection-error')
const workerExits = channel('ringcall:worker-exit')

// The servers that run, with the counts that were reported for each.
const reported = new Map()
let timer

function opened(server) {
  reported.set(server, {})
  timer ??= setInterval(reportAllCounts, REPORT_MS).unref()
  if (log.enabled) debug('%s: listening', server.url)
}

// Whether a server runs in this thread.
function isAnyOpen() {
  return reported.size > 0
}

function closing(server) {
  if (log.enabled) debug('%s: closing', server.url)
}

function closed(server) {
  reportCounts(server)
  reported.delete(server)
  if (reported.size === 0) {
    clearInterval(timer)
    timer = undefined
  }
  if (log.enabled) debug('%s: closed', server.url)
}

function failed(server, failure) {
  if (log.enabled) debug('%s: failed: %s', server.url, failure)
}

// `call` is { n } for a plain function, and { function, arguments } for a function in a table.
function handlerFailed(server, error, call) {
  if (handlerErrors.hasSubscribers) handlerErrors.publish({ server, error, ...call })
  if (!log.enabled) return
  if ('n' in call) debug('%s: the handler failed for %s: %s', server.url, call.n, printable(error))
  else debug('%s: the function %s failed: %s', server.url, call.function, printable(error))
}

// Returns whether anyone was subscribed.
function workerExited(server, exit) {
  const isHeard = workerExits.hasSubscribers
  if (isHeard) workerExits.publish({ server, ...exit })
  if (log.enabled) {
    const { threadId, error, exitCode, restartIn } = exit
    const next = restartIn === null ? 'it is not replaced' : `the next one starts in ${restartIn} ms`
    debug('%s: worker %s has ended (%s), %s', server.url, threadId, error === null ? exitCode : printable(error), next)
  }
  return isHeard
}

function reloaded(server) {
  if (log.enabled) debug('%s: reloaded', server.url)
}

// An error while writing to stderr must not affect anything else.
function debug(...args) {
  try {
    log(...args)
  } catch {
    // It is closed, or replaced.
  }
}

function reportAllCounts() {
  for (const server of reported.keys()) reportCounts(server)
}

// Counts from a time without subscribers are reported once there is one.
function reportCounts(server) {
  if (!refusals.hasSubscribers && !connectionErrors.hasSubscribers && !log.enabled) return
  const stats = server.stats()
  for (const kind of REFUSALS) reportCount(refusals, server, kind, stats)
  reportCount(connectionErrors, server, 'connectionErrors', stats)
}

function reportCount(to, server, kind, stats) {
  if (!to.hasSubscribers && !log.enabled) return
  const before = reported.get(server)
  const count = (stats[kind] ?? 0) - (before[kind] ?? 0)
  if (count === 0) return
  before[kind] = stats[kind]
  if (to.hasSubscribers) to.publish({ server, kind, count })
  if (log.enabled) debug('%s: %s: %d more', server.url, kind, count)
}

module.exports = { closed, closing, failed, handlerFailed, isAnyOpen, opened, reloaded, workerExited }
