'use strict'

// The open loop: every server gets the same number of requests a second, whatever it has answered: a share of one
// server's capacity, measured in the same run.

const { LOADS } = require('./load')
const report = require('./report')
const { SERVERS } = require('./servers')
const { takeTurns } = require('./turns')

const SHARES = [50, 80] // percent
const CAPACITY_ROUNDS_MAX = 3

// Requests/s, by the server's name.
const capacities = new Map()

function openLoad(share) {
  return {
    ...LOADS['keep-alive'],
    title: `64 connections, open loop at ${share}%`,
    own: true,
    share,
    needs: 'load-client',
    ownCore: true, // for the client, which spins rather than sleeps
    measure: measureOpen,
    table: report.table
  }
}

async function measureOpen(load, options, cores) {
  const capacity = await capacityOf(options.capacity, options, cores)
  const rate = Math.round((capacity * load.share) / 100)
  const measured = await takeTurns({ ...load, rate }, options, cores)
  const asked = `${report.count(rate)} requests a second, ${load.share}% of what ${SERVERS[options.capacity].title} can do`
  const title = `64 connections, open loop: ${asked} (${report.count(capacity)})`
  return { ...measured, title, rate, capacity, capacityOf: options.capacity }
}

async function capacityOf(name, { rounds, seconds, progress }, cores) {
  if (!capacities.has(name)) {
    const load = { ...LOADS['keep-alive'], title: 'capacity' }
    const options = { servers: [name], rounds: Math.min(rounds, CAPACITY_ROUNDS_MAX), seconds, progress }
    const { servers: [{ requestsPerSecond, failed }] } = await takeTurns(load, options, cores)
    if (failed > 0) throw new Error(`${SERVERS[name].title} failed where its capacity was measured`)
    capacities.set(name, requestsPerSecond.median)
  }
  return capacities.get(name)
}

module.exports = Object.fromEntries(SHARES.map((share) => [`open-${share}`, openLoad(share)]))
