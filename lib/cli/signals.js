'use strict'

// How `ringcall serve` reacts to signals.

const { closeSync, openSync } = require('node:fs')

// True: this is the first process of a container, for which signals have no default action.
const IS_FIRST = process.pid === 1

// SIGINT and SIGTERM close the server and end the process. A second signal ends it at once.
class CloseOnSignal {
  #endNow
  #server
  #isClosing = false

  // Create it before the module is loaded. Until the server listens, the default action ends the process. The first
  // process of a container has no default action, so it listens from the start. `endNow(signal)` ends the process at
  // once.
  constructor(endNow) {
    this.#endNow = endNow
    if (IS_FIRST) this.#listen()
  }

  // The server listens.
  start(server) {
    this.#server = server
    if (!IS_FIRST) this.#listen()
  }

  #listen() {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => this.#onSignal(signal))
  }

  #onSignal(signal) {
    if (this.#isClosing || this.#server === undefined) return this.#endNow(signal)
    this.#isClosing = true
    // Does not wait for the handler's own timers.
    this.#server.close().then(() => process.exit(0))
  }
}

// Ends the process by the signal's default action. `exit()` would wait for the workers, one of which may be in a system
// call, and the process would ignore signals meanwhile.
function endBySignal(signal) {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  if (IS_FIRST) process.exit(1)
}

// SIGHUP means one of two things: reload the module, or the server's terminal is gone. `serverOf()` is undefined until
// there is a server.
function onHangUp(serverOf, reload) {
  // Windows sends it when a console is closed, and for no other reason.
  if (process.platform === 'win32') return
  const hadTerminal = isOnTerminal()
  process.on('SIGHUP', async () => {
    if (!hadTerminal || isOnTerminal()) return reload()
    await serverOf()?.close()
    // `exit()` would abort: Node.js cannot restore the settings of a terminal that is gone.
    endBySignal('SIGHUP')
  })
}

function isOnTerminal() {
  try {
    closeSync(openSync('/dev/tty'))
    return true
  } catch {
    return false
  }
}

module.exports = { CloseOnSignal, endBySignal, onHangUp }
