'use strict'

// A server that answers wrong or out of order, or checks nothing, would be fast.

const net = require('node:net')
const { busy } = require('./functions')
const { ANSWER, TARGET } = require('./load')
const { REQUESTS } = require('./requests')

const CHECK_MS_MAX = 5_000
const REFUSALS = ['400', '404', '415', '422'] // fastify and Elysia have their own idea of which

const CHECKS = { number: checkNumber, functions: checkFunctions, busy: checkBusy, neighbours: checkNeighbours }

// Rejects unless the server at `where` answers correctly.
async function check(where, service) {
  await CHECKS[service](where)
}

async function checkNumber(where) {
  const numbers = [15, 17, ...Array(16).keys(), 15]
  await expect(where, numbers.map((n) => ({ path: `/${n}` })), numbers.map((n) => String(fibonacci(n))))
  await expect(where, [{ path: TARGET }], [String(ANSWER)])
}

function fibonacci(n) {
  return n < 2 ? BigInt(n) : fibonacci(n - 1) + fibonacci(n - 2)
}

async function checkFunctions(where) {
  for (const { path, body, answer, bad } of Object.values(REQUESTS)) {
    await expect(where, [{ path, body }], [answer])
    for (const each of bad) await expectRefusal(where, body ? { path, body: each } : { path: each })
    if (body) await expectRefusal(where, { path, body, type: 'text/plain' })
  }
  const numbers = [...Array(16).keys()]
  const sums = numbers.map((n) => String(n + 0.5))
  await expect(where, numbers.map((n) => ({ path: `/sum/${n}/0.5` })), sums)
  await expect(where, numbers.map((n) => ({ path: '/sum', body: `{"b":0.5,"a":${n}}` })), sums)
}

async function checkBusy(where) {
  await expectBusy(where, '')
}

async function checkNeighbours(where) {
  await expectBusy(where, '/quick')
  await expectBusy(where, '/slow')
}

async function expectBusy(where, prefix) {
  const numbers = [...Array(16).keys(), 1000]
  await expect(where, numbers.map((n) => ({ path: `${prefix}/${n}` })), numbers.map((n) => String(busy(n))))
  for (const bad of ['x', '']) await expectRefusal(where, { path: `${prefix}/${bad}` })
}

async function expect(where, requests, expected) {
  const answers = await exchange(where, requests)
  const bodies = answers.map(({ status, body }) => status === '200' ? body : `status ${status}`)
  if (bodies.join() === expected.join()) return
  throw new Error(`answers ${brief(bodies.join())} to ${described(requests)}: expected ${brief(expected.join())}`)
}

async function expectRefusal(where, request) {
  const [{ status }] = await exchange(where, [request])
  if (!REFUSALS.includes(status)) throw new Error(`answers ${status} to ${described([request])}: expected a refusal`)
}

function described(requests) {
  return brief(requests.map(({ path, body = '', type = '' }) => `POST ${path} ${body} ${type}`.trim()).join(', '))
}

function brief(text) {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

// The answers to requests sent in one write.
async function exchange(where, requests) {
  const socket = net.connect({ ...where, host: '127.0.0.1' })
  const timer = setTimeout(() => socket.destroy(new Error('did not answer in time')), CHECK_MS_MAX)
  socket.write(requests.map((request, i) => written(request, i === requests.length - 1)).join(''))
  let text = ''
  try {
    for await (const chunk of socket.setEncoding('utf8')) text += chunk
  } finally {
    clearTimeout(timer)
  }
  return text.split('HTTP/1.1 ').slice(1).map((answer) => ({
    status: answer.slice(0, 3), body: answer.slice(answer.indexOf('\r\n\r\n') + 4)
  }))
}

function written({ path, body, type = 'application/json' }, last) {
  const fields = body === undefined ? '' : `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${last ? 'Connection: close\r\n' : ''}${fields}\r\n${body ?? ''}`
}

module.exports = { check, exchange }
