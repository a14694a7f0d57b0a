'use strict'

// The function that workers.js, cluster.js and production.js serve. Each worker, or process, loads this file, and SIGHUP
// reloads it: change it and see.

module.exports = fibonacci

/**
 * The n-th Fibonacci number, exactly; 0 for n <= 0.
 * @param {number} n
 */
function fibonacci(n) {
  if (n > 10_000) throw Object.assign(new RangeError('N is at most 10000.'), { statusCode: 400 })
  let [a, b] = [0n, 1n]
  for (let i = 0; i < n; i++) [a, b] = [b, a + b]
  return a
}
