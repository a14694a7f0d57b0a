'use strict'

const { serverListen } = require('../..')
const fibonacci = require('../fibonacci')
const announce = require('./announce')

const path = process.argv[2]
const server = serverListen(path ? { path } : { port: 0, host: '127.0.0.1' }, async (n) => fibonacci(n))

announce(path ?? server.port)
