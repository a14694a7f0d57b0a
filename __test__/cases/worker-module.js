'use strict'

// The functions of one server of the table, as a module that worker threads load. Each call goes with its
// arguments over the channel that `workerData` names; `noted` counts them.

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
