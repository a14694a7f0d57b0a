'use strict'

// node pressure-clients.js half-bodies|slow-readers PORT COUNT SIZE: opens COUNT connections, brings each to the point
// where a slow client keeps the server waiting, and prints the answers until then. At the first byte of its standard
// input it goes on to the end and prints the answers again. Both are lines of JSON.
//
// half-bodies: each sends half of a body of SIZE bytes. slow-readers: each asks for SIZE bytes and reads no more than
// the start.

const { once } = require('node:events')
const net = require('node:net')

const AT_ONCE = 100 // fewer than any server's backlog
const END_SECONDS_MAX = 60

const [kind, port, count, size] = process.argv.slice(2).map((text, i) => i === 0 ? text : Number(text))

const body = Buffer.from(`{"text":"${'x'.repeat(size - 11)}"}`)
const half = body.subarray(0, size / 2)
const rest = body.subarray(size / 2)
const question = JSON.stringify({ count: size })

const KINDS = {
  'half-bodies': {
    begin(client) {
      client.socket.write(head('/count', size))
      client.socket.on('data', (chunk) => take(client, chunk))
      return new Promise((resolve) => client.socket.write(half, resolve))
    },
    end: ({ socket }) => socket.write(rest)
  },
  'slow-readers': {
    async begin(client) {
      const { socket } = client
      socket.write(`${head('/repeat', question.length)}${question}`)
      await Promise.race([once(socket, 'readable'), client.closed])
    },
    // Nothing has been taken off the stream, so it has read about 64 KiB ahead and then stopped.
    end: (client) => client.socket.on('data', (chunk) => take(client, chunk)).resume()
  }
}

function head(path, length) {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${length}\r\n\r\n`
}

// Notes each answer when its body is here: its status, or `cut` if the connection ended before that.
async function connect() {
  const socket = net.connect(port, '127.0.0.1')
  const client = { socket, head: '', missing: undefined, outcome: undefined, closed: undefined, done: undefined }
  socket.on('error', () => {})
  client.closed = once(socket, 'close')
  client.done = new Promise((resolve) => { client.finish = resolve })
  client.closed.then(() => finish(client, 'cut'))
  await Promise.race([KINDS[kind].begin(client), client.closed])
  return client
}

function take(client, chunk) {
  if (client.missing === undefined) {
    client.head += chunk.toString('latin1')
    const end = client.head.indexOf('\r\n\r\n')
    if (end === -1) return
    client.missing = Number(/^content-length: *(\d+)/im.exec(client.head)?.[1] ?? 0) - (client.head.length - end - 4)
  } else {
    client.missing -= chunk.length
  }
  if (client.missing <= 0) finish(client, client.missing < 0 ? 'too long' : client.head.slice(9, 12))
}

function finish(client, outcome) {
  client.outcome ??= outcome
  client.finish()
}

function outcomes(clients) {
  const counts = {}
  for (const { outcome = 'open' } of clients) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

async function main() {
  const clients = []
  while (clients.length < count) {
    clients.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, connect)))
  }
  console.log(JSON.stringify(outcomes(clients)))
  await once(process.stdin, 'data')
  process.stdin.on('close', () => process.exit())
  for (const client of clients) if (!client.outcome) KINDS[kind].end(client)
  const late = new Promise((resolve) => setTimeout(resolve, END_SECONDS_MAX * 1000))
  await Promise.race([Promise.all(clients.map(({ done }) => done)), late])
  console.log(JSON.stringify(outcomes(clients)))
}

main()
