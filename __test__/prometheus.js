'use strict'

// Reads Prometheus' text exposition format 0.0.4, strictly: anything optional that this server need not use is an
// error here. Returns a Map from each family's name to `{ help, type, samples: [{ name, labels, value }] }`.

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`)
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\\\|\\"|\\n)*)"(,|$)/

function parse(text) {
  if (!text.endsWith('\n')) throw new Error('the last line has no line feed')
  const families = new Map()
  const lines = text.slice(0, -1).split('\n')
  let family
  while (lines.length > 0) {
    const line = lines.shift()
    if (line.startsWith('#')) {
      const [, name, help] = must(new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line), line)
      const next = lines.shift()
      const [, typed, type] = must(/^# TYPE (\S+) (counter|gauge|histogram)$/.exec(next), next)
      if (typed !== name || families.has(name)) throw new Error(`not in its place: ${next}`)
      if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`not the name of a ${type}: ${name}`)
      family = { help, type, samples: [] }
      families.set(name, family)
      family.name = name
    } else {
      family.samples.push(parseSample(line, family))
    }
  }
  for (const found of families.values()) check(found)
  return families
}

function parseSample(line, { name: family, type }) {
  const [, name, labelsText = '', valueText] = must(SAMPLE.exec(line), line)
  const suffix = name.slice(family.length)
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  if (!name.startsWith(family) || !suffixes.includes(suffix)) throw new Error(`not of ${family}: ${line}`)
  const labels = {}
  for (let rest = labelsText; rest !== '';) {
    const [whole, label, value] = must(LABEL.exec(rest), line)
    if (label in labels) throw new Error(`the same label twice: ${line}`)
    labels[label] = value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
    rest = rest.slice(whole.length)
  }
  const value = Number(valueText)
  if (!Number.isFinite(value) || value < 0) throw new Error(`not a value: ${line}`)
  return { name, labels, value }
}

// Checks that no sample is there twice, and that histograms are valid.
function check({ name, type, samples }) {
  if (samples.length === 0) throw new Error(`${name} has no samples`)
  const keys = samples.map((sample) => sample.name + JSON.stringify(Object.entries(sample.labels).sort()))
  if (new Set(keys).size < keys.length) throw new Error(`${name} has a sample twice`)
  if (type !== 'histogram') return
  const groups = new Map()
  for (const { name: sample, labels: { le, ...labels }, value } of samples) {
    const key = JSON.stringify(Object.entries(labels).sort())
    const group = groups.get(key) ?? groups.set(key, { buckets: [] }).get(key)
    if (sample === `${name}_bucket`) group.buckets.push([le === '+Inf' ? Infinity : Number(le), value])
    else group[sample.slice(name.length)] = value
  }
  for (const { buckets, _sum: sum, _count: count } of groups.values()) {
    const rises = (at) => buckets.every((bucket, i) => i === 0 || bucket[at] >= buckets[i - 1][at])
    const isWhole = buckets.at(-1)[0] === Infinity && buckets.at(-1)[1] === count && sum !== undefined
    if (!rises(0) || !rises(1) || !isWhole || buckets.some(([le]) => Number.isNaN(le))) {
      throw new Error(`${name} is no histogram: ${JSON.stringify({ buckets, sum, count })}`)
    }
  }
}

function must(match, line) {
  if (match === null) throw new Error(`not in the format: ${JSON.stringify(line)}`)
  return match
}

module.exports = { parse }
