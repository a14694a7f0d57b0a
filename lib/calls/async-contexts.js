'use strict'

// An async context for each call of the handler. It begins as the context in which the server was started, as
// node:http's handlers begin in the context of `listen()`. If a call changes it (`AsyncLocalStorage.enterWith`),
// everything that the call starts sees the change, and no other call does.
//
// An engine calls `captureContexts()` when its server starts, and `run(step)` to call the handler. `step` runs one
// call, including failures and `onError`, and returns whether another one follows. A step may call `run` itself, if a
// handler runs the event loop.
//
// Node.js keeps stores in one of two places. Since version 24 it keeps them in a frame of V8, and the scope of a
// resource swaps frames: one resource serves all calls, at about 10 ns a call. Earlier versions keep them as properties
// of the current resource. A resource for each call would take 60 to 170 ns, up to a third of a pipelined request. So
// calls share a resource that notices writes, at 2 ns a call. After a call has written to it, each call gets its own.

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks')

const { runInAsyncScope } = AsyncResource.prototype

class Context extends AsyncResource {
  constructor() {
    super('RINGCALL')
  }

  // For tools that look for what keeps a process alive, such as jest's --detectOpenHandles. This resource does not.
  hasRef() {
    return false
  }
}

// Works wherever stores are kept.
class PerCall {
  #home = new Context()

  run(step) {
    this.#home.runInAsyncScope(eachInItsOwn, undefined, step)
  }
}

function eachInItsOwn(step) {
  while (new Context().runInAsyncScope(step));
}

// For stores in frames: the end of a scope restores the previous frame.
class Frames {
  #home = new Context()

  run(step) {
    while (this.#home.runInAsyncScope(step));
  }
}

// For stores that are properties of resources.
class Watched extends PerCall {
  #watch = { isTouched: false }
  // Undefined while it is in use, because a nested call must not share it, and for good once a call has written to it.
  #shared = watched(new Context(), this.#watch)

  run(step) {
    const shared = this.#shared
    this.#shared = undefined
    const isOver = shared !== undefined && !runInAsyncScope.call(shared, untilTouched, undefined, step, this.#watch)
    if (!isOver) super.run(step)
    else if (!this.#watch.isTouched) this.#shared = shared
  }

  get isShared() {
    return this.#shared !== undefined
  }
}

// Writes of new properties go to a proxy in the prototype chain, which notices them. The resource itself is not a
// proxy, because Node.js reads its ids for each scope, and a proxy makes that slow.
function watched(resource, watch) {
  const ids = [resource.asyncId(), resource.triggerAsyncId()]
  const stores = Object.create(Context.prototype)
  for (const key of Reflect.ownKeys(resource)) {
    if (ids.includes(resource[key])) continue
    stores[key] = resource[key]
    delete resource[key]
  }
  return Object.setPrototypeOf(resource, new Proxy(stores, {
    set(target, key, value) {
      watch.isTouched = true
      target[key] = value
      return true
    }
  }))
}

// Returns whether another step follows.
function untilTouched(step, watch) {
  do {
    if (!step()) return false
  } while (!watch.isTouched)
  return true
}

// With stores as properties, Node.js tracks every promise from the first use of a storage on, and promises stay slower
// even after the tracking ends. This class writes its store in the same way but does not start the tracking.
class Unfollowed extends AsyncLocalStorage {
  _enable() {}
}

// Tests each write, not only the first: Node.js may keep all stores in one object, as version 24 does without frames.
function writesAreNoticed() {
  const watch = { isTouched: false }
  const storage = new Unfollowed()
  return runInAsyncScope.call(watched(new Context(), watch), () => [1, 2].every((store) => {
    watch.isTouched = false
    storage.enterWith(store)
    return watch.isTouched
  }))
}

function framesKeepApart() {
  const storage = new AsyncLocalStorage()
  const seen = []
  const step = () => {
    seen.push(storage.getStore())
    storage.enterWith(1)
    return seen.length < 2
  }
  new Frames().run(step)
  seen.push(storage.getStore())
  storage.disable()
  return seen.every((store) => store === undefined)
}

// Tries each implementation instead of trusting the version: command-line flags change what Node.js does, and other
// runtimes differ.
function choose() {
  if (holds(writesAreNoticed)) return Watched
  return holds(framesKeepApart) ? Frames : PerCall
}

function holds(check) {
  try {
    return check()
  } catch {
    return false
  }
}

const Contexts = choose()

function captureContexts() {
  return new Contexts()
}

module.exports = { captureContexts, implementations: { Frames, PerCall, Watched } }
