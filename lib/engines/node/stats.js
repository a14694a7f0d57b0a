'use strict'

// The counts of Node's engine, with the other engine's names. Counts of rings stay 0.

const TIMES = [
  0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000
]
const LENGTHS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

const NAMES = [
  'connectionsOpen', 'connectionsAccepted', 'connectionErrors', 'requests', 'responses2xx', 'responses3xx', 'responses4xx',
  'responses5xx', 'inFlight', 'batches', 'overloaded', 'headersTooLarge', 'bodiesTooLarge', 'headersTimeouts',
  'requestTimeouts', 'keepAliveTimeouts', 'handlerTimeouts', 'sendTimeouts', 'acceptPauses', 'bytesReceived', 'bytesSent',
  'ringTurns', 'ringCompletions', 'ringWakeups', 'ringBufferShortages'
]

class Histogram {
  #bounds
  #counts
  #sum = 0

  constructor(bounds) {
    this.#bounds = bounds
    this.#counts = Array(bounds.length + 1).fill(0)
  }

  add(value) {
    const index = this.#bounds.findIndex((bound) => value <= bound)
    this.#counts[index === -1 ? this.#bounds.length : index]++
    this.#sum += value
  }

  read() {
    const count = this.#counts.reduce((total, each) => total + each)
    return { bounds: [...this.#bounds], counts: [...this.#counts], count, sum: this.#sum }
  }
}

class Counters {
  latency = new Histogram(TIMES)
  handlerTime = new Histogram(TIMES)
  #responsesByStatus = { 200: 0 }
  batchSizes = new Histogram(LENGTHS)
  #dispatchDelay = new Histogram(TIMES)

  constructor() {
    for (const name of NAMES) this[name] = 0
  }

  // An answer was sent.
  count(status) {
    this.#responsesByStatus[status] = (this.#responsesByStatus[status] ?? 0) + 1
    this[`responses${Math.floor(status / 100)}xx`]++
  }

  // The server itself found a request too large. A function may answer with the same statuses.
  countTooLarge(status) {
    if (status === 413) this.bodiesTooLarge++
    else if (status === 414 || status === 431) this.headersTooLarge++
  }

  // A thread was given this many calls at a time.
  countBatch(size) {
    this.batches++
    this.batchSizes.add(size)
  }

  // Adds the bytes of the open `sockets`. `oldestInFlight` is how long the oldest call has waited.
  read(sockets, oldestInFlight) {
    const counts = Object.fromEntries(NAMES.map((name) => [name, this[name]]))
    for (const socket of sockets) addBytes(counts, socket)
    return {
      ...counts,
      oldestInFlight,
      responsesByStatus: { ...this.#responsesByStatus },
      latency: this.latency.read(),
      handlerTime: this.handlerTime.read(),
      dispatchDelay: this.#dispatchDelay.read(),
      batchSizes: this.batchSizes.read()
    }
  }
}

// The counts of one function.
class FunctionCounters {
  calls = 0
  errors = 0
  // Requests refused because of their arguments.
  refusals = 0
  handlerTime = new Histogram(TIMES)

  read() {
    const { calls, errors, refusals } = this
    return { calls, errors, refusals, handlerTime: this.handlerTime.read() }
  }
}

function addBytes(counts, { bytesRead, bytesWritten }) {
  counts.bytesReceived += bytesRead
  counts.bytesSent += bytesWritten
}

module.exports = { Counters, FunctionCounters, addBytes }
