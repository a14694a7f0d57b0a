'use strict'

// A worker's side of Node's engine: runs the calls that come over a port, and posts what each has come to before the
// next one begins, so that it is an answer whatever becomes of the worker. The main thread's side is
// engines/node/link.js.

const { createHandler } = require('./handlers.js')
const { CallProgress, numberAfter } = require('./call-progress.js')
const { Runner } = require('./runner.js')
const { now } = require('../../globals.js')

// Taken before the module is loaded, which may replace it.
const { Promise } = globalThis

// Resolves when no call will come any more. `recorder` is told of the calls, and of their failures.
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
  // As they came, { number, packed }.
  #waiting = []
  // The call that holds this thread, and what it has come to.
  #held
  #told
  // Calls that do not hold this thread and have not settled, by their numbers.
  #open = new Map()

  constructor(port, progress, handler, recorder) {
    this.#port = port
    this.#progress = progress
    this.#handler = handler
    this.#recorder = recorder
    this.#runner = new Runner(handler, this)
  }

  // Calls, or the number of one that nobody waits for any more.
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

  // From here on for the runner.

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
    const told = this.#told
    this.#held = this.#told = undefined
    if (told === undefined) this.#open.set(call.number, call)
    this.#progress.returned(call.number, now() - call.began)
    if (told !== undefined) this.#post(told)
    else if (this.isEmpty) this.#tellFree()
  }

  settled(call, answer, milliseconds, tell) {
    tell?.()
    this.#end(call, [call.number, this.#handler.outcomeOf(call), milliseconds, answer])
  }

  abandoned(call, tell) {
    tell?.()
    this.#end(call, [call.number, this.#handler.outcomeOf(call)])
  }

  // What holds this thread is told once it does not, so that the main thread knows that it may give more.
  #end(call, told) {
    if (call.isRefused) this.#recorder.refused(call.index)
    if (!call.isOver) this.#recorder.ended()
    this.#open.delete(call.number)
    if (call === this.#held) this.#told = told
    else this.#post(told)
  }

  // A result's bytes are its own, and need no copy.
  #post(told) {
    const { body } = told[3] ?? {}
    this.#port.postMessage(told, typeof body === 'object' ? [body.buffer] : [])
  }

  #tellFree() {
    this.#port.postMessage(undefined)
  }
}

module.exports = { serve }
