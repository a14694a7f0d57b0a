'use strict'

// The table of cases (cases/README.md) on functions that worker threads run: what is answered is the same.

const { BroadcastChannel } = require('node:worker_threads')
const test = require('ava')
const { testCases } = require('./cases/ask.js')
const { functions } = require('./cases/functions.js')
const { serve, until } = require('./helpers.js')

const FUNCTIONS = require.resolve('./cases/worker-module.js')

let started = 0

testCases(test, (t, server, onError) => {
  const calls = []
  let received = 0
  const noted = new Int32Array(new SharedArrayBuffer(4))
  const channel = new BroadcastChannel(`calls of the server number ${started++}`)
  channel.onmessage = ({ data }) => {
    received++
    calls.push(data)
  }
  t.teardown(() => channel.close())
  const workerOptions = { workerData: { server, channel: channel.name, noted: noted.buffer } }
  const running = serve(t, { ...functions[server].options, onError, workers: 2, workerOptions }, FUNCTIONS)
  return { running, calls, noted: () => until(() => received === Atomics.load(noted, 0)) }
})
