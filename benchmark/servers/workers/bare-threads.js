'use strict'

// node bare-threads.js THREADS ROUNDS: the throughput of THREADS threads that do nothing but call a function of ROUNDS
// rounds. Prints `READY` and, for each line of its standard input, a number of seconds, a line of JSON: the calls.

const { once } = require('node:events')
const readline = require('node:readline')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { busy } = require('../../functions')

const WARM_UP_SECONDS = 0.2

function calls(rounds, seconds) {
  const end = performance.now() + seconds * 1000
  let count = 0
  for (; performance.now() < end; count++) busy(rounds)
  return count
}

async function main() {
  const [threads, rounds] = process.argv.slice(2).map(Number)
  const workers = Array.from({ length: threads }, () => new Worker(__filename, { workerData: rounds }))
  const ask = (seconds) => Promise.all(workers.map(async (worker) => {
    worker.postMessage(seconds)
    const [count] = await once(worker, 'message')
    return count
  }))
  await ask(WARM_UP_SECONDS)
  process.stdin.on('close', () => process.exit())
  console.log('READY')
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const counts = await ask(Number(line))
    console.log(JSON.stringify({ requests: counts.reduce((sum, count) => sum + count), seconds: Number(line) }))
  }
}

if (isMainThread) main()
else parentPort.on('message', (seconds) => parentPort.postMessage(calls(workerData, seconds)))
