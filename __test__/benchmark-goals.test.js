'use strict'

// How `npm run bench -- --check` judges a run: a goal that was missed, or not measured, is not met.

const test = require('ava')
const { CHECKED, GOALS } = require('../benchmark/goals')
const { LOADS } = require('../benchmark/load')
const open = require('../benchmark/open')
const { SERVERS } = require('../benchmark/servers')
const { FIGURES, failure, judge, table } = require('../benchmark/verdicts')

const AT_MOST = { load: 'keep-alive', of: 'ringcall', figure: 'cpu', against: ['uws', 'bun'], most: 0.95 }
const AT_LEAST = { load: 'keep-alive', of: 'ringcall', figure: 'requestsPerSecond', against: ['uws', 'bun'], least: 2 }

function server(name, rounds, failed = 0) {
  return { name, title: name.toUpperCase(), failed, rounds: rounds.map((round) => ({ latency: {}, ...round })) }
}

function cpu(name, figures, failed) {
  return server(name, figures.map((cpu) => ({ cpu })), failed)
}

function verdict(goal, servers, name = 'keep-alive') {
  const [only, ...more] = judge([goal], [{ name, servers }])
  return more.length === 0 ? only : undefined
}

test('a ratio is the median of the rounds\' ratios, each of two figures of one round', (t) => {
  // The ratio of the medians, 10 and 20, would be 0.5.
  const { ratios } = verdict(AT_MOST, [cpu('ringcall', [10, 30, 9]), cpu('uws', [20, 30, 10])])
  t.is(ratios.median, 0.9)
  t.is(ratios.min, 0.5)
  t.is(ratios.max, 1)
})

test('a goal is met at its limit and missed beyond it', (t) => {
  t.is(verdict(AT_MOST, [cpu('ringcall', [0.95]), cpu('uws', [1])]).verdict, 'met')
  t.is(verdict(AT_MOST, [cpu('ringcall', [0.951]), cpu('uws', [1])]).verdict, 'missed')
  const requests = (name, requestsPerSecond) => server(name, [{ requestsPerSecond }])
  t.is(verdict(AT_LEAST, [requests('ringcall', 2), requests('uws', 1)]).verdict, 'met')
  t.is(verdict(AT_LEAST, [requests('ringcall', 1.999), requests('uws', 1)]).verdict, 'missed')
})

test('of several peers the one that leaves the least room counts, and is named', (t) => {
  const low = verdict(AT_MOST, [cpu('ringcall', [9]), cpu('bun', [20]), cpu('uws', [9.1]), cpu('deno', [1])])
  t.like(low, { against: 'UWS', verdict: 'missed', absent: [] })
  const requests = (name, requestsPerSecond) => server(name, [{ requestsPerSecond }])
  const high = verdict(AT_LEAST, [requests('ringcall', 9), requests('uws', 1), requests('bun', 5)])
  t.like(high, { against: 'BUN', verdict: 'missed', absent: [] })
})

test('percentiles are goals like other figures', (t) => {
  const p99 = (name, us) => server(name, [{ latency: { 99: us } }])
  const goal = { ...AT_MOST, figure: '99', most: 1 }
  t.is(verdict(goal, [p99('ringcall', 100), p99('uws', 101)]).verdict, 'met')
  t.is(verdict(goal, [p99('ringcall', 101), p99('uws', 100)]).verdict, 'missed')
})

test('a goal that was not measured, or not soundly, is not met', (t) => {
  const good = [cpu('ringcall', [1]), cpu('uws', [2])]
  t.is(verdict(AT_MOST, good).verdict, 'met')
  const cases = {
    'another load': [good, 'pipelined'],
    'no peer': [[good[0]]],
    'without ringcall': [[good[1]]],
    'no figure': [[server('ringcall', [{}]), server('uws', [{}])]],
    'failed requests': [[cpu('ringcall', [1], 1), good[1]]],
    'failed requests of the peer': [[good[0], cpu('uws', [2], 1)]],
    'unequal rounds': [[cpu('ringcall', [1, 1]), good[1]]],
    'no rounds': [[cpu('ringcall', []), cpu('uws', [])]],
    'nothing used': [[cpu('ringcall', [0]), good[1]]],
    'nothing used by the peer': [[good[0], cpu('uws', [0])]]
  }
  for (const [title, [servers, load]] of Object.entries(cases)) {
    t.like(verdict(AT_MOST, servers, load), { verdict: 'not measured', ratios: undefined }, title)
  }
  t.is(judge([AT_MOST], [])[0].verdict, 'not measured')
})

test('peers that were not measured are named beside the verdict', (t) => {
  const servers = [cpu('ringcall', [1]), cpu('uws', [2])]
  const verdicts = judge([AT_MOST], [{ name: 'keep-alive', servers }])
  t.deepEqual(verdicts[0].absent, ['bun'])
  t.regex(table(verdicts), /keep-alive: CPU of ringcall to UWS +≤ 0\.95 +0\.500 +\(0\.500–0\.500\) +met\n/)
  t.regex(table(verdicts), /without bun\n/)
  t.regex(table(judge([AT_MOST], [])), /to uws, bun +≤ 0\.95 +– +not measured\n/)
})

test('a run fails if a goal is missed, and if none was measured', (t) => {
  const [met, missed, unmeasured] = ['met', 'missed', 'not measured'].map((verdict) => ({ verdict }))
  t.is(failure([met, unmeasured]), undefined)
  t.regex(failure([met, missed, unmeasured, met]), /^1 of 4 goals missed/)
  t.regex(failure([unmeasured]), /no goal was measured/)
  t.regex(failure([]), /no goal was measured/)
})

test('each goal asks one thing, of servers, loads and figures that exist', (t) => {
  for (const { load, of, figure, against, most, least } of GOALS) {
    t.true(Object.hasOwn({ ...LOADS, ...open }, load), load)
    for (const name of [of, ...against]) t.true(Object.hasOwn(SERVERS, name), name)
    t.false(against.length === 0 || against.includes(of))
    t.true(Object.hasOwn(FIGURES, figure), figure)
    t.not(Number.isFinite(most), Number.isFinite(least))
  }
  t.deepEqual(CHECKED.loads.filter((load) => !GOALS.some((goal) => goal.load === load)), [])
})
