'use strict'

// What the soak's handler does with each N, and what an honest client must therefore get. No two of N have the same
// answer where that is a 200, so an answer in another's place is a wrong one.

const { setTimeout: delay } = require('node:timers/promises')

// What `POST /FLOOD` does: it holds a place in `maxInFlight` for as long as that.
const FLOOD = -1
const FLOOD_MS = 100

// What is never answered by the handler, but by `handlerTimeout`.
const NEVER = -2

const N_MAX = 2 ** 31

// By N modulo their number. What has a `wait` is answered by a promise, after so many milliseconds.
const KINDS = [
  ...Array(8).fill({ compute: (n) => n }),
  { compute: (n) => BigInt(n) },
  { compute: (n) => 7n ** 150n + BigInt(n) },
  { compute: (n) => -n, wait: () => 0 },
  { compute: (n) => n + 1, wait: (n) => n % 32 },
  { compute: (n) => 7n ** 500n + BigInt(n), wait: (n) => n % 8 },
  { compute: (n) => { throw new Error(`${n} is one that fails`) } },
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
