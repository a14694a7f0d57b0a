'use strict'

// What a function that computes for a known time is asked for: rounds of functions.js's `busy`, not time, so that
// whoever takes the processor meanwhile takes it from the function. A function that watched the clock would seem to run
// on two cores where it shares one.

const { busy } = require('./functions')

const TRIED = 200_000
const TIMES = 100

// How many rounds take a microsecond here. The quickest of some counts.
function roundsByMicrosecond() {
  let least = Infinity
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now()
    busy(TRIED)
    least = Math.min(least, performance.now() - start)
  }
  return TRIED / 1000 / least
}

module.exports = { roundsByMicrosecond }
