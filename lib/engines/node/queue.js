'use strict'

// The calls that wait for their turn. Connections take turns, so that who asks once does not wait for all that somebody
// else has pipelined. An executor owns it; `maxInFlight` bounds it, as what is over is dropped.

class Queue {
  size = 0
  // Those that were taken and came back go first.
  #returned = []
  // By connection, the next one first.
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

  // The next call, or nothing.
  take() {
    if (this.size === 0) return undefined
    this.size--
    if (this.#returned.length > 0) return this.#returned.shift()
    const [[connection, calls]] = this.#waiting
    const call = calls.shift()
    this.#waiting.delete(connection)
    if (calls.length > 0) this.#waiting.set(connection, calls)
    return call
  }

  // The calls that were taken last, in their order, for whoever takes next.
  putBack(calls) {
    this.size += calls.length
    this.#returned.unshift(...calls)
  }

  // Nobody waits for it any more. It may not be here.
  drop(call) {
    const { connection } = call
    const calls = this.#waiting.get(connection) ?? []
    if (!remove(calls, call) && !remove(this.#returned, call)) return
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
