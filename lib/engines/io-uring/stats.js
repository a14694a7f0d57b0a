'use strict'

// Makes the engine's `stats()`, which index.d.ts documents, from the binding's counts.

// The binding counts times in microseconds; the API has milliseconds.
const MICROSECONDS = 1000

// `callees` are the functions by name, if there are any, and `calls` maps their names to the calls of the last time.
function statsOf(counted, callees, calls) {
  const { batchSizes, latency, dispatchDelay, handlerTime, handlerTimes, refusals, ...counts } = counted
  return {
    ...counts,
    ...(callees !== undefined && {
      functions: Object.fromEntries(callees.map((callee, i) => (
        [callee.fn.name, statsOfFunction(callee, refusals[i], histogram(handlerTimes[i], MICROSECONDS), calls)]
      )))
    }),
    batchSizes: histogram(batchSizes, 1),
    latency: histogram(latency, MICROSECONDS),
    dispatchDelay: histogram(dispatchDelay, MICROSECONDS),
    handlerTime: histogram(handlerTime, MICROSECONDS)
  }
}

function statsOfFunction({ fn, errors, refusals }, refusalsBefore, handlerTime, calls) {
  // A request that a schema refused was passed on as a call, but is none. If its time ran out, it is not among the
  // times. It is among the refusals first, so the difference may be too small for a while.
  calls.set(fn.name, Math.max(calls.get(fn.name) ?? 0, handlerTime.count - refusals))
  return { calls: calls.get(fn.name), errors, refusals: refusalsBefore + refusals, handlerTime }
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

function histogram({ bounds, counts, sum }, divisor) {
  return {
    bounds: bounds.map((bound) => bound / divisor),
    counts,
    count: counts.reduce((total, count) => total + count),
    sum: sum / divisor
  }
}

module.exports = { addCounted, statsOf }
