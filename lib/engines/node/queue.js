'use strict'

// The calls that wait for their turn. Connections take turns, so that who asks once does not wait for all that somebody
// else has pipelined. The engine owns it; `maxInFlight` bounds it.

class Queue {
  // By connection, the next one first.
  #waiting = new Map()

  get isEmpty() {
    return this.#waiting.size === 0
  }

  add(call) {
    const { connection } = call
    const calls = this.#waiting.get(connection)
    if (calls === undefined) this.#waiting.set(connection, [call])
    else calls.push(call)
  }

  // The next call, or nothing.
  take() {
    const [next] = this.#waiting
    if (next === undefined) return undefined
    const [connection, calls] = next
    const call = calls.shift()
    this.#waiting.delete(connection)
    if (calls.length > 0) this.#waiting.set(connection, calls)
    return call
  }
}

module.exports = { Queue }
