'use strict'

// A cluster of one worker, which serves; its first call has the primary disconnect it. Prints the port, and when the worker
// has ended.

const cluster = require('node:cluster')

if (cluster.isPrimary) {
  cluster.fork().on('message', (port) => {
    if (port === 'called') cluster.disconnect(() => console.log('disconnected'))
    else console.log(port)
  })
} else {
  const { serverListen } = require(process.argv[2])
  const server = serverListen({ port: 0, host: '127.0.0.1' }, (n) => {
    process.send('called')
    return n
  })
  // Node.js would warn of eleven listeners.
  for (let i = 0; i < 11; i++) serverListen({ port: 0, host: '127.0.0.1' }, (n) => n)
  process.send(server.port)
}
