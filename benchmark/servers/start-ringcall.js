'use strict'

// The start that the variants of ringcall here share.

const { serverListen } = require('../..')
const announce = require('./announce')

module.exports = function startRingcall(options, handler) {
  const path = process.argv[2]
  const where = path ? { path } : { port: 0, host: '127.0.0.1' }
  const server = serverListen({ engine: 'io_uring', ...where, ...options }, handler)
  announce(path ?? server.port)
}
