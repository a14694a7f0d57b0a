'use strict'

const startRingcall = require('../start-ringcall')
const typed = require('./typed')

startRingcall({}, typed)
