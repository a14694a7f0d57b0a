'use strict'

// Shared by the load generators that ask at times of their own: a connection with one request at a time, and a summary
// of its waits.

const { once } = require('node:events')
const net = require('node:net')

class Client {
  #socket
  #text = ''

  // `onAnswer(client, text)` is called with each answer, from its status line on.
  static async connect(port, onAnswer) {
    const socket = net.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Client(socket.setNoDelay(true).setEncoding('latin1'), onAnswer)
  }

  constructor(socket, onAnswer) {
    this.#socket = socket
    // When it last asked, and for which path.
    this.at = 0
    this.path = ''
    socket.on('data', (text) => {
      this.#text += text
      if (isWhole(this.#text)) onAnswer(this, this.#text)
    })
  }

  ask(path) {
    this.#text = ''
    this.path = path
    this.at = performance.now()
    this.#socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  }
}

function isWhole(text) {
  const end = text.indexOf('\r\n\r\n')
  return end !== -1 && text.length >= end + 4 + Number(/^content-length: *(\d+)/im.exec(text)[1])
}

function summary(values) {
  const sorted = Float64Array.from(values).sort()
  const [p50, p99, max] = [50, 99, 100].map((p) => percentile(sorted, p))
  return { count: values.length, p50, p99, max }
}

function percentile(sorted, p) {
  return Math.round(sorted[Math.ceil((sorted.length * p) / 100) - 1] ?? 0)
}

module.exports = { Client, summary }
