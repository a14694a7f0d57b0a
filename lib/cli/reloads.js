'use strict'

// When `ringcall serve` reloads its module: on SIGHUP and, with --watch, after its files have changed. Each reload
// prints one line, successful or not. If it fails, the previous functions stay in service.

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

  // `file` is the module as the user named it. `folder` is the working folder, which may be a symlink.
  constructor(file, folder) {
    this.#file = file
    this.#folder = folder
  }

  // Call this before the module is loaded, so that no change is missed. `entry` is the module's own file. Returns the
  // number of files that the module consists of. Throws if they cannot be watched.
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

  // Reloads the module. If another request arrives meanwhile, it reloads once more, because the module may have changed
  // after it was read.
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
      // If the server was closed, whoever closed it knows.
      if (this.#server.listening) printError(`${this.#file} was not reloaded: ${summaryOf(error)}`)
    }
  }

  // The working folder's name may mean another folder by now, and Node.js cannot start a thread in a deleted folder.
  #enterFolder() {
    try {
      process.chdir(this.#folder)
    } catch {
      // The reload will fail and report it.
    }
  }

  // The module may import other files by now. If they cannot be watched, it is reloaded all the same.
  #look() {
    try {
      this.#watch?.look()
    } catch (error) {
      printError(`${this.#file} cannot be watched: ${summaryOf(error)}`)
    }
  }
}

module.exports = { Reloads }
