'use strict'

// The worker's side of Node's engine: runs the calls that arrive on a port. It posts each outcome before the next call
// begins, so the outcome survives the worker. The main thread's side is worker-channel.js.

const { createHandler } = require('./handlers.js')
const { CallProgress, numberAfter } = require('./call-progress.js')
const { Runner } = require('./runner.js')
const { now } = require('../../globals.js')

// Taken before the module is loaded, because the module may replace it.
const { Promise } = globalThis

// Resolves when no call will follow. `recorder` records the calls and their failures.
function serve({ port, memory }, { handler, table }, recorder) {
  const calls = new Calls(port, new CallProgress(memory), createHandler({
    handler,
    table,
    onHandlerError: (error, n) => recorder.failed(undefined, n, error),
    onFunctionError: (error, fn, args) => recorder.failed(table.functions.indexOf(fn), args, error)
  }), recorder)
  port.on('message', (message) => calls.receive(message))
  return new Promise((resolve) => port.on('close', resolve))
}

class Calls {
  #port
  #progress
  #handler
  #recorder
  #runner
  // As they arrived: { number, packed }.
  #waiting = []
  // The call that holds this thread, and its outcome.
  #held
  #outcome
  // Calls that have returned an unsettled promise, by number.
  #open = new Map()

  constructor(port, progress, handler, recorder) {
    this.#port = port
    this.#progress = progress
    this.#handler = handler
    this.#recorder = recorder
    this.#runner = new Runner(handler, this)
  }

  // Receives calls, or the number of a call that needs no answer any more.
  receive({ first, calls, over }) {
    this.#progress.looked()
    if (over !== undefined) return this.#giveUp(over)
    calls.forEach((packed, i) => this.#waiting.push({ number: numberAfter(first, i), packed }))
    this.#runner.wake()
  }

  #giveUp(number) {
    const call = this.#open.get(number)
    if (call === undefined) return
    this.#open.delete(number)
    call.isOver = true
    this.#recorder.ended()
  }

  // The methods below are for the runner.

  get isEmpty() {
    return this.#waiting.length === 0
  }

  take() {
    const { number, packed } = this.#waiting.shift()
    return Object.assign(this.#handler.unpacked(packed), { number })
  }

  begin(call) {
    if (!this.#progress.begin(call.number)) {
      this.#progress.passed(call.number)
      if (this.isEmpty) this.#tellFree()
      return false
    }
    this.#held = call
    this.#recorder.began()
    return true
  }

  returned() {
    const call = this.#held
    if (call === undefined) return
    const outcome = this.#outcome
    this.#held = this.#outcome = undefined
    if (outcome === undefined) this.#open.set(call.number, call)
    this.#progress.returned(call.number, now() - call.began)
    if (outcome !== undefined) this.#post(outcome)
    else if (this.isEmpty) this.#tellFree()
  }

  settled(call, answer, milliseconds, report) {
    report?.()
    this.#end(call, [call.number, this.#handler.outcomeOf(call), milliseconds, answer])
  }

  abandoned(call, report) {
    report?.()
    this.#end(call, [call.number, this.#handler.outcomeOf(call)])
  }

  // The outcome of the call that holds this thread is posted when the call has returned, so that the main thread knows
  // that it may give more.
  #end(call, outcome) {
    if (call.isRefused) this.#recorder.refused(call.index)
    if (!call.isOver) this.#recorder.ended()
    this.#open.delete(call.number)
    if (call === this.#held) this.#outcome = outcome
    else this.#post(outcome)
  }

  // A result's bytes are its own, so they are transferred and not copied.
  #post(outcome) {
    const { body } = outcome[3] ?? {}
    this.#port.postMessage(outcome, typeof body === 'object' ? [body.buffer] : [])
  }

  #tellFree() {
    this.#port.postMessage(undefined)
  }
}

module.exports = { serve }
