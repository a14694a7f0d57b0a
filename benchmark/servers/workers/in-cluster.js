'use strict'

// `count` processes of the same script, which share a port in node:cluster's default way: the first process accepts the
// connections and hands them out in turn.

const cluster = require('node:cluster')
const announce = require('../announce')

// `listen()` is called in each of them, and listens on port 0.
module.exports = function inCluster(count, listen) {
  if (!cluster.isPrimary) return listen()
  let missing = count
  cluster.on('listening', (_worker, { port }) => {
    if (--missing === 0) announce(port)
  })
  for (let n = 0; n < count; n++) cluster.fork()
}
