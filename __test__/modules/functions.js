'use strict'

// Functions for worker threads, one of which fails.

exports.sum = (a, b) => a + b
exports.fail = () => {
  throw new Error('no')
}
