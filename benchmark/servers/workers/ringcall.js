'use strict'

// With 0 workers the function runs in the main thread. With a port, several of them share it.

const { serverListen } = require('../../..')
const announce = require('../announce')

const [file, count, port] = process.argv.slice(2)
const workers = Number(count)
const options = { engine: 'io_uring', host: '127.0.0.1', port: Number(port ?? 0), reusePort: port !== undefined }

const server = workers === 0
  ? serverListen(options, require(file))
  : serverListen({ ...options, workers }, file)

announce(server.port)
