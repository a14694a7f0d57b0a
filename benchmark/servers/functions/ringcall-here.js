'use strict'

const startRingcall = require('../start-ringcall')
const typed = require('./typed')

startRingcall({ ringThreads: 0 }, typed)
