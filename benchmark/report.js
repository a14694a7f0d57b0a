'use strict'

// Rounds into medians, medians into tables.

const REFERENCE = 'node-http'

const FIGURES = ['requestsPerSecond', 'cpu', 'user', 'system', 'switches', 'rss', 'client', 'others', 'late', 'queued']

// The figures printed for a server: name, title, format, and whether with the ratio to the reference.
const COSTS = [
  ['requestsPerSecond', 'requests/s', count, true],
  ['cpu', 'CPU µs', decimal, true],
  ['user', 'user', decimal, false],
  ['system', 'system', decimal, false],
  ['switches', 'switches', decimal, false],
  ['rss', 'MiB', wholeMebibytes, false],
  ['client', 'client', percent, false],
  ['others', 'others', percent, false]
]
const PERCENTILES = ['50', '90', '99', '99.9', '99.99']
const LATENESS = [
  ['late', 'client late, p99 µs', precise, false],
  ['queued', 'no connection idle', percent, false]
]

function summarize({ rounds, ...server }) {
  const summary = { ...server, failed: sum(rounds.map((round) => round.failed)), rounds }
  for (const name of FIGURES) {
    if (Number.isFinite(rounds[0][name])) summary[name] = spread(rounds.map((round) => round[name]))
  }
  summary.latency = {}
  for (const name of Object.keys(rounds[0].latency)) {
    summary.latency[name] = spread(rounds.map((round) => round.latency[name]))
  }
  return summary
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted.at(-1) }
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0)
}

function heading({ machine, versions, rounds, seconds }, placed) {
  const { cpu, cores: count, memory, kernel, node, date } = machine
  return `${cpu}, ${count} cores, ${memory}; ${kernel}; Node.js ${node}; ${date}\n` +
    `${Object.entries(versions).map((pair) => pair.join(' ')).join(', ')}\n` +
    `medians over rounds taken in turn: ${rounds} of ${seconds} s; ${placed}`
}

function placement({ server, client }) {
  if (server === null) return 'server and client wherever the scheduler puts them'
  return `server on ${cores(server)}, client on ${cores(client)}`
}

function cores(list) {
  return `${String(list).includes(',') ? 'cores' : 'core'} ${list}`
}

function table({ title, generator, rate, servers }) {
  const reference = servers.length > 1 && servers.find((server) => server.name === REFERENCE)
  const relative = reference ? `; × is against ${reference.title}` : ''
  // The client of an open loop is always at work.
  const costs = rate ? COSTS.filter(([name]) => name !== 'client') : COSTS
  const latencies = PERCENTILES.filter((p) => servers[0].latency[p])
    .map((p) => [p, `p${p}`, precise, false])
  const latency = align(figures(servers, latencies, { of: ({ latency }) => latency, corner: 'latency, µs' }))
  const lateness = rate ? `${align(figures(servers, LATENESS))}\n` : ''
  const failed = servers.filter((server) => server.failed > 0)
    .map((server) => `${server.title}: ${server.failed} requests failed\n`)
  return `${title} (${generator}${relative})\n${align(figures(servers, costs, { reference }))}\n` +
    `${latencies.length > 0 ? `${latency}\n` : ''}${lateness}${failed.join('')}`
}

// A row for each server: medians and, if there are several rounds, the lowest and highest.
function figures(servers, columns, { of = (server) => server, reference, corner = '' } = {}) {
  const row = (server) => columns.flatMap(([name, , format, isRelative]) => {
    const each = of(server)[name]
    const ratio = isRelative && reference ? `${decimal(each.median / of(reference)[name].median)}×` : ''
    return [format(each.median), server.rounds.length > 1 ? range(each, format) : '', ratio]
  })
  const head = columns.flatMap(([, title]) => [title, '', ''])
  return [[corner, ...head], ...servers.map((server) => [server.title, ...row(server)])]
}

function memoryTable({ title, servers }) {
  const head = ['', 'idle MiB', 'after warm-up', 'a million requests later',
    'idle connections', 'MiB more', 'bytes each']
  const rows = servers.map((server) => [
    server.title, mebibytes(server.idle), mebibytes(server.warm), signed(server.loaded - server.warm),
    count(server.connections), signed(server.crowded - server.uncrowded),
    count((server.crowded - server.uncrowded) / server.connections)
  ])
  return `${title}\n${align([head, ...rows])}`
}

// The first column is aligned to the left, the figures to the right.
function align(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) => {
    const cells = row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))
    return `  ${cells.filter((_, i) => widths[i] > 0).join('  ').trimEnd()}`
  }).join('\n')
}

function count(n) {
  return Math.round(n).toLocaleString('en-US')
}

function decimal(n) {
  return n.toFixed(2)
}

function percent(share) {
  return `${count(share * 100)}%`
}

// For a comparison with a goal of two decimals.
function precisely(n) {
  return n.toFixed(3)
}

// Small figures need decimals.
function precise(n) {
  return n < 100 ? n.toFixed(1) : count(n)
}

function wholeMebibytes(bytes) {
  return count(bytes / 2 ** 20)
}

function mebibytes(bytes) {
  return (bytes / 2 ** 20).toFixed(1)
}

function signed(bytes) {
  return `${bytes < 0 ? '' : '+'}${mebibytes(bytes)}`
}

function range({ min, max }, format) {
  return `(${format(min)}–${format(max)})`
}

module.exports = {
  align, count, decimal, heading, mebibytes, memoryTable, percent, placement, precisely, range, signed, spread, summarize, table
}
