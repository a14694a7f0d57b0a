'use strict'

// node busy.js MICROSECONDS MAX_IN_FLIGHT: a ringcall whose handler computes for so long, for overload.js.

const { serverListen } = require('../..')
const announce = require('./announce')

const [microseconds, maxInFlight] = process.argv.slice(2).map(Number)

function compute(rounds) {
  let x = 1
  for (let i = 0; i < rounds; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0
  return x
}

// Rounds, not time, so that whoever takes the processor meanwhile takes it from the handler. The quickest of some counts.
function calibrate() {
  const tried = 200_000
  let least = Infinity
  for (let i = 0; i < 100; i++) {
    const start = performance.now()
    compute(tried)
    least = Math.min(least, performance.now() - start)
  }
  return Math.round((tried * microseconds) / 1000 / least)
}

const rounds = calibrate()

function handler(n) {
  compute(rounds)
  return n
}

announce(serverListen({ engine: 'io_uring', port: 0, host: '127.0.0.1', maxInFlight }, handler).port)
