'use strict'

// Every server here is a child of the benchmark: `node servers/NAME.js [unix socket path]`. It listens on a free port
// of the loopback, or on the path, prints `PORT n` or `PATH p`, and ends when its standard input is closed, which
// happens however the benchmark ends.

const process = require('node:process') // for Deno, which has no such global in CommonJS files

module.exports = function announce(where) {
  process.stdin.resume().on('close', () => process.exit())
  console.log(typeof where === 'string' ? `PATH ${where}` : `PORT ${where}`)
}
