'use strict'

// Fibonacci in several threads of one process, all on one port: cluster.js with less memory and less isolation. SIGHUP
// replaces the threads one by one with fresh ones, and no request that was sent is lost; SIGTERM ends them all.
//
//   PORT     [8000]
//   WORKERS  how many [one for each core]

const { once } = require('node:events')
const { availableParallelism } = require('node:os')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { serverListen } = require('ringcall')

const CLOSE_TIMEOUT_MS = 20_000

if (isMainThread) main()
else serve()

function serve() {
  const server = serverListen({ port: workerData, reusePort: true }, fibonacci)
  parentPort?.postMessage(server.port)
  // The one message that there is: close. A thread ends when nothing keeps it.
  parentPort?.once('message', () => server.close({ timeout: CLOSE_TIMEOUT_MS }))
}

async function main() {
  const { PORT = '8000', WORKERS = String(availableParallelism()) } = process.env
  const count = integer('WORKERS', WORKERS, 1, 1024)
  let port = integer('PORT', PORT, 0, 65535)
  let isEnding = false
  let busy = Promise.resolve()
  /** @type {Set<Worker>} */
  const workers = new Set()

  // Resolves when the worker listens. An error in one that nobody handles ends the process, and with it all of them: in
  // one process there is no saying what else it has broken.
  async function start() {
    const worker = new Worker(__filename, { workerData: port })
    ;[port] = await once(worker, 'message')
    workers.add(worker)
    worker.once('exit', () => workers.delete(worker))
  }

  /** @param {Worker} worker */
  async function stop(worker) {
    // One that has ended by itself.
    if (!workers.has(worker)) return
    worker.postMessage('close')
    await once(worker, 'exit')
  }

  // The new one listens before the old one stops.
  async function restart() {
    for (const worker of [...workers]) {
      if (isEnding) return
      await start()
      await stop(worker)
    }
    console.log('restarted')
  }

  async function end() {
    isEnding = true
    await busy
    await Promise.all([...workers].map(stop))
  }

  for (let i = 0; i < count; i++) await start()
  process.on('SIGHUP', () => {
    busy = busy.then(restart)
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end)
  console.log(`${count} workers listen on port ${port} (POST /15 answers 610), process ${process.pid}`)
}

/** @param {string} name @param {string} text @param {number} min @param {number} max */
function integer(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  console.error(`${name} must be an integer from ${min} to ${max}, not ${JSON.stringify(text)}.`)
  process.exit(1)
}

/** @param {number} n */
function fibonacci(n) {
  if (n > 10_000) throw Object.assign(new RangeError('N is at most 10000.'), { statusCode: 400 })
  let [a, b] = [0n, 1n]
  for (let i = 0; i < n; i++) [a, b] = [b, a + b]
  return a
}
