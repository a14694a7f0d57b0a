'use strict'

// node overload-clients.js PORT CONNECTIONS RATE SECONDS: asks RATE times a second, whatever has been answered, each
// time on an idle connection; with a RATE of 0 each connection asks again when it is answered. Prints `warm` when it
// begins to count, and then a line of JSON: the counts, and the latencies of the answers in microseconds.

const { Client, summary } = require('./client')

const WARM_UP_SECONDS = 1
const BEHIND_MS_MAX = 50

const [port, connections, rate, seconds] = process.argv.slice(2).map(Number)
const counts = { asked: 0, unsent: 0, wrong: 0 }
const latencies = { 200: [], 503: [] }
const free = []
let measuring = false
let n = 0

function ask(client) {
  if (measuring) counts.asked++
  client.ask(`/${n++ % 1000}`)
}

function answered(client, text) {
  const status = text.slice(9, 12)
  const right = status === '200' ? text.endsWith(`\r\n\r\n${client.path.slice(1)}`) : text.includes('\r\nRetry-After: ')
  if (!right || !(status in latencies)) counts.wrong++
  else if (measuring) latencies[status].push(1000 * (performance.now() - client.at))
  if (rate === 0) ask(client)
  else free.push(client)
}

// Sends the requests that are due. After a pause, the client makes up for no more than BEHIND_MS_MAX.
function schedule() {
  let due = performance.now()
  const turn = () => {
    const now = performance.now()
    due = Math.max(due, now - BEHIND_MS_MAX)
    for (; due <= now; due += 1000 / rate) {
      const client = free.pop()
      if (client) ask(client)
      else if (measuring) counts.unsent++
    }
    setTimeout(turn, 1)
  }
  turn()
}

async function main() {
  for (let i = 0; i < connections; i++) free.push(await Client.connect(port, answered))
  if (rate === 0) free.splice(0).forEach(ask)
  else schedule()
  setTimeout(() => {
    measuring = true
    console.log('warm')
    const start = performance.now()
    setTimeout(() => {
      const measured = (performance.now() - start) / 1000
      console.log(JSON.stringify({
        seconds: measured, ...counts, accepted: summary(latencies[200]), refused: summary(latencies[503])
      }))
      process.exit()
    }, seconds * 1000)
  }, WARM_UP_SECONDS * 1000)
}

main()
