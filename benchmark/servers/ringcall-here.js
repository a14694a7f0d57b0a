'use strict'

const fibonacci = require('../fibonacci')
const startRingcall = require('./start-ringcall')

startRingcall({ ringThreads: 0 }, fibonacci)
