'use strict'

// The executor without workers: calls run on the engine's own thread.
//
// An executor owns the calls that the engine adds until they have begun, and has their `handler`. It tells the engine
// what comes of them, which answers them and keeps their clock: the engine has it `drop` a call that is over.

const { createHandler } = require('./handlers.js')
const { Queue } = require('./queue.js')
const { Runner } = require('./runner.js')

class InProcess {
  handler
  #engine
  #runner
  #queue = new Queue()

  constructor(engine, callbacks) {
    this.handler = createHandler(callbacks)
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

  sweep() {}

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

  settled(call, answer, milliseconds, tell) {
    this.#engine.count(this, call, milliseconds)
    this.#engine.answer(call, answer)
    tell?.()
  }

  abandoned(call, tell) {
    this.#engine.abandon(call)
    tell?.()
  }
}

module.exports = { InProcess }
