'use strict'

// What a transport tells of the calls that it runs: counted in shared memory, and failures told to the main thread, as
// long as that takes them.

const { serializeFailure } = require('./serialized-errors.js')

class CallRecorder {
  #counts
  #send

  constructor(counts, send) {
    this.#counts = counts
    this.#send = send
  }

  // So many calls begin, each of which ends once: when it has settled, or is given up.
  began(count = 1) {
    this.#counts.began(count)
  }

  ended(count = 1) {
    this.#counts.ended(count)
  }

  // So many calls have begun that have not ended.
  inHand(count) {
    this.#counts.inHand(count)
  }

  // A failure of the function with that index, and of its arguments; of one plain function there is no index, and
  // `args` is its integer. To be called before the answer is posted.
  failed(index, args, error) {
    if (!this.#counts.failed(index)) return
    const bytes = serializeFailure(index, args, error)
    if (this.#counts.admitsReport(bytes.length)) this.#send({ kind: 'failure', bytes })
  }

  // The function's schemas have refused the arguments, so that it was not called.
  refused(index) {
    this.#counts.refused(index)
  }
}

module.exports = { CallRecorder }
