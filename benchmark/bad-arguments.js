'use strict'

// The throughput that a computing function keeps when four requests with bad arguments come with each good one.

const { LOADS } = require('./load')
const { measure, startServer, warmUp } = require('./measure')
const processes = require('./processes')
const { align, count, decimal, percent, range, spread } = require('./report')
const { REQUESTS } = require('./requests')
const { SERVERS } = require('./servers')

const BESIDE = 4

const FIGURES = ['alone', 'beside', 'share', 'shareOfCpu', 'bad', 'cpu']

const { path, body, bad } = REQUESTS.busy
const ALONE = { ...LOADS['sum-json'], path, body }
const CROWDED = { ...ALONE, bad: bad.slice(0, BESIDE) }

async function measureTurns(_load, { servers, rounds, seconds, progress }, cores) {
  const running = []
  const measured = []
  try {
    for (const { name, apart } of rows(servers, cores)) {
      const server = await startServer(name, { core: cores.server, service: 'functions' })
      running.push(server)
      if (apart) processes.pinThreads(server.pid, 'ringcall', cores.client)
      measured.push({ name, title: `${SERVERS[name].title}${apart ? ', ring thread apart' : ''}`, rounds: [] })
      progress(`bad arguments: warming up ${measured.at(-1).title}`)
      await warmUp(server, CROWDED, { core: cores.client })
    }
    for (let round = 1; round <= rounds; round++) {
      for (const [i, server] of running.entries()) {
        const alone = await measure(server, ALONE, { seconds, core: cores.client })
        const crowded = await measure(server, CROWDED, { seconds, core: cores.client })
        measured[i].rounds.push(figures(alone, crowded))
        progress(`bad arguments: round ${round} of ${rounds}, ${measured[i].title}: ` +
          percent(measured[i].rounds.at(-1).share))
      }
    }
  } finally {
    await Promise.all(running.map((server) => server.stop()))
  }
  return { servers: measured.map(summarize) }
}

// A ring thread on the client's core leaves the function a core to itself, as on a machine with cores to spare.
function rows(servers, cores) {
  return servers.flatMap((name) => {
    const apart = cores.client !== null && SERVERS[name].module === '../..' ? [{ name, apart: true }] : []
    return [{ name, apart: false }, ...apart]
  })
}

function figures(alone, crowded) {
  const good = crowded.requests - crowded.refused
  const beside = crowded.requestsPerSecond * good / crowded.requests
  return {
    alone: alone.requestsPerSecond,
    beside,
    share: beside / alone.requestsPerSecond,
    shareOfCpu: alone.cpu * good / (crowded.cpu * crowded.requests),
    bad: crowded.refused / good,
    cpu: (crowded.cpu * crowded.requests - alone.cpu * good) / crowded.refused,
    failed: alone.failed + crowded.failed
  }
}

function summarize({ rounds, ...server }) {
  const summary = { ...server, failed: rounds.reduce((sum, round) => sum + round.failed, 0), rounds }
  for (const name of FIGURES) summary[name] = spread(rounds.map((round) => round[name]))
  return summary
}

function table({ title, servers }) {
  const head = ['', '200s/s alone', 'beside', 'share', '', 'by CPU', 'bad by the good', 'CPU of a refusal, µs']
  const rows = servers.map(({ title, alone, beside, share, shareOfCpu, bad, cpu }) => [
    title, count(alone.median), count(beside.median), percent(share.median), range(share, percent),
    percent(shareOfCpu.median), decimal(bad.median), decimal(cpu.median)
  ])
  return `${title}\n${align([head, ...rows])}`
}

module.exports = {
  title: `64 connections, ${REQUESTS.busy.title}, ${BESIDE} bad requests beside each good one`,
  service: 'functions',
  needs: 'wrk', // whose requests can differ
  measure: measureTurns,
  table
}
