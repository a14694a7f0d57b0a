'use strict'

// Servers that take turns under one load.

const { generatorFor } = require('./load')
const { measure, startServer, warmUp } = require('./measure')
const report = require('./report')
const { SERVERS } = require('./servers')

// Rounds are interleaved, so that disturbances of the machine affect all servers.
async function takeTurns(load, { servers, rounds, seconds, progress }, cores) {
  const core = load.oneCore ? cores.server : cores.client
  // A single round only shows that everything runs.
  const attemptsMax = rounds === 1 ? 1 : undefined
  const running = []
  const measured = servers.map((name) => ({ name, title: SERVERS[name].title, rounds: [] }))
  try {
    for (const name of servers) {
      running.push(await startServer(name, { core: cores.server, service: load.service, unix: load.unix }))
      progress(`${load.title}: warming up ${SERVERS[name].title}`)
      await warmUp(running.at(-1), load, { core })
    }
    for (let round = 1; round <= rounds; round++) {
      for (const [i, server] of running.entries()) {
        const figures = await measure(server, load, { seconds, core, attemptsMax })
        measured[i].rounds.push(figures)
        progress(`${load.title}: round ${round} of ${rounds}, ${measured[i].title}: ` +
          `${report.count(figures.requestsPerSecond)} requests/s, ${report.decimal(figures.cpu)} µs CPU`)
      }
    }
  } finally {
    await Promise.all(running.map((server) => server.stop()))
  }
  return { generator: generatorFor(load), servers: measured.map(report.summarize) }
}

module.exports = { takeTurns }
