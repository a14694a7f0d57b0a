'use strict'

// Two functions by name that differ only in the rounds they are asked for.

const { busy } = require('../../functions')

exports.quick = (rounds) => busy(rounds)
exports.slow = (rounds) => busy(rounds)
