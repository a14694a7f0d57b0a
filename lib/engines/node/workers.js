'use strict'

// The executor with workers: one queue, from which whoever is free is given calls, and nobody else. in-process.js
// says what an executor is to the engine; each table of functions has one of its own, and the workers of one pool.

const { workerDied } = require('../../errors.js')
const { clearTimeout, performance, setImmediate, setTimeout } = require('../../globals.js')
const { handlerOf } = require('./handlers.js')
const { Link } = require('./link.js')
const { Queue } = require('./queue.js')

// What is given at a time is to take so long. A call that holds its worker longer holds up nobody: what was given
// behind it is taken back.
const BUDGET_MS = 1
// It takes about so long to wake a worker; a busy one may well have done by then what waits.
const WAKE_MS = 0.05
// A worker that has not begun what it was given may wait for a core, or something that is no call holds it: then others
// get the calls, at first after so long, and later each time.
const STALL_MS = 20
// Of the bodies of calls that are given at a time, as their arguments are made and sent together.
const BATCH_BYTES_MAX = 256 * 1024

class Workers {
  handler
  generation
  #engine
  #onOverdue
  // By their seats.
  #links = new Map()
  #queue = new Queue()
  // How long a call holds its worker, as the one that was heard last has it.
  #paceMs = BUDGET_MS
  #isGivingSoon = false
  // The timer, while there is something to look at soon.
  #look

  // `before` is the executor that this one replaces.
  constructor(engine, callbacks, before) {
    this.handler = handlerOf(callbacks, before?.handler)
    this.generation = before === undefined ? 0 : before.generation + 1
    this.#engine = engine
    this.#onOverdue = callbacks.onOverdue
  }

  // For the worker that is in that seat from now on.
  ticketFor(seat) {
    this.lost(seat)
    const link = new Link(seat, BUDGET_MS, (link, told) => this.#told(link, told))
    this.#links.set(seat, link)
    this.#giveSoon()
    return link.ticket
  }

  // The worker in that seat is gone. What it had begun may be what has ended it, and is not tried again.
  lost(seat) {
    const link = this.#links.get(seat)
    if (link === undefined) return
    this.#links.delete(seat)
    const { begun, unbegun } = link.lose()
    this.#queue.putBack(unbegun)
    for (const call of begun) this.#engine.fail(call, workerDied())
    this.#giveSoon()
  }

  add(call) {
    this.#queue.add(call)
    this.#giveSoon()
  }

  drop(call) {
    if (call.link?.hasBegun(call) === false) this.#takeBack(call.link)
    if (call.link !== undefined) call.link.giveUp(call)
    else this.#queue.drop(call)
  }

  get isIdle() {
    return this.#queue.isEmpty && [...this.#links.values()].every(({ open }) => open === 0)
  }

  // Looks for workers that one call has held too long, or whose event loop does not turn.
  sweep(now) {
    const { handlerTimeout } = this.#engine.options
    if (handlerTimeout === 0) return
    for (const link of this.#links.values()) {
      const stillness = link.look(now)
      if (!link.isExpected) {
        if (link.open > 0) link.ask(now)
      } else if (stillness >= handlerTimeout && !link.isOverdue) {
        link.isOverdue = true
        this.#onOverdue(this.generation, link.seat)
      }
    }
  }

  end() {
    clearTimeout(this.#look)
    for (const link of this.#links.values()) link.end()
    this.#links.clear()
  }

  // What comes in one turn of the event loop goes in one.
  #giveSoon() {
    if (this.#isGivingSoon) return
    this.#isGivingSoon = true
    setImmediate(() => {
      this.#isGivingSoon = false
      this.#giveAll(false)
    })
  }

  // With `isLate` what waits has waited for a busy worker long enough.
  #giveAll(isLate) {
    const { maxInFlight } = this.#engine.options
    const now = performance.now()
    const links = [...this.#links.values()]
    const part = Math.max(1, Math.ceil(maxInFlight / links.length))
    const free = links.filter((link) => link.isFree && link.open < part)
    const isOneSoonFree = !isLate && links.some((link) => !link.isFree && now - link.since < BUDGET_MS)
    // Who has fewer calls that go on, then who has been at work last.
    free.sort((a, b) => a.open - b.open || b.since - a.since)
    for (const link of free) {
      if (this.#queue.isEmpty || (isOneSoonFree && this.#isShort)) break
      this.#give(link, part - link.open)
    }
    this.#watch(free.length > 0)
  }

  // Whether all that waits would take one worker less time than to wake another.
  get #isShort() {
    return this.#queue.size * this.#paceMs <= WAKE_MS
  }

  #give(link, most) {
    const { batchSize } = this.#engine.options
    const part = this.#isShort ? this.#queue.size : Math.ceil(this.#queue.size / this.#links.size)
    const count = Math.max(1, Math.min(most, batchSize, part, Math.floor(BUDGET_MS / link.paceMs)))
    const calls = this.#takeCalls(count)
    if (calls.length === 0) return
    try {
      link.give(calls, calls.map((call) => this.handler.packed(call)), performance.now())
      this.#engine.counters.countBatch(calls.length)
    } catch (error) {
      // There is no memory for so much.
      for (const call of calls) this.#engine.fail(call, error)
    }
  }

  // So many calls at most, whose arguments fit.
  #takeCalls(count) {
    const calls = []
    let bytes = 0
    while (calls.length < count && bytes < BATCH_BYTES_MAX && !this.#queue.isEmpty) {
      const call = this.#queue.take()
      bytes += call.exchange.body?.bytes?.length ?? 0
      if (this.#read(call)) calls.push(call)
    }
    return calls
  }

  // Its arguments are made only now, as they may be many times as large as the bytes that are counted. They are kept,
  // in case it goes to another worker.
  #read(call) {
    if (call.isRead) return true
    call.isRead = true
    try {
      return this.#engine.read(call)
    } catch (error) {
      this.#engine.fail(call, error)
      return false
    }
  }

  #told(link, told) {
    if (told !== undefined) this.#settle(link.settled(told[0]), told)
    this.#paceMs = link.paceMs
    if (!this.#queue.isEmpty) this.#giveSoon()
  }

  #settle(call, [, outcome, milliseconds, answer]) {
    if (milliseconds !== undefined) this.#engine.count(this, outcome, milliseconds)
    if (call === undefined) return // It is over.
    if (answer === undefined) this.#engine.abandon(call)
    else this.#engine.answer(call, answer)
  }

  #watch(isAnyFree) {
    if (this.#look !== undefined) return
    const isWaiting = isAnyFree && !this.#queue.isEmpty
    if (!isWaiting && ![...this.#links.values()].some((link) => link.hasUnbegun)) return
    this.#look = setTimeout(() => {
      this.#look = undefined
      this.#lookAtAll()
      this.#giveAll(true)
    }, BUDGET_MS).unref()
  }

  #lookAtAll() {
    const now = performance.now()
    const links = [...this.#links.values()]
    const isAnyFree = links.some((link) => link.isFree)
    for (const link of links) {
      const stillness = link.look(now)
      if (!link.hasUnbegun) continue
      const isStalled = isAnyFree && stillness >= link.patience(STALL_MS)
      if (link.isHeld ? stillness >= BUDGET_MS : isStalled) this.#takeBack(link)
    }
  }

  #takeBack(link) {
    this.#queue.putBack(link.takeBack())
  }
}

module.exports = { Workers }
