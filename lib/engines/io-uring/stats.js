'use strict'

// Makes the engine's `stats()`, which index.d.ts documents, from the binding's counts.

// The binding counts times in microseconds; the API has milliseconds.
const MICROSECONDS = 1000

// `callees` are the functions by name, if there are any.
function statsOf(counted, callees) {
  const {
    othersByStatus, batchSizes, latency, dispatchDelay, handlerTime, handlerTimes, refusals, ...counts
  } = counted
  return {
    ...counts,
    responsesByStatus: { 200: counts.responses2xx - sumOf2xx(othersByStatus), ...othersByStatus },
    ...(callees !== undefined && {
      functions: Object.fromEntries(callees.map((callee, i) => (
        [callee.fn.name, statsOfFunction(callee, refusals[i], histogram(handlerTimes[i], MICROSECONDS))]
      )))
    }),
    batchSizes: histogram(batchSizes, 1),
    latency: histogram(latency, MICROSECONDS),
    dispatchDelay: histogram(dispatchDelay, MICROSECONDS),
    handlerTime: histogram(handlerTime, MICROSECONDS)
  }
}

function statsOfFunction({ errors, refusals }, refusalsBefore, handlerTime) {
  // A request that a schema refused was passed on as a call, but is none. If its time ran out, it is not among the
  // times.
  const calls = Math.max(0, handlerTime.count - refusals)
  return { calls, errors, refusals: refusalsBefore + refusals, handlerTime }
}

// Adds the binding's counts of another table. Functions of the same name are added up. `names` and `otherNames` are the
// functions' names.
function addCounted(counted, names, other, otherNames) {
  addHistogram(counted.dispatchDelay, other.dispatchDelay)
  addHistogram(counted.handlerTime, other.handlerTime)
  counted.oldestInFlight = Math.max(counted.oldestInFlight, other.oldestInFlight)
  otherNames.forEach((name, i) => {
    const index = names.indexOf(name)
    if (index === -1) return
    addHistogram(counted.handlerTimes[index], other.handlerTimes[i])
    counted.refusals[index] += other.refusals[i]
  })
}

function addHistogram(histogram, { counts, sum }) {
  counts.forEach((count, i) => (histogram.counts[i] += count))
  histogram.sum += sum
}

function sumOf2xx(counts) {
  return Object.entries(counts).reduce((sum, [status, count]) => (status < 300 ? sum + count : sum), 0)
}

function histogram({ bounds, counts, sum }, divisor) {
  return {
    bounds: bounds.map((bound) => bound / divisor),
    counts,
    count: counts.reduce((total, count) => total + count),
    sum: sum / divisor
  }
}

module.exports = { addCounted, statsOf }
