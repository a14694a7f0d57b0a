'use strict'

// What Node tells in a later turn, at once: how a listen went, what a name resolves to, whether somebody answers.
//
// Three things of `node:net` stand in the way, and each has a documented way round:
// - a refused listen is emitted in the next turn; the channel `tracing:net.server.listen:error` is told at once;
// - an address goes through `dns.lookup`, which answers in the next turn, even where there is nothing to look up; for
//   the length of the call it is one that answers at once;
// - a name takes a real lookup, and so does the question whether somebody listens on a path: a worker does that, and
//   this thread waits for it.

const diagnosticsChannel = require('node:diagnostics_channel')
const dns = require('node:dns')
const net = require('node:net')
const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads')

const ANSWER_MS_MAX = 30_000

// Returns what was refused, or nothing.
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

function lookupSync(address, options, callback) {
  const family = net.isIP(address)
  if (options.all) callback(null, [{ address, family }])
  else (callback ?? options)(null, address, family)
}

// Asks something that Node answers asynchronously only, and waits for the answer: an empty one if none comes.
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

module.exports = { askSync, listenSync }
