'use strict'

const { serverListen } = require('../..')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const path = process.argv[2]
const where = path ? { path } : { port: 0, host: '127.0.0.1' }
// The same additions as everywhere, so that what differs is what a bigint costs on its way.
const server = serverListen({ engine: 'io_uring', ...where, bigint: true }, (n) => BigInt(fibonacci(Number(n))))

announce(path ?? server.port)
