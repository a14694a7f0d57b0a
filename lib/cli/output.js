'use strict'

// A server goes on where nobody reads any more what it prints: its requests are not about that.

function ignoreBrokenPipes() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {})
    // What workers print comes through pipes, which are left as they are on an error: it would be kept in their memory.
    stream.on('unpipe', (source) => source.resume())
  }
}

module.exports = { ignoreBrokenPipes }
