'use strict'

const fibonacci = require('../fibonacci')
const startRingcall = require('./start-ringcall')

// The same additions as everywhere, so that what differs is what a bigint costs on its way.
startRingcall({ bigint: true }, (n) => BigInt(fibonacci(Number(n))))
