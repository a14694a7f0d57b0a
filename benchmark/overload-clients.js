'use strict'

// node overload-clients.js PORT CONNECTIONS RATE SECONDS: asks RATE times a second whatever is answered, each time on a
// connection that waits for nothing; with a RATE of 0 each connection asks again when it is answered. Prints `warm` when
// it begins to count, and then a line of JSON: the counts, and the latencies of the answers in microseconds.

const { once } = require('node:events')
const net = require('node:net')

const WARM_UP_SECONDS = 1
const BEHIND_MS_MAX = 50

const [port, connections, rate, seconds] = process.argv.slice(2).map(Number)
const counts = { asked: 0, unsent: 0, wrong: 0 }
const latencies = { 200: [], 503: [] }
const free = []
let measuring = false
let n = 0

async function connect() {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setNoDelay(true).setEncoding('latin1')
  const client = { socket, n: 0, at: 0, text: '' }
  socket.on('data', (text) => {
    client.text += text
    if (isWhole(client.text)) answered(client)
  })
  return client
}

function isWhole(text) {
  const end = text.indexOf('\r\n\r\n')
  return end !== -1 && text.length >= end + 4 + Number(/Content-Length: (\d+)/.exec(text)[1])
}

function ask(client) {
  client.n = n++ % 1000
  client.text = ''
  client.at = performance.now()
  if (measuring) counts.asked++
  client.socket.write(`POST /${client.n} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
}

function answered(client) {
  const { text } = client
  const status = text.slice(9, 12)
  const right = status === '200' ? text.endsWith(`\r\n\r\n${client.n}`) : text.includes('\r\nRetry-After: ')
  if (!right || !(status in latencies)) counts.wrong++
  else if (measuring) latencies[status].push(1000 * (performance.now() - client.at))
  if (rate === 0) ask(client)
  else free.push(client)
}

// What is due is asked; a client that was paused does not make up for more than that.
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

function percentile(sorted, p) {
  return Math.round(sorted[Math.ceil((sorted.length * p) / 100) - 1] ?? 0)
}

function summary(values) {
  const sorted = Float64Array.from(values).sort()
  return { count: values.length, p50: percentile(sorted, 50), p99: percentile(sorted, 99), max: percentile(sorted, 100) }
}

async function main() {
  for (let i = 0; i < connections; i++) free.push(await connect())
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
