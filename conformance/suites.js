'use strict'

// Runs the case files, each case in each of its cuts, and counts the results.

const fs = require('node:fs')
const path = require('node:path')
const { BEHIND, HIDDEN, bytesOf, cutsOf, faults, post, run, satisfies } = require('./exchange.js')

// The number of cases that run at once.
const AT_ONCE = 16

function load() {
  const folder = path.join(__dirname, 'cases')
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.json')).sort()
  return files.map((name) => JSON.parse(fs.readFileSync(path.join(folder, name))))
}

// The handler for a server under test: it notes the calls that no server may make.
function watchfulHandler() {
  const forbidden = []
  function fibonacci(n) {
    if (n === HIDDEN || n >= BEHIND) forbidden.push(n)
    let [a, b] = [0, 1]
    for (let i = 0; i < n && i < 78; i++) [a, b] = [b, a + b]
    return a
  }
  return { handler: fibonacci, forbidden }
}

// Runs every case of every suite against the server at `where`. Each case gets `agrees` and `faults`.
async function runAll(where, suites, { everywhere = false } = {}) {
  const queue = suites.flatMap(({ cases }) => cases).map((test, id) => ({ test, id }))
  const worker = async () => {
    for (let next; (next = queue.shift()); ) Object.assign(next.test, await runCase(where, next, everywhere))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

async function runCase(where, { test, id }, everywhere) {
  const wrong = new Set()
  let agrees = false
  const bytes = bytesOf(test.send)
  for (const [i, pieces] of cutsOf(bytes, { everywhere }).entries()) {
    const how = i === 0 ? '' : pieces.length > 2 ? ' (byte by byte)' : ` (cut at ${pieces[0].length})`
    try {
      const outcome = await run(where, test, { pieces, id })
      for (const fault of faults(test, outcome, i === 0)) wrong.add(fault + how)
      if (i === 0) agrees = satisfies(test.wants, outcome)
    } catch (error) {
      wrong.add(error.message + how)
    }
  }
  if (agrees && test.differs) wrong.add('agrees with its source, so there is no difference to explain')
  if (!agrees && !test.differs) wrong.add(`differs from its source, which wants ${JSON.stringify(test.wants)}`)
  return { agrees, faults: [...wrong] }
}

// One line for each suite: how many cases there are, how many agree with their source, how many differ for a reason.
function table(suites) {
  const count = (cases, agrees) => cases.filter((test) => test.agrees === agrees).length
  const rows = suites.map(({ suite, cases }) => [suite, cases.length, count(cases, true), count(cases, false)])
  const total = ['all', ...[1, 2, 3].map((i) => rows.reduce((sum, row) => sum + row[i], 0))]
  return [['suite', 'cases', 'agree', 'differ'], ...rows, total]
    .map(([name, ...counts]) => name.padEnd(22) + counts.map((text) => String(text).padStart(8)).join(''))
    .join('\n')
}

// Each reason to differ, with its cases.
function differences(suites) {
  const reasons = new Map()
  for (const { suite, cases } of suites) {
    for (const { id, differs, agrees } of cases) {
      if (!agrees) reasons.set(differs, [...(reasons.get(differs) ?? []), `${suite} ${id}`])
    }
  }
  return [...reasons].map(([reason, ids]) => `${reason}\n    ${ids.join('\n    ')}`).join('\n')
}

module.exports = { bytesOf, differences, load, post, runAll, table, watchfulHandler }
