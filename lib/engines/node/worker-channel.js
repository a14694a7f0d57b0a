'use strict'

// The main thread's end of the channel to one worker: the calls that the worker was given and has not answered, and
// what is known of its progress. The worker's side is transport.js.

const { MessageChannel, receiveMessageOnPort } = require('node:worker_threads')
const { CallProgress, isBefore, numberAfter } = require('./call-progress.js')

class WorkerChannel {
  seat
  // When the worker last showed progress, and in which phase.
  since = 0
  // True: the worker was reported as overdue, because a call has held it too long.
  isOverdue = false
  #onMessage
  #progress = new CallProgress()
  #port
  #workerPort
  // Unanswered calls by number, and the number of the next call.
  #calls = new Map()
  #nextNumber = 0
  #phase = 0
  // True: an empty message was sent, to see whether the worker's event loop turns.
  #isProbed = false
  // A call that needs no answer any more but may still hold the worker.
  #late

  // Calls `onMessage(channel, message)` with the outcome of a call, or with undefined when the worker may have become
  // free.
  constructor(seat, paceMs, onMessage) {
    const { port1, port2 } = new MessageChannel()
    this.seat = seat
    this.#port = port1
    this.#workerPort = port2
    this.#progress.pace = paceMs
    this.#onMessage = onMessage
    port1.on('message', (message) => onMessage(this, message))
    port1.unref()
  }

  get ticket() {
    const port = this.#workerPort
    return { ticket: { engine: 'node', port, memory: this.#progress.memory }, transfer: [port] }
  }

  // Unanswered calls. If the worker is free, these have begun and returned unsettled promises.
  get open() {
    return this.#calls.size
  }

  get paceMs() {
    return this.#progress.pace
  }

  // Whether the worker has gone through all calls that it was given.
  get isFree() {
    return this.#progress.through === this.#nextNumber
  }

  get hasUnbegun() {
    return this.#progress.next !== this.#nextNumber
  }

  hasBegun({ number }) {
    return isBefore(number, this.#progress.next)
  }

  // `packed` are the calls in the form that the worker's handler unpacks. Throws if they cannot be sent.
  give(calls, packed, now) {
    this.#send(packed, now)
    for (const call of calls) {
      call.channel = this
      call.number = this.#nextNumber
      this.#calls.set(call.number, call)
      this.#nextNumber = numberAfter(this.#nextNumber)
    }
  }

  // Set first, because the worker may read the message before this returns.
  #send(packed, now) {
    this.#phase = this.#progress.phase
    this.since = now
    this.#port.postMessage({ first: this.#nextNumber, calls: packed })
  }

  // Takes back the calls that have not begun, and returns them. The worker will skip them.
  takeBack() {
    const first = this.#progress.takeBack(this.#nextNumber)
    const calls = [...this.#calls.values()].filter(({ number }) => !isBefore(number, first))
    for (const call of calls) {
      this.#calls.delete(call.number)
      call.channel = undefined
      call.moves++
    }
    return calls
  }

  // Removes the call with that number and returns it.
  settled(number) {
    const call = this.#calls.get(number)
    this.#calls.delete(number)
    return call
  }

  // A call that has begun needs no answer any more.
  giveUp(call) {
    this.#calls.delete(call.number)
    if (this.#isHeldBy(call)) this.#late = call
    this.#port.postMessage({ over: call.number })
  }

  #isHeldBy({ number }) {
    return this.#progress.isHeld && this.#progress.current === number
  }

  // Checks whether the worker has shown progress since the last check. Returns for how long it has not.
  look(now) {
    const { phase } = this.#progress
    if (phase !== this.#phase) {
      this.#phase = phase
      this.since = now
      this.#isProbed = false
    }
    return now - this.since
  }

  // How long the next call may wait to begin: `least`, doubled each time that the call was taken back. So on an
  // overloaded machine, where every worker waits for a core, calls do not move around forever.
  patience(least) {
    const { moves = 0 } = this.#calls.get(this.#progress.next) ?? {}
    return least * 2 ** moves
  }

  // Whether a call held the worker at the last check.
  get isHeld() {
    return this.#phase % 2 !== 0
  }

  // Whether the worker has something to do that would show progress.
  get isExpected() {
    return !this.isFree || this.#isProbed
  }

  // The worker is free. This asks whether its event loop turns.
  probe(now) {
    this.#isProbed = true
    this.#send([], now)
  }

  // The worker is gone. Reads its remaining messages, and returns its calls that had begun and those that had not.
  lose() {
    let received
    while ((received = receiveMessageOnPort(this.#port)) !== undefined) this.#onMessage(this, received.message)
    this.#port.close()
    const unbegun = this.takeBack()
    const begun = [...this.#calls.values()]
    if (this.#late !== undefined && this.#isHeldBy(this.#late)) begun.push(this.#late)
    return { begun, unbegun }
  }

  // No call will follow.
  end() {
    this.#port.close()
  }
}

module.exports = { WorkerChannel }
