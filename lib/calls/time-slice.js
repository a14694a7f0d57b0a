'use strict'

// Shares this thread between handlers and everything else. After handlers have run for SLICE_MS, whichever servers and
// rings they belong to, Node's event loop turns, including timers and signals, before they continue.
//
// A dispatch asks before each batch whether it may run it: `mayBegin` before the first one, `mayContinue` before the
// others. If it may not, it calls `resumeInNextTurn` with itself and returns.

const { setImmediate } = require('../globals.js')

const SLICE_MS = 10
// Node may call a ThreadsafeFunction up to 1,000 times in one turn of the loop. A dispatch that follows the last one
// sooner than this may be in the same turn.
const PAUSE_MS = 0.1

// When the handlers of this turn began, and when the last dispatch ended or was interrupted.
let began = 0
let ended = 0
// Dispatches that wait for the next turn. Those that have not run in this turn go first.
let unserved = []
let served = []
let isScheduled = false
let isResuming = false
let isFresh = true

// `time` is the current time, here and below. A caller that knows whether the event loop has turned since the last
// dispatch passes `hasTurned`.
function mayBegin(time, hasTurned = time - ended > PAUSE_MS) {
  // Waiting dispatches are not overtaken.
  if (isScheduled && !isResuming) return false
  if (isFresh || (!isResuming && hasTurned)) began = time
  isFresh = false
  return mayContinue(time)
}

function mayContinue(time) {
  return time - began < SLICE_MS
}

function noteEnd(time) {
  ended = time
}

function resumeInNextTurn(dispatch, hasRun, time) {
  ended = time
  if (hasRun) served.push(dispatch)
  else unserved.push(dispatch)
  if (isScheduled) return
  isScheduled = true
  setImmediate(resumeAll)
}

function resumeAll() {
  const due = [...unserved, ...served]
  unserved = []
  served = []
  isScheduled = false
  isFresh = true
  isResuming = true
  try {
    while (due.length > 0) due.shift()()
  } finally {
    isResuming = false
    // A dispatch has thrown, which is a bug in this package. The others must not wait forever.
    for (const dispatch of due) resumeInNextTurn(dispatch, false, ended)
  }
}

module.exports = { mayBegin, mayContinue, noteEnd, resumeInNextTurn }
