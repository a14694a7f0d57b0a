'use strict'

// The executor without workers: calls run on the engine's own thread.
//
// An executor owns the calls that the engine adds until they have begun, and has their `handler`. It tells the engine what
// comes of them (`settled`, `abandon`), who answers and keeps the clock: a call that is over is one to `drop`.

const { handlerOf } = require('./handlers.js')
const { Queue } = require('./queue.js')
const { Runner } = require('./runner.js')

class InProcess {
  handler
  #engine
  #runner
  #queue = new Queue()

  constructor(engine, callbacks) {
    this.handler = handlerOf(callbacks)
    this.#engine = engine
    this.#runner = new Runner(this.handler, this)
  }

  add(call) {
    this.#queue.add(call)
    this.#runner.wake()
  }

  drop(call) {
    this.#queue.drop(call)
  }

  end() {}

  // From here on for the runner.

  get isEmpty() {
    return this.#queue.isEmpty
  }

  take() {
    return this.#queue.take()
  }

  // Its arguments are made only now, as they may be many times as large as the bytes that are counted.
  begin(call) {
    if (call.isOver || !this.#engine.read(call)) return false
    this.#engine.counters.countBatch(1)
    return true
  }

  returned() {}

  settled(call, answer, milliseconds) {
    this.#engine.settled(call, answer, milliseconds)
  }

  abandoned(call) {
    this.#engine.abandon(call)
  }
}

module.exports = { InProcess }
