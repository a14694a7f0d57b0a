'use strict'

// node idle-clients.js PORT COUNT: opens COUNT connections, sends one request on each, keeps them all open, and prints
// how many were answered.

const { once } = require('node:events')
const net = require('node:net')

const AT_ONCE = 100 // fewer than any server's backlog

const [port, count] = process.argv.slice(2).map(Number)
const open = []

async function connect() {
  const socket = net.connect(port, '127.0.0.1')
  socket.write('POST /15 HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  open.push(socket)
}

async function main() {
  while (open.length < count) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - open.length) }, connect))
  }
  process.stdin.resume().on('close', () => process.exit())
  console.log(open.length)
}

main()
