'use strict'

// What a function that computes for a known time is asked for: rounds of functions.js's `busy`, not time, so that
// whoever takes the processor meanwhile takes it from the function. A function that watched the clock would seem to run
// on two cores where it shares one.

const { busy } = require('./functions')

const TRIED = 50_000
const TIMES = 3_000

// How many rounds take a microsecond here. The middle of many counts that are shorter than the scheduler's turns, most
// of which nobody interrupts on a busy machine either.
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
