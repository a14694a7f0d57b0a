'use strict'

// node ringcall.js MODULE WORKERS [PORT RING_THREADS]: with 0 workers the function runs in the main thread. A port
// other than `none` is shared by several of these processes.

const { serverListen } = require('../../..')
const announce = require('../announce')

const [file, count, port = 'none', rings = '1'] = process.argv.slice(2)
const workers = Number(count)
const where = port === 'none' ? { port: 0 } : { port: Number(port), reusePort: true }
const options = { engine: 'io_uring', host: '127.0.0.1', ...where, ringThreads: Number(rings) }

const server = workers === 0
  ? serverListen(options, require(file))
  : serverListen({ ...options, workers }, file)

announce(server.port)
