'use strict'

// Fibonacci over HTTP: `npm start`, then `curl -X POST http://localhost:8000/15` answers 610.

const { serverListen } = require('ringcall')

// About 10 ms of work and 20,899 digits. Ten times the N would take twenty times as long.
const N_MAX = 100_000

// The 78th Fibonacci number is the last one that a `number` holds exactly.
const N_MAX_IN_NUMBER = 78

function main() {
  const { PORT = '8000', HOST } = process.env
  if (!/^\d{1,5}$/.test(PORT) || Number(PORT) > 65535) {
    return fail(`PORT must be a number from 0 to 65535, not ${JSON.stringify(PORT)}.`)
  }

  let server
  try {
    server = serverListen({ port: Number(PORT), host: HOST || undefined }, fibonacci)
  } catch (error) {
    const taken = `Port ${PORT} is in use. To use another one: PORT=8001 npm start`
    return fail(error.code === 'EADDRINUSE' ? taken : error.message)
  }

  // Once each, so that a second Ctrl-C ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())

  console.log(`listening on ${server.url} (POST /15 answers 610)`)
}

/**
 * The n-th Fibonacci number, exactly; 0 for n <= 0.
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
 * Fast doubling over the bits of n: from F(k) and F(k + 1) to F(2k) and F(2k + 1), and one further for a 1.
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

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exitCode = 1
}

main()
