'use strict'

// The instances in which a module's functions run, one after another. The first call that throws ends its instance, and
// the next call makes a new one.
//
// A trap, a stack overflow, an exception or an import that throws leaves functions unfinished. What compiled functions
// restore when they return, such as the stack pointer in memory, is not restored, and after some of these every call
// would trap.

const { initialize, instantiate } = require('./instance.js')

class Instances {
  #module
  #imports
  #initializers
  #served
  #isStarting = false
  // The current instance's functions in the order of `#served`; undefined after the instance has ended.
  #functions

  // Makes the first instance. Throws if that fails. `served` are the exported functions, by name and type.
  constructor(module, imports, initializers, served) {
    this.#module = module
    this.#imports = imports
    this.#initializers = initializers
    this.#served = served
    this.#start()
  }

  // The function at that place, in the current instance. A nested call uses the instance of the outer call, unless that
  // has ended; the outer call continues in its own.
  functionAt(place) {
    const { name, type: { parameters } } = this.#served[place]
    const run = (...values) => {
      const functions = this.#functions ?? this.#startFor(name)
      try {
        return functions[place](...values)
      } catch (error) {
        if (this.#functions === functions) {
          // First, and without a call: there may be no stack left for one.
          this.#functions = undefined
          if (isRefused(parameters, values)) this.#functions = functions
        }
        throw error
      }
    }
    return Object.defineProperty(run, 'length', { value: parameters.length })
  }

  #start() {
    const exports = instantiate(this.#module, this.#imports)
    initialize(exports, this.#initializers)
    this.#functions = this.#served.map(({ name }) => exports[name])
    return this.#functions
  }

  // If it throws, the next call tries again.
  #startFor(name) {
    if (this.#isStarting) {
      throw new Error(
        `The WebAssembly module is being started, and what it imports calls ${name}. Call its functions once it has ` +
          'started.'
      )
    }
    this.#isStarting = true
    try {
      return this.#start()
    } finally {
      this.#isStarting = false
    }
  }
}

// Whether WebAssembly refused an argument, so that the function has not begun. Objects are not converted a second time.
function isRefused(parameters, values) {
  return parameters.some((type, i) => Object(values[i]) !== values[i] && !isTaken(type, values[i]))
}

function isTaken(type, value) {
  try {
    convert(type, value)
    return true
  } catch {
    return false
  }
}

// Converts as WebAssembly does.
function convert(type, value) {
  return type === 'i64' ? BigInt.asIntN(64, value) : +value
}

module.exports = { Instances }
