'use strict'

// Gets at once what Node reports in a later turn: the result of a listen, of a name lookup, of a connection attempt.
//
// Three things in `node:net` stand in the way, and each has a documented way around it:
// - A refused listen is emitted in the next turn. The channel `tracing:net.server.listen:error` has it at once.
// - An address goes through `dns.lookup`, which answers in the next turn even if there is nothing to look up. During
//   the call of `listen`, `dns.lookup` is a function that answers at once.
// - A name needs a real lookup, and a connection attempt needs the event loop. A worker does these while this thread
//   waits.

const diagnosticsChannel = require('node:diagnostics_channel')
const dns = require('node:dns')
const net = require('node:net')
const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads')

const ANSWER_MS_MAX = 30_000

// Returns the error of a refused listen, or undefined.
function listenSync(server, where) {
  let refused
  const note = (message) => {
    if (message.server === server) refused = message.error
  }
  const { lookup } = dns
  const channel = diagnosticsChannel.channel('tracing:net.server.listen:error')
  channel.subscribe(note)
  dns.lookup = lookupSync
  try {
    // In a cluster, each worker has a socket of its own, as a ring has.
    server.listen({ ...where, exclusive: true })
  } finally {
    dns.lookup = lookup
    channel.unsubscribe(note)
  }
  // Node before 20.15 does not report the reason.
  if (refused === undefined && !server.listening) refused = { syscall: 'listen', message: 'the listen was refused' }
  if (refused === undefined) return undefined
  const { syscall, errno, message, address, port } = refused
  return { syscall, errno, message, address, port }
}

function lookupSync(address, options, callback) {
  const family = net.isIP(address)
  if (options.all) callback(null, [{ address, family }])
  else (callback ?? options)(null, address, family)
}

// Runs an asynchronous question in a worker and waits for its answer, which is empty if none arrives in time.
function askSync(question, subject) {
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

// The worker's program. Only its text is passed to the worker.
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

module.exports = { askSync, listenSync }
