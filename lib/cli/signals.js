'use strict'

// What `ringcall serve` does on signals.

const { closeSync, openSync } = require('node:fs')

// The first process of a container, which no signal ends that it does not listen for.
const IS_FIRST = process.pid === 1

// Has SIGINT and SIGTERM close the server and end the process.
class CloseOnSignal {
  #endNow
  #server
  #isClosing = false

  // To be made before the module is loaded. Meanwhile either ends the process, where somebody need not listen for that;
  // where somebody must, it is not lost. `endNow(signal)` is for who does not want to wait.
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
    // A handler's own timers do not keep it.
    this.#server.close().then(() => process.exit(0))
  }
}

// Ends the process as that signal does where nobody listens for it. exit() would wait for the workers, one of which may
// be in a system call, and a signal would not be heard meanwhile.
function endBySignal(signal) {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  if (IS_FIRST) process.exit(1)
}

// SIGHUP means two things: that the module is to be loaded anew, and that the terminal is gone that the server runs in.
// `serverOf()` is undefined before there is one.
function onHangUp(serverOf, reload) {
  // On Windows a console that is closed sends it, and nothing else does.
  if (process.platform === 'win32') return
  const hadTerminal = isOnTerminal()
  process.on('SIGHUP', async () => {
    if (!hadTerminal || isOnTerminal()) return reload()
    await serverOf()?.close()
    // By exit() Node.js would abort: it cannot set such a terminal back to what it was.
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
