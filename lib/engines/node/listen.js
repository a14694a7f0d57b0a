'use strict'

// How a `net.Server` begins to listen, and how it ends.

const net = require('node:net')
const { setImmediate } = require('../../globals.js')
const { startRefused } = require('../../errors.js')
const { askSync, listenSync } = require('./synchronous.js')
const { listenOnPath } = require('./socket-path.js')

// Makes a `net.Server` listen before this returns, and throws the errors that `net.Server` would emit later. Returns
// the file of a Unix domain socket, if it listens on one.
function listen(server, options) {
  checkReusePort(options)
  if (options.path === undefined) return listenOnPort(server, options)
  try {
    return listenOnPath(server, options)
  } catch ({ errno, message }) {
    throw startRefused({ syscall: 'listen', errno, message, address: options.path })
  }
}

function listenOnPort(server, { host, port, backlog, reusePort, ipv6Only }) {
  const address = host === undefined ? undefined : resolve(host)
  const refused = listenSync(server, { host: address, port, backlog, reusePort, ipv6Only })
  if (refused === undefined) return
  // Node's errors omit a port that is 0.
  throw startRefused({ ...refused, address: refused.address ?? address, port }, { reusePort })
}

function resolve(host) {
  // An IPv6 address may be in brackets, as in a URL.
  const bracketed = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : ''
  if (net.isIPv6(bracketed)) return bracketed
  if (net.isIP(host)) return host
  const { address } = askSync('lookup', host)
  if (address === undefined) throw startRefused({ syscall: 'getaddrinfo', address: host })
  return address
}

// Node before 22.12 and 23.1 ignores the option: other servers on the port would be refused, or this one.
function checkReusePort({ reusePort, path }) {
  if (!reusePort || path !== undefined) return
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)) return
  const error = new Error(
    `The reusePort option needs io_uring or Node.js 22.12: this is Node.js ${process.versions.node} without io_uring.`
  )
  throw Object.assign(error, { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' })
}

// Calls back when the kernel's queue of connections is empty, because the kernel resets those in it when the server
// closes. libuv may accept one connection in a turn of the event loop, so the queue is empty after a whole turn that
// accepted none. Connections that keep arriving do not hold this up: there are at most as many turns as the queue has
// places. It ends at once when `isCutting()`.
function whenQueueIsEmpty(server, { backlog }, isCutting, callback) {
  let hasAccepted = true
  let turns = backlog + 1
  const note = () => (hasAccepted = true)
  const look = () => {
    if (hasAccepted && turns-- > 0 && !isCutting()) {
      hasAccepted = false
      return setImmediate(look)
    }
    server.removeListener('connection', note)
    callback()
  }
  server.on('connection', note)
  setImmediate(look)
}

module.exports = { listen, whenQueueIsEmpty }
