'use strict'

// The functions of one server of the table, as a module that worker threads load. What they are called with goes over
// the channel that `workerData` names; `noted` is how many calls have.

const { BroadcastChannel, workerData } = require('node:worker_threads')
const { servers } = require('./functions.js')

const channel = new BroadcastChannel(workerData.channel)
channel.unref()
const noted = new Int32Array(workerData.noted)

function note(...call) {
  channel.postMessage(call)
  Atomics.add(noted, 0, 1)
}

module.exports = servers(note)[workerData.server].handler
