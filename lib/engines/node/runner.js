'use strict'

// Runs calls on this thread, one after another, each in its own async context, and yields to Node's event loop when its
// time slice is over. The engine has a runner if there are no workers; otherwise each worker has one.
//
// `source` provides the calls and takes their outcomes:
// - `isEmpty` and `take()`;
// - `begin(call)`, which returns whether to run the call;
// - `returned()`, after the last call no longer holds the thread;
// - `settled(call, answer, milliseconds, report)`, while the call holds the thread or later;
// - `abandoned(call, report)` instead, if no answer can be made.
// `report`, if there is one, reports a failure, and `source` calls it.

const { captureContexts } = require('../../calls/async-contexts.js')
const { isThenable, settle } = require('../../calls/promises.js')
const { performance, queueMicrotask, setImmediate } = require('../../globals.js')
const timeSlice = require('../../calls/time-slice.js')
const { refusalAnswer } = require('./refusals.js')

class Runner {
  #handler
  #source
  #contexts = captureContexts()
  // True: promises were returned, and their reactions run before the next call.
  #hasPromises = false
  #isDraining = false
  // True: calls have been run since the event loop turned.
  #isInTurn = false
  #outcomes = {
    conclude: (value, call) => this.#conclude(call, value),
    fail: (error, call) => this.#fail(call, error),
    settled() {}
  }

  constructor(handler, source) {
    this.#handler = handler
    this.#source = source
  }

  // There is a new call. It runs at once if the time slice allows.
  wake() {
    if (!this.#isDraining && !this.#hasPromises) this.#drain()
  }

  // Runs waiting calls until the time slice is over.
  #drain(continues = false) {
    let hasRun = continues
    let isDone = false
    let now
    this.#isDraining = true
    try {
      while (!this.#source.isEmpty && !this.#hasPromises) {
        now = performance.now()
        if (!(hasRun || this.#isInTurn ? timeSlice.mayContinue(now) : this.#startTurn(now))) return
        const call = this.#source.take()
        hasRun = true
        this.#contexts.run(() => this.#call(call))
        if (!this.#hasPromises) this.#source.returned()
      }
      isDone = true
      this.#isDraining = false
    } finally {
      if (!isDone) timeSlice.resumeInNextTurn(() => this.#drain(), hasRun, now)
    }
  }

  #startTurn(now) {
    this.#isInTurn = true
    setImmediate(() => (this.#isInTurn = false))
    return timeSlice.mayBegin(now, true)
  }

  #call(call) {
    try {
      if (!this.#source.begin(call)) return
      call.began = performance.now()
      this.#take(call, this.#handler.invoke(call))
    } catch (error) {
      this.#fail(call, error)
    }
  }

  // The value may be anything.
  #take(call, value) {
    if (!isThenable(value)) return this.#conclude(call, value)
    this.#goOnLater()
    settle(value, this.#outcomes, call)
  }

  #conclude(call, value) {
    this.#settled(call, this.#handler.answerOf(call, value))
  }

  // The reactions of promises run before the next call, and count towards the time slice.
  #goOnLater() {
    if (this.#hasPromises) return
    this.#hasPromises = true
    queueMicrotask(() => {
      this.#hasPromises = false
      this.#source.returned()
      if (!this.#isDraining) this.#drain(true)
    })
  }

  #fail(call, error) {
    let failure
    let answer
    try {
      failure = this.#handler.failureOf(call, error)
      answer = refusalAnswer(failure.refusal, this.#handler.isTable)
    } catch {
      // The error cannot be described, whatever it is. The client must not wait.
      return this.#source.abandoned(call, failure?.report)
    }
    this.#settled(call, answer, failure.report)
  }

  #settled(call, answer, report) {
    this.#source.settled(call, answer, performance.now() - call.began, report)
  }
}

module.exports = { Runner }
