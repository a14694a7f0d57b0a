'use strict'

// The calls that wait. Connections take turns, so that a single request does not wait for all the pipelined requests of
// another connection. An executor owns the queue. `maxInFlight` bounds it, because calls that are over are dropped.

class Queue {
  size = 0
  // Calls that were taken and put back go first.
  #putBackCalls = []
  // By connection; the first connection is next.
  #waiting = new Map()

  get isEmpty() {
    return this.size === 0
  }

  add(call) {
    const { connection } = call
    const calls = this.#waiting.get(connection)
    this.size++
    if (calls === undefined) this.#waiting.set(connection, [call])
    else calls.push(call)
  }

  // The next call, or undefined.
  take() {
    if (this.size === 0) return undefined
    this.size--
    if (this.#putBackCalls.length > 0) return this.#putBackCalls.shift()
    const [[connection, calls]] = this.#waiting
    const call = calls.shift()
    this.#waiting.delete(connection)
    if (calls.length > 0) this.#waiting.set(connection, calls)
    return call
  }

  // Puts back the calls that were taken last, in their order.
  putBack(calls) {
    this.size += calls.length
    this.#putBackCalls.unshift(...calls)
  }

  // The call needs no answer any more. It may not be in the queue.
  drop(call) {
    const { connection } = call
    const calls = this.#waiting.get(connection) ?? []
    if (!remove(calls, call) && !remove(this.#putBackCalls, call)) return
    this.size--
    if (calls.length === 0) this.#waiting.delete(connection)
  }
}

function remove(calls, call) {
  const at = calls.indexOf(call)
  if (at !== -1) calls.splice(at, 1)
  return at !== -1
}

module.exports = { Queue }
