'use strict'

// Shares this thread between handlers and everything else: when they have run for SLICE_MS, whichever servers' and
// rings' they are, Node's event loop turns, timers and signals included, before they go on.
//
// A dispatch asks before each batch whether it may run it, `begins` first and `mayContinue` then; where it may not, it
// leaves itself with `resume`, and is called again in the next turn.

const { setImmediate } = require('../globals.js')

const SLICE_MS = 10
// Node calls a ThreadsafeFunction again in the same turn of the loop where it was called meanwhile, up to 1,000 times.
// What follows a dispatch sooner than this may be such a call.
const PAUSE_MS = 0.1

// When the handlers of this turn began, and when the last dispatch ended, for now or because its time was over.
let began = 0
let ended = 0
// Dispatches that wait for the next turn: those that have not run in this one go first.
let unserved = []
let served = []
let isScheduled = false
let isResuming = false
let isFresh = true

// `time` is now, as in all that follows. Who knows better says whether the event loop has turned since the last dispatch.
function mayBegin(time, hasTurned = time - ended > PAUSE_MS) {
  // Nobody overtakes those that wait.
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
    // One has thrown, which is a mistake of ours; the others are not to wait for ever.
    for (const dispatch of due) resumeInNextTurn(dispatch, false, ended)
  }
}

module.exports = { mayBegin, mayContinue, noteEnd, resumeInNextTurn }
