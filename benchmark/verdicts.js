'use strict'

// Whether a run's figures meet the goals.

const { align, precisely, range, spread } = require('./report')

const FIGURES = {
  requestsPerSecond: 'requests/s', cpu: 'CPU', user: 'user CPU', 50: 'p50', 99: 'p99', 99.9: 'p99.9'
}

// For each goal: its verdict, the ratios of the rounds, the server that leaves the least room, and the servers missing
// from the comparison. `loads` are those of a run's result. A goal whose figures are missing or unsound is never met.
function judge(goals, loads) {
  return goals.map((goal) => {
    const servers = loads.find(({ name }) => name === goal.load)?.servers ?? []
    const sound = servers.filter(({ failed }) => failed === 0)
    const ours = sound.find(({ name }) => name === goal.of)
    const compared = sound.filter(({ name }) => goal.against.includes(name))
      .map((server) => ({ server, ratios: ours && ratiosOf(ours, server, goal.figure) }))
      .filter(({ ratios }) => ratios)
      .toSorted((a, b) => room(goal, a.ratios) - room(goal, b.ratios))
    const absent = goal.against.filter((name) => !compared.some(({ server }) => server.name === name))
    if (compared.length === 0) return { goal, verdict: 'not measured', absent }
    const [{ server, ratios }] = compared
    return { goal, verdict: room(goal, ratios) >= 0 ? 'met' : 'missed', ratios, against: server.title, absent }
  })
}

// Each ratio is of two figures of one round, measured under the same conditions. Undefined unless every round has one.
function ratiosOf(ours, theirs, figure) {
  const value = (round) => round[figure] ?? round.latency[figure]
  if (ours.rounds.length === 0 || ours.rounds.length !== theirs.rounds.length) return undefined
  const ratios = ours.rounds.map((round, i) => value(round) / value(theirs.rounds[i]))
  return ratios.every((ratio) => ratio > 0 && Number.isFinite(ratio)) ? spread(ratios) : undefined
}

// How far the median is within the goal.
function room({ most, least }, { median }) {
  return least === undefined ? most - median : median - least
}

// Why a run with these verdicts has failed; undefined if it has not.
function failure(verdicts) {
  const count = (verdict) => verdicts.filter((each) => each.verdict === verdict).length
  if (count('missed') > 0) return `${count('missed')} of ${verdicts.length} goals missed`
  return count('met') === 0 ? 'no goal was measured' : undefined
}

function table(verdicts) {
  const rows = verdicts.map(({ goal, verdict, ratios, against }) => [
    `${goal.load}: ${FIGURES[goal.figure]} of ${goal.of} to ${against ?? goal.against.join(', ')}`, asked(goal),
    ratios ? precisely(ratios.median) : '–', ratios ? range(ratios, precisely) : '', verdict
  ])
  return `goals\n${align([['', 'asked', 'measured', '', ''], ...rows])}\n${absences(verdicts)}`
}

function asked({ most, least }) {
  return least === undefined ? `≤ ${most}` : `≥ ${least}`
}

// A peer that was not measured may be better than those that were.
function absences(verdicts) {
  return verdicts.filter(({ verdict, absent }) => verdict !== 'not measured' && absent.length > 0)
    .map(({ goal, absent }) => `${goal.load}, ${FIGURES[goal.figure]}: without ${absent.join(', ')}\n`)
    .filter((line, i, lines) => lines.indexOf(line) === i).join('')
}

module.exports = { FIGURES, failure, judge, table }
