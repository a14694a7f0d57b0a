'use strict'

// node --expose-gc soak/server.js OPTIONS: the server of the soak, in a process of its own, so that what the soak costs
// can be read off it. Its parent sends `look`, which it answers with what it holds, and at last `close`, after which
// nothing keeps it alive.

const { readFileSync, readdirSync } = require('node:fs')
const { serverListen } = require('..')
const { handler } = require('./answers')

let errors = 0
const server = serverListen({ engine: 'io_uring', ...JSON.parse(process.argv[2]), onError: () => errors++ }, handler)

// The second collection frees what the finalizers of the first let go.
function look() {
  globalThis.gc()
  globalThis.gc()
  return {
    rss: 1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
    descriptors: readdirSync('/proc/self/fd').length - 1, // without the one that reads the folder
    threads: readdirSync('/proc/self/task').length,
    errors,
    stats: server.stats()
  }
}

process.on('message', async (message) => {
  if (message === 'look') return process.send(look())
  await server.close()
  process.disconnect()
})
// It does not outlive its parent, whatever ends that.
process.on('disconnect', () => server.close({ timeout: 1 }))

process.send({ port: server.port })
