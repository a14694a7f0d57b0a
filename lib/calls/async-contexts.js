'use strict'

// An async context for each call of the handler: it begins as the one in which the server was started, as node:http's
// handlers begin in that of `listen()`, and what the call does to it (`AsyncLocalStorage.enterWith`) is seen by all that
// the call sets off, and by no other call.
//
// An engine calls `captureContexts()` when its server starts, and `run(step)` where it calls the handler: `step` runs one
// call, failures and `onError` included, and returns whether another one is to follow. A step may call `run`, too, as a
// handler does that turns the event loop.
//
// Node.js keeps stores in one of two places. Since 24 it keeps them in a frame that V8 carries along, and a resource's
// scope exchanges frames: one resource serves all calls, at some 10 ns a call. Before, it keeps them as properties of the
// resource that is executing. A resource for each call would take 60 to 170 ns, up to a third of a pipelined request, so
// calls share one that tells when it is written to, at 2 ns a call. Once a call has written to it, each gets its own.

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks')

const { runInAsyncScope } = AsyncResource.prototype

class Context extends AsyncResource {
  constructor() {
    super('RINGCALL')
  }

  // For tools that look for what keeps a process alive, as jest's --detectOpenHandles does: this does not.
  hasRef() {
    return false
  }
}

// Wherever stores are.
class PerCall {
  #home = new Context()

  run(step) {
    this.#home.runInAsyncScope(eachInItsOwn, undefined, step)
  }
}

function eachInItsOwn(step) {
  while (new Context().runInAsyncScope(step));
}

// Where stores are in frames: the end of a scope puts back the frame from before it.
class Frames {
  #home = new Context()

  run(step) {
    while (this.#home.runInAsyncScope(step));
  }
}

// Where stores are properties of resources.
class Watched extends PerCall {
  #watch = { isTouched: false }
  // Undefined while it is in use, as a call that runs within another must not share it, and for good once it is touched.
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

// Whatever is written to the resource, and is no part of it, goes to a proxy behind it, which tells. The resource itself
// is none, as Node.js reads its ids for each scope, and that from a proxy is slow.
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

// Returns whether another step is to follow.
function untilTouched(step, watch) {
  do {
    if (!step()) return false
  } while (!watch.isTouched)
  return true
}

// Where stores are properties, Node.js follows every promise from the first use of a storage on, and promises stay slower
// even when that ends. This one writes its store in the same way, but is no such use.
class Unfollowed extends AsyncLocalStorage {
  _enable() {}
}

// Each write, not only the first one: Node.js may keep what it writes in one object, as 24 does without frames.
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

// It is tried, not concluded from a version: command line flags change what Node.js does, and other runtimes differ.
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
