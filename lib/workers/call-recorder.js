'use strict'

// Records the calls that a transport runs: counts them in shared memory, and sends failures to the main thread as long
// as it reads them.

const { serializeFailure } = require('./serialized-errors.js')

class CallRecorder {
  #counts
  #send

  constructor(counts, send) {
    this.#counts = counts
    this.#send = send
  }

  // This many calls begin. Each of them ends once: when it has settled or is abandoned.
  began(count = 1) {
    this.#counts.began(count)
  }

  ended(count = 1) {
    this.#counts.ended(count)
  }

  // This many calls have begun and have not ended.
  inHand(count) {
    this.#counts.inHand(count)
  }

  // A call of the function with that index failed. For a plain function, `index` is undefined and `args` is the
  // integer. Call it before the answer is posted.
  failed(index, args, error) {
    if (!this.#counts.failed(index)) return
    const bytes = serializeFailure(index, args, error)
    if (this.#counts.admitsReport(bytes.length)) this.#send({ kind: 'failure', bytes })
  }

  // The function's schemas have refused the arguments, so it was not called.
  refused(index) {
    this.#counts.refused(index)
  }
}

module.exports = { CallRecorder }
