'use strict'

// `npm run bench:workers`: what running the functions in worker threads costs and gains, beside the alternatives.

const { writeFileSync } = require('node:fs')
const { parseArgs } = require('node:util')
const { roundsByMicrosecond } = require('./computation')
const machine = require('./machine')
const { list, pick, positive } = require('./options')
const { present } = require('./peers')
const report = require('./report')
const { NAMES, SYSTEMS, available, versions } = require('./servers/workers')
const { FIGURES, LOADS } = require('./workers-loads')

const OPTIONS = {
  servers: { type: 'string', default: 'ringcall' },
  loads: { type: 'string', default: 'all' },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '3' },
  json: { type: 'string' },
  unpinned: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false }
}

const CHOICES = Object.fromEntries(NAMES.map((name) => [name, SYSTEMS[name]]))

const HELP = `npm run bench:workers -- [options]

  --servers LIST     ${list(CHOICES)}, or all   [ringcall]
  --loads LIST       ${list(LOADS)}, or all   [all]
  --rounds N         measurements of each server under each load, in turn   [5]
  --seconds N        length of each   [3]
  --json FILE        every round's figures
  --unpinned         server and client run wherever the scheduler puts them

Figures are medians over the rounds, with the lowest and highest in brackets; so are ratios, each of two figures of one
round. CPU is the run time of the server's threads per request, and client that of the load generator. Others is the
share of the machine's time that everything else took meanwhile; a measurement that loses more than 5% to it is
repeated, at most twice, but not if there is only one round, which only shows that everything runs.`

const NOWHERE = { server: null, client: null }

async function main() {
  const { loads, servers, rounds, seconds, json, places } = parseOptions()
  const result = { machine: machine.describe(), versions: versions(servers), rounds, seconds, loads: [] }
  console.log(report.heading(result, 'cores as each load has them'))
  const pace = roundsByMicrosecond()
  for (const [name, { title, place, placed, columns, rows: rowsOf }] of loads) {
    const cores = places[place]()
    const rows = rowsOf(servers, pace)
    const measured = await takeTurns(rows, cores, { name, rounds, seconds })
    console.log(`\n${title}; ${placed?.() ?? report.placement(cores)}\n${table(rows, measured, columns)}`)
    console.log([...comparisons(rows, measured), ...failures(rows, measured)].join('\n'))
    const figures = rows.map(({ id, title }) => ({ id, title, rounds: measured.get(id) }))
    result.loads.push({ name, title, cores, rows: figures })
  }
  if (json) writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`)
  const all = result.loads.flatMap(({ rows }) => rows.flatMap(({ rounds }) => rounds))
  if (all.some(({ failed }) => failed > 0)) {
    throw new Error('some answers were wrong: these figures mean nothing')
  }
}

// Each round's figures by the rows' ids. Rounds are interleaved, so that disturbances of the machine affect all rows;
// every other round goes backwards, so that no row always follows the same one.
async function takeTurns(rows, cores, { name, rounds, seconds }) {
  // A single round only shows that everything runs.
  const attemptsMax = rounds === 1 ? 1 : undefined
  const running = []
  const measured = new Map(rows.map(({ id }) => [id, []]))
  try {
    for (const row of rows) {
      progress(`${name}: starting ${row.title}`)
      running.push({ row, server: await row.start(row.cores ?? cores, { rounds, seconds, attemptsMax }) })
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { row, server } of round % 2 === 1 ? running : running.toReversed()) {
        progress(`${name}: round ${round} of ${rounds}, ${row.title}`)
        measured.get(row.id).push(await server.measure())
      }
    }
  } finally {
    await Promise.all(running.map(({ server }) => server.stop()))
  }
  return measured
}

function table(rows, measured, columns) {
  const head = columns.flatMap(([, title, , isRanged]) => isRanged ? [title, ''] : [title])
  return report.align([['', ...head], ...rows.map(({ id, title }) => {
    return [title, ...columns.flatMap((column) => cells(measured.get(id), column))]
  })])
}

function cells(rounds, [figure, , format, isRanged]) {
  if (rounds[0][figure] === undefined) return isRanged ? ['–', ''] : ['–']
  const figures = report.spread(rounds.map((round) => round[figure]))
  return isRanged ? [format(figures.median), report.range(figures, format)] : [format(figures.median)]
}

function comparisons(rows, measured) {
  const titles = new Map(rows.map(({ id, title }) => [id, title]))
  return rows.flatMap(({ id, title, comparisons }) => comparisons.map(({ against, figure, asked }) => {
    const others = measured.get(against)
    const ratios = report.spread(measured.get(id).map((round, i) => round[figure] / others[i][figure]))
    const is = `${report.decimal(ratios.median)} ${report.range(ratios, report.decimal)}`
    const wanted = asked ? `; asked: ${limitOf(asked)}` : ''
    return `  ${title}: ${is} times the ${FIGURES[figure]} of ${titles.get(against)}${wanted}`
  }))
}

function failures(rows, measured) {
  return rows.flatMap(({ id, title }) => {
    const failed = measured.get(id).reduce((sum, round) => sum + round.failed, 0)
    return failed === 0 ? [] : [`  ${title}: ${failed} requests failed`]
  })
}

function limitOf({ least, most }) {
  return least === undefined ? `at most ${most}` : `at least ${least}`
}

// Progress is for the person waiting; the tables on stdout can go to a file.
function progress(line) {
  console.error(`  ${line}`)
}

function parseOptions() {
  const { values: { help, servers, loads, rounds, seconds, json, unpinned } } = parseArgs({ options: OPTIONS })
  if (help) {
    console.log(HELP)
    process.exit()
  }
  const names = present(pick(servers, CHOICES, '--servers').map(([name]) => name), CHOICES, available)
  if (names.length === 0) throw new Error('none of these servers is installed')
  const nowhere = () => NOWHERE
  return {
    servers: names,
    loads: pick(loads, LOADS, '--loads'),
    rounds: positive(rounds, '--rounds'),
    seconds: positive(seconds, '--seconds'),
    json,
    places: unpinned
      ? { one: nowhere, two: nowhere, any: nowhere }
      : { one: machine.cores, two: () => machine.coresFor(2), any: nowhere }
  }
}

main().then(() => process.exit(), (error) => {
  console.error(`bench:workers: ${error.message}`)
  process.exit(1)
})
