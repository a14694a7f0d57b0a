'use strict'

// Two functions by name that differ in what is asked of them.

const { busy } = require('../../functions')

exports.quick = (rounds) => busy(rounds)
exports.slow = (rounds) => busy(rounds)
