'use strict'

// Fibonacci on every core: worker threads run fibonacci.js, and any free worker takes the next call. A slow call delays no
// other as long as another worker is free; an endless call is answered with 503, and its worker is replaced. SIGHUP reloads
// fibonacci.js without losing a request; SIGTERM ends the server.
//
//   PORT     [8000]
//   WORKERS  how many [one for each core except the ring thread's]

const { subscribe } = require('node:diagnostics_channel')
const path = require('node:path')
const { serverListen } = require('ringcall')

const CLOSE_TIMEOUT_MS = 20_000

const { PORT = '8000', WORKERS } = process.env

const server = serverListen({
  port: integer('PORT', PORT, 0, 65535),
  workers: WORKERS === undefined ? 'auto' : integer('WORKERS', WORKERS, 1, 1024),
  // An option of `new Worker`: a worker that needs more ends, and is replaced, before the process runs out of memory.
  workerOptions: { resourceLimits: { maxOldGenerationSizeMb: 256 } },
  // If a worker has ended, the arguments of its call may be lost.
  onError: (error, n) => console.error(`fibonacci(${n ?? '…'}) failed:`, error)
}, path.join(__dirname, 'fibonacci.js'))

subscribe('ringcall:worker-exit', (message) => {
  const { error, exitCode, restartIn } = /** @type {import('ringcall').WorkerExitMessage} */ (message)
  console.error(`a worker has ended with ${exitCode}; the next one starts in ${restartIn} ms:`, error)
})

process.on('SIGHUP', async () => {
  try {
    await server.reload()
    console.log('reloaded')
  } catch (error) {
    // The old functions still serve.
    console.error('not reloaded:', error)
  }
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close({ timeout: CLOSE_TIMEOUT_MS }))

const count = server.stats().workers?.length
const workers = count === 1 ? '1 worker' : `${count} workers`
console.log(`listening on ${server.url} (POST /15 answers 610), ${workers}, process ${process.pid}`)

/** @param {string} name @param {string} text @param {number} min @param {number} max */
function integer(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  console.error(`${name} must be an integer from ${min} to ${max}, not ${JSON.stringify(text)}.`)
  process.exit(1)
}
