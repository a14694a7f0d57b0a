'use strict'

// Runs calls on this thread, one after another and each in an async context of its own, and lets Node's event loop turn
// when they have taken their time. The engine has one where there are no workers, and each worker has one.
//
// `source` has the calls and takes what comes of them: `isEmpty`, `take()`, `begin(call)`, which says whether it is
// to be run, `returned()` once the last one no longer holds the thread, and for each, while it holds the thread or
// later, `settled(call, answer, milliseconds, tell)` or, where there can be no answer, `abandoned(call, tell)`.
// `tell` is to be called where there is one: it tells of a failure.

const { captureContexts } = require('../../calls/async-contexts.js')
const { isThenable, settle } = require('../../calls/promises.js')
const { performance, queueMicrotask, setImmediate } = require('../../globals.js')
const timeSlice = require('../../calls/time-slice.js')
const { refusalAnswer } = require('./refusals.js')

class Runner {
  #handler
  #source
  #contexts = captureContexts()
  // True: promises were returned, and what they go on with is to run before the next call.
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

  // There is a call. It is run at once, whatever else this thread has to do, where it is the turn of calls.
  wake() {
    if (!this.#isDraining && !this.#hasPromises) this.#drain()
  }

  // Runs what waits for as long as it is the turn of handlers.
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

  // Whatever a handler may return.
  #take(call, value) {
    if (!isThenable(value)) return this.#conclude(call, value)
    this.#goOnLater()
    settle(value, this.#outcomes, call)
  }

  #conclude(call, value) {
    this.#settled(call, this.#handler.answerOf(call, value))
  }

  // What promises go on with runs before the next call, and is part of the turn.
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
      // What was thrown cannot be told, whatever it is: nobody is to wait for it.
      return this.#source.abandoned(call, failure?.tell)
    }
    this.#settled(call, answer, failure.tell)
  }

  #settled(call, answer, tell) {
    this.#source.settled(call, answer, performance.now() - call.began, tell)
  }
}

module.exports = { Runner }
