'use strict'

// The main thread's end of one worker: what it was given and has not answered, and what is known of how it goes on. The
// worker's side is lib/workers/transports/node.js.

const { MessageChannel, receiveMessageOnPort } = require('node:worker_threads')
const { CallProgress, isBefore, numberAfter } = require('./call-progress.js')

class WorkerChannel {
  seat
  // When the worker was last seen to do something, and in which phase.
  since = 0
  // True: it was told to be ended, as one call has held it for too long.
  isOverdue = false
  #onMessage
  #progress = new CallProgress()
  #port
  #workerPort
  // Calls that have no answer yet, by their numbers, and the number of the next one.
  #calls = new Map()
  #given = 0
  #phase = 0
  // True: an empty message is to show that its event loop turns.
  #isAsked = false
  // A call that is over, and may still hold the worker.
  #late

  // `onMessage(channel, told)` is called with what a call has come to, or with nothing where the worker may have become free.
  constructor(seat, paceMs, onMessage) {
    const { port1, port2 } = new MessageChannel()
    this.seat = seat
    this.#port = port1
    this.#workerPort = port2
    this.#progress.pace = paceMs
    this.#onMessage = onMessage
    port1.on('message', (told) => onMessage(this, told))
    port1.unref()
  }

  get ticket() {
    const port = this.#workerPort
    return { ticket: { engine: 'node', port, memory: this.#progress.memory }, transfer: [port] }
  }

  // Calls that it has begun and not answered, once it is free.
  get open() {
    return this.#calls.size
  }

  get paceMs() {
    return this.#progress.pace
  }

  // Whether it has gone through all that it was given.
  get isFree() {
    return this.#progress.through === this.#given
  }

  get hasUnbegun() {
    return this.#progress.next !== this.#given
  }

  hasBegun({ number }) {
    return isBefore(number, this.#progress.next)
  }

  // `packed` are the calls as its handler unpacks them. Throws where they cannot be sent.
  give(calls, packed, now) {
    this.#send(packed, now)
    for (const call of calls) {
      call.channel = this
      call.number = this.#given
      this.#calls.set(call.number, call)
      this.#given = numberAfter(this.#given)
    }
  }

  // The worker may have looked at it before this returns.
  #send(packed, now) {
    this.#phase = this.#progress.phase
    this.since = now
    this.#port.postMessage({ first: this.#given, calls: packed })
  }

  // The calls that it has not begun, which it will not begin any more.
  takeBack() {
    const first = this.#progress.takeBack(this.#given)
    const calls = [...this.#calls.values()].filter(({ number }) => !isBefore(number, first))
    for (const call of calls) {
      this.#calls.delete(call.number)
      call.channel = undefined
      call.moves++
    }
    return calls
  }

  // The call that this number had. It has none any more.
  settled(number) {
    const call = this.#calls.get(number)
    this.#calls.delete(number)
    return call
  }

  // Nobody waits for a call that it has begun.
  giveUp(call) {
    this.#calls.delete(call.number)
    if (this.#isHeldBy(call)) this.#late = call
    this.#port.postMessage({ over: call.number })
  }

  #isHeldBy({ number }) {
    return this.#progress.isHeld && this.#progress.current === number
  }

  // Looks whether the worker has done anything since the last look. Returns for how long it has not.
  look(now) {
    const { phase } = this.#progress
    if (phase !== this.#phase) {
      this.#phase = phase
      this.since = now
      this.#isAsked = false
    }
    return now - this.since
  }

  // How long the first call that has not begun may wait: `least`, and twice as long each time that it was taken back.
  // For a machine on which each worker waits for a core, none of them is to be without calls for ever.
  patience(least) {
    const { moves = 0 } = this.#calls.get(this.#progress.next) ?? {}
    return least * 2 ** moves
  }

  // Whether a call holds it, as far as the last look has shown.
  get isHeld() {
    return this.#phase % 2 !== 0
  }

  // Whether it has something to do that it would show.
  get isExpected() {
    return !this.isFree || this.#isAsked
  }

  // It is free, but does its event loop turn?
  ask(now) {
    this.#isAsked = true
    this.#send([], now)
  }

  // The worker is gone. Hears what it has posted, and returns the calls that it had begun and that it had not.
  lose() {
    let received
    while ((received = receiveMessageOnPort(this.#port)) !== undefined) this.#onMessage(this, received.message)
    this.#port.close()
    const unbegun = this.takeBack()
    const begun = [...this.#calls.values()]
    if (this.#late !== undefined && this.#isHeldBy(this.#late)) begun.push(this.#late)
    return { begun, unbegun }
  }

  // No call will be given any more.
  end() {
    this.#port.close()
  }
}

module.exports = { WorkerChannel }
