'use strict'

// When `ringcall serve` loads its module anew: on SIGHUP and, with --watch, when its files have changed. Each time is
// told in a line, whether the module has loaded or not; where it has not, the functions of before go on.

const { printError } = require('./arguments.js')
const { summaryOf } = require('./failures.js')
const { Watch } = require('./watch.js')

class Reloads {
  #file
  #folder
  #server
  #onReloaded
  #watch
  #isRunning = false
  #isWanted = false

  // `file` is the module as the user has named it, `folder` the working folder, which may be a link.
  constructor(file, folder) {
    this.#file = file
    this.#folder = folder
  }

  // To be called before the module is loaded, so that no change is missed: `entry` is its own file. Returns of how many
  // files it is made, and throws where they cannot be watched.
  watch(entry) {
    this.#watch = new Watch(entry, () => this.request())
    this.#watch.look()
    return this.#watch.fileCount
  }

  // The server listens.
  start(server, onReloaded) {
    this.#server = server
    this.#onReloaded = onReloaded
    if (this.#isWanted) this.request()
  }

  // Loads it anew and, where that is asked for meanwhile, once more: it may have changed after it was read.
  async request() {
    this.#isWanted = true
    if (this.#server === undefined || this.#isRunning) return
    this.#isRunning = true
    while (this.#isWanted) {
      this.#isWanted = false
      await this.#reload()
    }
    this.#isRunning = false
  }

  async #reload() {
    this.#enterFolder()
    this.#look()
    try {
      await this.#server.reload()
      this.#onReloaded()
    } catch (error) {
      // Whoever has closed the server knows.
      if (this.#server.listening) printError(`${this.#file} was not reloaded: ${summaryOf(error)}`)
    }
  }

  // By its name it may be another one by now, and Node.js starts no thread in one that was deleted.
  #enterFolder() {
    try {
      process.chdir(this.#folder)
    } catch {
      // That the module does not load is told.
    }
  }

  // The module may import other files by now. That these cannot be watched is no reason not to load it.
  #look() {
    try {
      this.#watch?.look()
    } catch (error) {
      printError(`${this.#file} cannot be watched: ${summaryOf(error)}`)
    }
  }
}

module.exports = { Reloads }
