'use strict'

// node --expose-gc soak/server.js OPTIONS: the servers of the soak, of a plain function and of functions by name, in
// their own process, whose memory, descriptors and threads are the soak's cost. Its parent sends `look`, which it
// answers with these, and in the end `close`, after which nothing keeps it alive.

const { readFileSync, readdirSync } = require('node:fs')
const { serverListen } = require('..')
const { handler } = require('./answers')
const { functions } = require('./functions')

let errors = 0
const options = { engine: 'io_uring', ...JSON.parse(process.argv[2]), onError: () => errors++ }
const server = serverListen(options, handler)
const named = serverListen(options, functions)

// The second collection frees the objects that the finalizers of the first released.
function look() {
  globalThis.gc()
  globalThis.gc()
  return {
    rss: 1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
    descriptors: readdirSync('/proc/self/fd').length - 1, // without the one that reads the folder
    threads: readdirSync('/proc/self/task').length,
    errors,
    stats: added(server.stats(), named.stats())
  }
}

// The sums of both servers' counts.
function added(stats, others) {
  const counts = Object.entries(stats).filter(([, count]) => typeof count === 'number')
  return Object.fromEntries(counts.map(([name, count]) => [name, count + others[name]]))
}

process.on('message', async (message) => {
  if (message === 'look') return process.send(look())
  await Promise.all([server.close(), named.close()])
  process.disconnect()
})
// It does not outlive its parent, however the parent ends.
process.on('disconnect', () => [server, named].forEach((each) => each.close({ timeout: 1 })))

process.send({ port: server.port, namedPort: named.port })
