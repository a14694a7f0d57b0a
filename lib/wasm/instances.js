'use strict'

// The instances that a module's functions run in, one after another: the first call that throws ends its instance, and
// the next call makes a new one.
//
// A trap, a stack overflow, an exception or an import that throws leaves functions in the middle: what compilers have a
// function put back when it returns, such as the pointer to their stack in the memory, is not put back. After some of
// those every call would trap.

const { initialize, instantiate } = require('./instance.js')

class Instances {
  #module
  #imports
  #initializers
  #served
  #isStarting = false
  // The functions of the one that there is, in the order of those that are served; undefined where it has ended.
  #functions

  // Makes the first one, and throws what stands in the way. `served` are its exported functions, by name and type.
  constructor(module, imports, initializers, served) {
    this.#module = module
    this.#imports = imports
    this.#initializers = initializers
    this.#served = served
    this.#start()
  }

  // The function at that place, in whichever instance there is. A call within a call has the instance of the outer one,
  // unless that has ended; the outer one goes on in its own.
  functionAt(place) {
    const { name, type: { parameters } } = this.#served[place]
    const run = (...values) => {
      const functions = this.#functions ?? this.#startFor(name)
      try {
        return functions[place](...values)
      } catch (error) {
        if (this.#functions === functions) {
          // First, and not by a call: there may be no stack left for one.
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

  // Where it throws, the next call tries again.
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

// Whether the function has not begun, as WebAssembly takes no such argument. An object is not converted once more.
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

// As WebAssembly does.
function convert(type, value) {
  return type === 'i64' ? BigInt.asIntN(64, value) : +value
}

module.exports = { Instances }
