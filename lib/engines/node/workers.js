'use strict'

// The executor with workers: a single queue, from which only free workers get calls. in-process.js describes what an
// executor is to the engine. Each table of functions has an executor of its own, with the workers of one pool.

const { workerDied } = require('../../errors.js')
const { clearTimeout, performance, setImmediate, setTimeout } = require('../../globals.js')
const { createHandler } = require('./handlers.js')
const { WorkerChannel } = require('./worker-channel.js')
const { Queue } = require('./queue.js')

// A worker gets calls for about this long at a time. If a call takes longer, the calls given behind it are taken back.
const BUDGET_MS = 1
// About the time to wake a worker. Within it a busy worker may finish the waiting calls itself.
const WAKE_MS = 0.05
// A worker that does not begin its calls may be waiting for a core, or be held by something other than a call. After
// this time the calls go to other workers, and later after longer times.
const STALL_MS = 20
// The most bytes of bodies given at a time, because their arguments are made and sent together.
const BATCH_BYTES_MAX = 256 * 1024

class Workers {
  handler
  generation
  #engine
  #onOverdue
  // By seat.
  #channels = new Map()
  #queue = new Queue()
  // How long a call holds its worker, from the worker that reported last.
  #paceMs = BUDGET_MS
  #isGivingSoon = false
  // While something has to be checked soon.
  #lookTimer

  // `before` is the executor that this one replaces.
  constructor(engine, callbacks, before) {
    this.handler = createHandler(callbacks, before?.handler)
    this.generation = before === undefined ? 0 : before.generation + 1
    this.#engine = engine
    this.#onOverdue = callbacks.onOverdue
  }

  // The ticket of the worker that is in that seat from now on.
  ticketFor(seat) {
    this.lost(seat)
    const channel = new WorkerChannel(seat, BUDGET_MS, (channel, message) => this.#onMessage(channel, message))
    this.#channels.set(seat, channel)
    this.#giveSoon()
    return channel.ticket
  }

  // The worker in that seat is gone. A call that had begun may have ended the worker, so it is not tried again.
  lost(seat) {
    const channel = this.#channels.get(seat)
    if (channel === undefined) return
    this.#channels.delete(seat)
    const { begun, unbegun } = channel.lose()
    this.#queue.putBack(unbegun)
    for (const call of begun) this.#engine.fail(call, workerDied())
    this.#giveSoon()
  }

  add(call) {
    this.#queue.add(call)
    this.#giveSoon()
  }

  drop(call) {
    if (call.channel?.hasBegun(call) === false) this.#takeBack(call.channel)
    if (call.channel !== undefined) call.channel.giveUp(call)
    else this.#queue.drop(call)
  }

  get isIdle() {
    return this.#queue.isEmpty && [...this.#channels.values()].every(({ open }) => open === 0)
  }

  // Finds workers that a call has held too long, or whose event loop does not turn.
  sweep(now) {
    const { handlerTimeout } = this.#engine.options
    if (handlerTimeout === 0) return
    for (const channel of this.#channels.values()) {
      const stillness = channel.look(now)
      if (!channel.isExpected) {
        if (channel.open > 0) channel.probe(now)
      } else if (stillness >= handlerTimeout && !channel.isOverdue) {
        channel.isOverdue = true
        this.#onOverdue(this.generation, channel.seat)
      }
    }
  }

  end() {
    clearTimeout(this.#lookTimer)
    for (const channel of this.#channels.values()) channel.end()
    this.#channels.clear()
  }

  // Calls that arrive in one turn of the event loop are given together.
  #giveSoon() {
    if (this.#isGivingSoon) return
    this.#isGivingSoon = true
    setImmediate(() => {
      this.#isGivingSoon = false
      this.#giveAll(false)
    })
  }

  // `isLate`: waiting calls have waited long enough for a busy worker.
  #giveAll(isLate) {
    const { maxInFlight } = this.#engine.options
    const now = performance.now()
    const channels = [...this.#channels.values()]
    const part = Math.max(1, Math.ceil(maxInFlight / channels.length))
    const free = channels.filter((channel) => channel.isFree && channel.open < part)
    const isOneSoonFree = !isLate && channels.some((channel) => !channel.isFree && now - channel.since < BUDGET_MS)
    // First the workers with fewer unsettled calls, then the one that worked last.
    free.sort((a, b) => a.open - b.open || b.since - a.since)
    for (const channel of free) {
      if (this.#queue.isEmpty || (isOneSoonFree && this.#isShort)) break
      this.#give(channel, part - channel.open)
    }
    this.#watch(free.length > 0)
  }

  // Whether one worker would finish all waiting calls sooner than another could be woken.
  get #isShort() {
    return this.#queue.size * this.#paceMs <= WAKE_MS
  }

  #give(channel, most) {
    const { batchSize } = this.#engine.options
    const part = this.#isShort ? this.#queue.size : Math.ceil(this.#queue.size / this.#channels.size)
    const count = Math.max(1, Math.min(most, batchSize, part, Math.floor(BUDGET_MS / channel.paceMs)))
    const calls = this.#takeCalls(count)
    if (calls.length === 0) return
    try {
      channel.give(calls, calls.map((call) => this.handler.packed(call)), performance.now())
      this.#engine.counters.countBatch(calls.length)
    } catch (error) {
      // There is not enough memory to send them.
      for (const call of calls) this.#engine.fail(call, error)
    }
  }

  // Takes at most this many calls, and reads their arguments.
  #takeCalls(count) {
    const calls = []
    let bytes = 0
    while (calls.length < count && bytes < BATCH_BYTES_MAX && !this.#queue.isEmpty) {
      const call = this.#queue.take()
      bytes += call.transaction.body?.bytes?.length ?? 0
      if (this.#read(call)) calls.push(call)
    }
    return calls
  }

  // Arguments are read only now, because they may be many times as large as the bytes that are counted. They are kept,
  // in case the call moves to another worker.
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

  #onMessage(channel, message) {
    if (message !== undefined) this.#settle(channel.settled(message[0]), message)
    this.#paceMs = channel.paceMs
    if (!this.#queue.isEmpty) this.#giveSoon()
  }

  #settle(call, [, outcome, milliseconds, answer]) {
    if (milliseconds !== undefined) this.#engine.count(this, outcome, milliseconds)
    if (call === undefined) return // The call is over.
    if (answer === undefined) this.#engine.abandon(call)
    else this.#engine.answer(call, answer)
  }

  #watch(isAnyFree) {
    if (this.#lookTimer !== undefined) return
    const isWaiting = isAnyFree && !this.#queue.isEmpty
    if (!isWaiting && ![...this.#channels.values()].some((channel) => channel.hasUnbegun)) return
    this.#lookTimer = setTimeout(() => {
      this.#lookTimer = undefined
      this.#lookAtAll()
      this.#giveAll(true)
    }, BUDGET_MS).unref()
  }

  #lookAtAll() {
    const now = performance.now()
    const channels = [...this.#channels.values()]
    const isAnyFree = channels.some((channel) => channel.isFree)
    for (const channel of channels) {
      const stillness = channel.look(now)
      if (!channel.hasUnbegun) continue
      const isStalled = isAnyFree && stillness >= channel.patience(STALL_MS)
      if (channel.isHeld ? stillness >= BUDGET_MS : isStalled) this.#takeBack(channel)
    }
  }

  #takeBack(channel) {
    this.#queue.putBack(channel.takeBack())
  }
}

module.exports = { Workers }
