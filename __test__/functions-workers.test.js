'use strict'

// The table of cases (cases/README.md) on functions that worker threads run: the answers are the same.

const { BroadcastChannel } = require('node:worker_threads')
const test = require('ava')
const { testCases } = require('./cases/ask.js')
const { functions } = require('./cases/functions.js')
const { serverListen, withResolvers } = require('./helpers.js')

const FUNCTIONS = require.resolve('./cases/worker-module.js')

// Each server by its name. Starting workers takes longer than answering most topics, so the topics with the same server
// use it one after another.
const servers = new Map()

class Server {
  // Resolves when the last topic that has asked for it has ended.
  free = Promise.resolve()
  // The calls of the topic that has it.
  calls = []
  #received = 0
  #noted = new Int32Array(new SharedArrayBuffer(4))
  #channel

  constructor(server) {
    this.#channel = new BroadcastChannel(`calls of the server ${server}`)
    this.#channel.onmessage = ({ data }) => {
      this.#received++
      this.calls.push(data)
      this.told?.()
    }
    const workerOptions = { workerData: { server, channel: this.#channel.name, noted: this.#noted.buffer } }
    const onError = (...args) => this.onError(...args)
    this.running = serverListen({ port: 0, ...functions[server].options, onError, workers: 2, workerOptions }, FUNCTIONS)
  }

  // Resolves when all noted calls have arrived. A function notes its call before it is answered.
  async noted() {
    while (this.#received !== Atomics.load(this.#noted, 0)) await new Promise((resolve) => (this.told = resolve))
  }

  async close() {
    const closed = this.running.close()
    this.running.closeAllConnections()
    await closed
    this.#channel.close()
  }
}

testCases(test, async (t, name, onError) => {
  const server = servers.get(name) ?? servers.set(name, new Server(name)).get(name)
  const { free } = server
  const ended = withResolvers()
  server.free = ended.promise
  t.teardown(() => {
    if (!t.passed) t.log(JSON.stringify({ ...server.running.stats(), functions: undefined }))
    ended.resolve()
  })
  await free
  t.timeout(100_000)
  server.onError = onError
  return server
})

test.after.always(() => Promise.all([...servers.values()].map((server) => server.close())))
