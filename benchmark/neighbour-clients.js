'use strict'

// node neighbour-clients.js PORT QUICK SLOW RATE CONNECTIONS SECONDS: one connection asks for SLOW rounds again and
// again, and others in turn for QUICK rounds, RATE times a second at random times, whatever has been answered. Prints a
// line of JSON: how long each waited, and how late the quick ones were sent, in microseconds.

const { Client, summary } = require('./client')
const { busy } = require('./functions')
const { random } = require('./requests')

const WARM_UP_SECONDS = 1

const [port, quickRounds, slowRounds, rate, connections, seconds] = process.argv.slice(2).map(Number)
const quick = kind('quick', quickRounds)
const slow = kind('slow', slowRounds)
const free = []
const late = []
let failed = 0
let pending = 0
let asking = true
let measuring = false

function kind(name, rounds) {
  return { path: `/${name}/${rounds}`, answer: String(busy(rounds)), waits: [] }
}

function ask(client, { path }) {
  pending++
  client.counts = measuring
  client.ask(path)
}

function take(client, text, { answer, waits }) {
  pending--
  if (!text.startsWith('HTTP/1.1 200 ') || !text.endsWith(`\r\n\r\n${answer}`)) failed++
  else if (client.counts) waits.push(1000 * (performance.now() - client.at))
}

// The same times in every run.
function schedule() {
  const next = random()
  let due = performance.now()
  const turn = () => {
    const now = performance.now()
    for (; asking && due <= now; due -= (1000 * Math.log(1 - next())) / rate) {
      if (measuring) late.push(1000 * (performance.now() - due))
      const client = free.shift()
      if (client) ask(client, quick)
      else failed++
    }
    if (asking) setTimeout(turn, due - performance.now())
  }
  turn()
}

function onQuick(client, text) {
  take(client, text, quick)
  free.push(client)
  endWhenDone()
}

function onSlow(client, text) {
  take(client, text, slow)
  if (asking) ask(client, slow)
  endWhenDone()
}

// All pending answers are waited for, so that the longest waits are counted.
function endWhenDone() {
  if (asking || pending > 0) return
  console.log(JSON.stringify({
    requests: quick.waits.length, failed, quick: summary(quick.waits), slow: summary(slow.waits), late: summary(late)
  }))
  process.exit()
}

async function main() {
  for (let i = 0; i < connections; i++) free.push(await Client.connect(port, onQuick))
  ask(await Client.connect(port, onSlow), slow)
  schedule()
  setTimeout(() => {
    measuring = true
    setTimeout(() => {
      asking = false
      endWhenDone()
    }, seconds * 1000)
  }, WARM_UP_SECONDS * 1000)
}

main()
