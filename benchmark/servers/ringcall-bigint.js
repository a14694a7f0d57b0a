'use strict'

const fibonacci = require('../fibonacci')
const startRingcall = require('./start-ringcall')

// The same additions as everywhere, so that only the cost of passing a bigint differs.
startRingcall({ bigint: true }, (n) => BigInt(fibonacci(Number(n))))
