'use strict'

// Keeps a server running after the readers of its output are gone. Its requests do not depend on them.

function ignoreBrokenPipes() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {})
    // Workers print through pipes. After an error a pipe stops flowing, and its data would accumulate in memory.
    stream.on('unpipe', (source) => source.resume())
  }
}

module.exports = { ignoreBrokenPipes }
