'use strict'

// A function that computes for a known time is asked for rounds of functions.js's `busy`, not for time, so that it
// takes longer when others use its processor. A function that watched the clock would seem to have two cores where it
// shares one.

const { busy } = require('./functions')

const TRIED = 50_000
const TIMES = 3_000

// How many rounds take a microsecond here: the median of many counts, each shorter than the scheduler's turns, so that
// most of them are not interrupted even on a busy machine.
function roundsByMicrosecond() {
  const milliseconds = new Float64Array(TIMES)
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now()
    busy(TRIED)
    milliseconds[i] = performance.now() - start
  }
  return TRIED / 1000 / milliseconds.sort()[TIMES / 2]
}

module.exports = { roundsByMicrosecond }
