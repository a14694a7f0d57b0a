'use strict'

// Rounds into medians, medians into tables.

const REFERENCE = 'node-http'

const FIGURES = ['requestsPerSecond', 'cpu', 'user', 'system', 'switches', 'rss', 'client', 'others']

function summarize({ rounds, ...server }) {
  const summary = { ...server, failed: sum(rounds.map((round) => round.failed)), rounds }
  for (const name of FIGURES) summary[name] = spread(rounds.map((round) => round[name]))
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
  const quarter = Math.floor((sorted.length - 1) / 4)
  return { median, min: sorted[0], max: sorted.at(-1), low: sorted[quarter], high: sorted.at(-1 - quarter) }
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

function table({ title, generator, servers }) {
  const reference = servers.length > 1 && servers.find((server) => server.name === REFERENCE)
  const ratio = (server, name) => reference ? `${decimal(server[name].median / reference[name].median)}×` : ''
  const rows = servers.map((server) => [
    server.title,
    count(server.requestsPerSecond.median), range(server.requestsPerSecond, count), ratio(server, 'requestsPerSecond'),
    decimal(server.cpu.median), range(server.cpu, decimal), ratio(server, 'cpu'),
    decimal(server.user.median), decimal(server.system.median),
    ...['50', '99', '99.9'].map((p) => server.latency[p] ? count(server.latency[p].median) : '–'),
    decimal(server.switches.median), count(server.rss.median / 2 ** 20),
    percent(server.client.median), percent(server.others.median)
  ])
  const head = ['', 'requests/s', '', '', 'CPU µs', '', '', 'user', 'system', 'p50 µs', 'p99', 'p99.9',
    'switches', 'MiB', 'client', 'others']
  const failed = servers.filter((server) => server.failed > 0)
    .map((server) => `${server.title}: ${server.failed} requests failed\n`)
  const relative = reference ? `; × is against ${reference.title}` : ''
  return `${title} (${generator}${relative})\n${align([head, ...rows])}\n${failed.join('')}`
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

// The first column to the left, figures to the right.
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
  align, count, decimal, heading, mebibytes, memoryTable, percent, placement, range, signed, spread, summarize, table
}
