'use strict'

// node busy.js MICROSECONDS MAX_IN_FLIGHT: a ringcall whose handler computes for that long, for overload.js.

const { serverListen } = require('../..')
const { roundsByMicrosecond } = require('../computation')
const { busy } = require('../functions')
const announce = require('./announce')

const [microseconds, maxInFlight] = process.argv.slice(2).map(Number)
const rounds = Math.round(microseconds * roundsByMicrosecond())

function handler(n) {
  busy(rounds)
  return n
}

announce(serverListen({ engine: 'io_uring', port: 0, host: '127.0.0.1', maxInFlight }, handler).port)
