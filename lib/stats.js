'use strict'

// What the engine's `stats()` returns, which index.d.ts documents, made of what the binding has counted.

// The binding counts times in microseconds; the API has milliseconds.
const MICROSECONDS = 1000

function statsOf(counted) {
  const { preflights, errorsByStatus, batchSizes, latency, dispatchDelay, handlerTime, ...counts } = counted
  return {
    ...counts,
    responsesByStatus: {
      200: counts.responses2xx - preflights, ...(preflights > 0 && { 204: preflights }), ...errorsByStatus
    },
    batchSizes: histogram(batchSizes, 1),
    latency: histogram(latency, MICROSECONDS),
    dispatchDelay: histogram(dispatchDelay, MICROSECONDS),
    handlerTime: histogram(handlerTime, MICROSECONDS)
  }
}

function histogram({ bounds, counts, sum }, divisor) {
  return {
    bounds: bounds.map((bound) => bound / divisor),
    counts,
    count: counts.reduce((total, count) => total + count),
    sum: sum / divisor
  }
}

module.exports = { statsOf }
