'use strict'

// The handler of the examples. Exact for every N that it accepts.

// About 10 ms of work and 20,899 digits. Ten times the N would take twenty times as long.
const N_MAX = 100_000

// The 78th Fibonacci number is the last one that a `number` holds exactly.
const N_MAX_IN_NUMBER = 78

/**
 * The n-th Fibonacci number; 0 for n <= 0.
 * @param {number} n
 */
function fibonacci(n) {
  if (n > N_MAX) throw Object.assign(new RangeError(`N is at most ${N_MAX}.`), { statusCode: 400 })
  return n <= N_MAX_IN_NUMBER ? fibonacciInNumber(n) : fibonacciInBigInt(n)
}

/** @param {number} n */
function fibonacciInNumber(n) {
  let a = 0
  let b = 1
  for (let i = 0; i < n; i++) [a, b] = [b, a + b]
  return a
}

/**
 * Doubles its way through the bits of n: from F(k) and F(k + 1) to F(2k) and F(2k + 1), and one further for a 1.
 * @param {number} n
 */
function fibonacciInBigInt(n) {
  let a = 0n
  let b = 1n
  for (const bit of n.toString(2)) {
    const doubled = [a * (2n * b - a), a * a + b * b]
    ;[a, b] = bit === '1' ? [doubled[1], doubled[0] + doubled[1]] : doubled
  }
  return a
}

module.exports = fibonacci
