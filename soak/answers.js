'use strict'

// The soak's handler for each N, and the answer that an honest client must therefore get. No two N have the same 200,
// so an answer in another one's place is found to be wrong.

const { setTimeout: delay } = require('node:timers/promises')

// `POST /FLOOD` holds a place in `maxInFlight` for FLOOD_MS.
const FLOOD = -1
const FLOOD_MS = 100

// Never answered by the handler, only by `handlerTimeout`.
const NEVER = -2

const N_MAX = 2 ** 31

// Chosen by N modulo their number. One with a `wait` is answered by a promise, after that many milliseconds.
const KINDS = [
  ...Array(8).fill({ compute: (n) => n }),
  { compute: (n) => BigInt(n) },
  { compute: (n) => 7n ** 150n + BigInt(n) },
  { compute: (n) => -n, wait: () => 0 },
  { compute: (n) => n + 1, wait: (n) => n % 32 },
  { compute: (n) => 7n ** 500n + BigInt(n), wait: (n) => n % 8 },
  { compute: (n) => { throw new Error(`${n} fails`) } },
  { compute: (n) => { throw Object.assign(new Error(`${n} is refused`), { statusCode: 422 }) }, wait: (n) => n % 8 },
  { compute: (n) => n + 0.5 }
]

function handler(n) {
  if (n === NEVER) return new Promise(() => {})
  if (n === FLOOD) return delay(FLOOD_MS, n)
  const { compute, wait } = KINDS[n % KINDS.length]
  return wait === undefined ? compute(n) : delay(wait(n)).then(() => compute(n))
}

function expected(n) {
  try {
    const value = KINDS[n % KINDS.length].compute(n)
    if (typeof value === 'bigint' || Number.isInteger(value)) return { status: 200, body: String(value) }
    return { status: 500, body: 'The function failed.\n' }
  } catch ({ statusCode, message }) {
    return statusCode ? { status: statusCode, body: `${message}\n` } : { status: 500, body: 'The function failed.\n' }
  }
}

module.exports = { FLOOD, NEVER, N_MAX, expected, handler }
