'use strict'

const { serverListen } = require('../..')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const path = process.argv[2]
const where = path ? { path } : { port: 0, host: '127.0.0.1' }
const server = serverListen({ engine: 'io_uring', ...where, ringThreads: 2 }, fibonacci)

announce(path ?? server.port)
