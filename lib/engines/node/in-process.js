'use strict'

// The executor without workers: runs calls on the engine's own thread.
//
// An executor has a `handler`, and owns the calls that the engine adds until they begin. It reports their outcomes to
// the engine, which answers them and measures their time. The engine lets it `drop` a call that is over.

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

  // The methods below are for the runner.

  get isEmpty() {
    return this.#queue.isEmpty
  }

  take() {
    return this.#queue.take()
  }

  // Arguments are read only now, because they may be many times as large as the bytes that are counted.
  begin(call) {
    if (call.isOver || !this.#engine.read(call)) return false
    this.#engine.counters.countBatch(1)
    return true
  }

  returned() {}

  settled(call, answer, milliseconds, report) {
    this.#engine.count(this, call, milliseconds)
    this.#engine.answer(call, answer)
    report?.()
  }

  abandoned(call, report) {
    this.#engine.abandon(call)
    report?.()
  }
}

module.exports = { InProcess }
