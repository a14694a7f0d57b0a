'use strict'

// Listens with a `net.Server` before it returns, and throws what `net.Server` would tell later.
//
// Three things of `node:net` stand in the way, and each has a documented way round:
// - a refused listen is emitted in the next turn; the channel `tracing:net.server.listen:error` is told at once;
// - an address goes through `dns.lookup`, which answers in the next turn, even where there is nothing to look up; for
//   the length of the call it is one that answers at once;
// - a name takes a real lookup, and so does the question whether somebody listens on a path: a worker does that, and
//   this thread waits for it.

const diagnosticsChannel = require('node:diagnostics_channel')
const dns = require('node:dns')
const { lstatSync, unlinkSync } = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads')
const { startRefused } = require('../../errors.js')

// Bytes of a path in a `sockaddr_un`, the final NUL not included; some versions of Node cut a longer one.
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103
const ANSWER_MS_MAX = 30_000
const IN_USE = -os.constants.errno.EADDRINUSE

function listen(server, options) {
  checkReusePort(options)
  const refused = options.path === undefined ? listenOnPort(server, options) : listenOnPath(server, options)
  if (refused !== undefined) throw startRefused(refused, options)
}

function listenOnPort(server, { host, port, backlog, reusePort, ipv6Only }) {
  const address = host === undefined ? undefined : resolve(host)
  const refused = tryToListen(server, { host: address, port, backlog, reusePort, ipv6Only })
  // Node leaves out a port that is 0.
  return refused && { ...refused, address: refused.address ?? address, port }
}

function listenOnPath(server, { path, backlog }) {
  const refused = (errno) => ({ syscall: 'listen', errno, address: path })
  if (process.platform !== 'win32' && Buffer.byteLength(path) > PATH_BYTES_MAX) {
    return refused(-os.constants.errno.ENAMETOOLONG)
  }
  let error = tryToListen(server, { path, backlog })
  if (error?.errno === IN_USE && isStale(path)) {
    // A process that was killed leaves its path behind; nobody listens on it.
    unlinkSync(path)
    error = tryToListen(server, { path, backlog })
  }
  return error && refused(error.errno)
}

// Returns what was refused, or nothing.
function tryToListen(server, where) {
  let refused
  const note = (message) => {
    if (message.server === server) refused = message.error
  }
  const { lookup } = dns
  const channel = diagnosticsChannel.channel('tracing:net.server.listen:error')
  channel.subscribe(note)
  dns.lookup = answerAtOnce
  try {
    // In a cluster each worker has a socket of its own, as a ring has.
    server.listen({ ...where, exclusive: true })
  } finally {
    dns.lookup = lookup
    channel.unsubscribe(note)
  }
  // Node before 20.15 does not say why.
  if (refused === undefined && !server.listening) refused = { syscall: 'listen', message: 'the listen was refused' }
  if (refused === undefined) return undefined
  const { syscall, errno, message, address, port } = refused
  return { syscall, errno, message, address, port }
}

function answerAtOnce(address, options, callback) {
  const family = net.isIP(address)
  if (options.all) callback(null, [{ address, family }])
  else (callback ?? options)(null, address, family)
}

function resolve(host) {
  const bare = /^\[(.*)\]$/.exec(host)?.[1] ?? host
  if (net.isIP(bare)) return bare
  const { address } = ask('lookup', host)
  if (address === undefined) throw startRefused({ syscall: 'getaddrinfo', address: host })
  return address
}

// True: a socket that nobody listens on. Anything else in that place is not ours to remove.
function isStale(path) {
  try {
    return lstatSync(path).isSocket() && ask('connect', path).code === 'ECONNREFUSED'
  } catch {
    return false
  }
}

// Asks something that Node answers asynchronously only, and waits for the answer: an empty one if none comes.
function ask(question, subject) {
  const { port1, port2 } = new MessageChannel()
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(`(${answer})(require)`, {
    eval: true,
    execArgv: [],
    workerData: { question, subject, port: port2, answered },
    transferList: [port2]
  })
  worker.on('error', () => {}).unref()
  Atomics.wait(answered, 0, 0, ANSWER_MS_MAX)
  const { message = {} } = receiveMessageOnPort(port1) ?? {}
  port1.close()
  worker.terminate()
  return message
}

// What the worker runs; only its text travels.
function answer(require) {
  const { port, answered, question, subject } = require('node:worker_threads').workerData
  const reply = (message) => {
    port.postMessage(message)
    Atomics.store(answered, 0, 1)
    Atomics.notify(answered, 0)
  }
  if (question === 'lookup') {
    require('node:dns').lookup(subject, { verbatim: true }, (error, address) => reply({ address }))
  } else {
    const socket = require('node:net').connect(subject)
    socket.on('connect', () => reply({})).on('error', ({ code }) => reply({ code }))
  }
}

// Node before 22.12 and 23.1 ignores the option: the other servers would be refused, or this one.
function checkReusePort({ reusePort, path }) {
  if (!reusePort || path !== undefined) return
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)) return
  const error = new Error(
    `The reusePort option needs io_uring or Node.js 22.12: this is Node.js ${process.versions.node} without io_uring.`
  )
  throw Object.assign(error, { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' })
}

module.exports = { listen }
