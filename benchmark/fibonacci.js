'use strict'

// The function that every server under measurement calls, with the same integer, for the same answer.

const EXACT_MAX = 78 // fibonacci(79) is past Number.MAX_SAFE_INTEGER

module.exports = function fibonacci(n) {
  let [a, b, next] = n > EXACT_MAX ? [0n, 1n, 0n] : [0, 1, 0]
  for (; n > 0; n--) {
    next = a + b
    a = b
    b = next
  }
  return a
}
