'use strict'

// Fibonacci in several processes, all on one port: for functions that may crash their process, for example with their own
// addon, or with one huge allocation. workers.js needs less memory, and there a free worker takes the next call; here the
// kernel distributes connections.
//
// SIGHUP replaces the processes one by one with new ones, which read the code again, and no request already sent is lost;
// SIGTERM ends them all. A process that dies is replaced.
//
//   PORT     [8000]
//   WORKERS  how many processes [one for each core]
//
// A connection that is being set up at the moment a process stops listening may be reset, before its request is sent,
// unless the sysctl net.ipv4.tcp_migrate_req is 1.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { availableParallelism } = require('node:os')
const { setTimeout: delay } = require('node:timers/promises')
const { serverListen } = require('ringcall')

const CLOSE_TIMEOUT_MS = 20_000
const RESTART_DELAY_MS = 1000

if (process.argv[2] === 'worker') serve()
else main()

function serve() {
  const server = serverListen({ port: Number(process.env.PORT), reusePort: true }, require('./fibonacci.js'))
  // The terminal sends Ctrl-C to all processes; only the primary acts on it.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
  // The primary tells it to close, or has ended.
  process.on('SIGTERM', close)
  process.on('disconnect', close)
  process.send?.(server.port)
  async function close() {
    await server.close({ timeout: CLOSE_TIMEOUT_MS })
    if (process.connected) process.disconnect()
  }
}

async function main() {
  const { PORT = '8000', WORKERS = String(availableParallelism()) } = process.env
  const count = integer('WORKERS', WORKERS, 1, 1024)
  let port = integer('PORT', PORT, 0, 65535)
  let isEnding = false
  let busy = Promise.resolve()
  /** @type {Set<import('node:child_process').ChildProcess>} */
  const workers = new Set()

  // Resolves when the worker is listening.
  async function start() {
    const worker = fork(__filename, ['worker'], { env: { ...process.env, PORT: String(port) } })
    worker.on('exit', () => {
      // It was not told to end: it has failed.
      if (workers.delete(worker) && !isEnding) replace()
    })
    const [message] = await Promise.race([once(worker, 'message'), once(worker, 'exit').then(() => [])])
    if (message === undefined) throw new Error('a worker could not be started')
    // With port 0 all use the port of the first one.
    port = message
    if (isEnding) return stop(worker)
    workers.add(worker)
  }

  /** @param {import('node:child_process').ChildProcess} worker */
  async function stop(worker) {
    workers.delete(worker)
    worker.kill('SIGTERM')
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
  }

  async function replace() {
    console.error('a worker has died')
    await delay(RESTART_DELAY_MS)
    if (!isEnding && workers.size < count) await start().catch(replace)
  }

  // The new one listens before the old one stops. One that has died meanwhile has already been replaced.
  async function restart() {
    for (const worker of [...workers]) {
      if (isEnding) return
      if (!workers.has(worker)) continue
      await start()
      await stop(worker)
    }
    console.log('restarted')
  }

  for (let i = 0; i < count; i++) await start()
  process.on('SIGHUP', () => {
    busy = busy.then(restart).catch((error) => console.error(error.message))
  })
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      isEnding = true
      await busy
      await Promise.all([...workers].map(stop))
    })
  }
  console.log(`${count} workers listen on port ${port} (POST /15 answers 610), process ${process.pid}`)
}

/** @param {string} name @param {string} text @param {number} min @param {number} max */
function integer(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  console.error(`${name} must be an integer from ${min} to ${max}, not ${JSON.stringify(text)}.`)
  process.exit(1)
}
