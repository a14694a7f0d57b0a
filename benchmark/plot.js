'use strict'

// Medians as pictures: an SVG for each question, a panel for each load, a bar or a line for each server.

const { mkdirSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const WIDTH = 760
const LABELS = 175 // room for the servers' names
const VALUES = 190 // and for the figure beside a bar
const MARGIN = 20
const ROW = 26
const PANEL_TITLE = 34
const HEAD = 64
const LINES_HEIGHT = 220

const OURS = { ringcall: '#d9480f', here: '#f76707' }
const OTHERS = ['#1c7ed6', '#2f9e44', '#9c36b5', '#868e96', '#0c8599', '#e6a700', '#c2255c', '#5c940d']
const USER = '#d9480f'
const SYSTEM = '#ced4da'
const INK = '#212529'
const FAINT = '#868e96'

const PERCENTILES = ['50', '75', '90', '99', '99.9', '99.99']

// A reader's first questions: for each of these loads, the figure that says most.
const OVERVIEW = [
  ['keep-alive', 'cpu', 'server CPU per request, µs; less is better'],
  ['pipelined', 'requestsPerSecond', 'requests per second; more is better'],
  ['1-one-core', '50', 'median latency, µs; less is better'],
  ['1', '50', 'median latency, µs; less is better'],
  ['close', 'requestsPerSecond', 'requests per second; more is better']
]

function writePlots(result, directory) {
  const ours = (server) => Number(isOurs(server.name))
  const loads = result.loads.filter((load) => load.generator).map((load) => (
    { ...load, servers: [...load.servers].sort((a, b) => ours(b) - ours(a)) }
  ))
  if (loads.length === 0) return
  mkdirSync(directory, { recursive: true })
  const save = (name, svg) => writeFileSync(path.join(directory, `${name}.svg`), svg)
  save('overview', overview(result, loads))
  save('throughput', throughput(result, loads))
  save('cpu', cpu(result, loads))
  save('latency', latency(result, loads))
}

function overview(result, loads) {
  const panels = OVERVIEW.flatMap(([name, figure, what]) => {
    const load = loads.find((load) => load.name === name)
    if (!load) return []
    const of = (server) => server[figure] ?? server.latency[figure]
    return [bars({ ...load, title: `${load.title}: ${what}` }, {
      segments: (server, i) => [[of(server).median, colour(server.name, i)]],
      whisker: of,
      text: (server) => figureText(of(server).median)
    })]
  })
  return picture('Overview', 'lines: lowest to highest of the rounds', result, panels)
}

// At least three digits.
function figureText(value) {
  return value < 100 ? value.toFixed(value < 10 ? 2 : 1) : Math.round(value).toLocaleString('en-US')
}

function throughput(result, loads) {
  const panels = loads.map((load) => bars(load, {
    segments: ({ requestsPerSecond }, i, name) => [[requestsPerSecond.median, colour(name, i)]],
    whisker: ({ requestsPerSecond }) => requestsPerSecond,
    text: ({ requestsPerSecond }) => Math.round(requestsPerSecond.median).toLocaleString('en-US')
  }))
  return picture('Requests per second', 'more is better; lines: lowest to highest of the rounds', result, panels)
}

function cpu(result, loads) {
  const panels = loads.map((load) => bars(load, {
    segments: ({ user, system }) => [[user.median, USER], [system.median, SYSTEM]],
    whisker: (server) => server.cpu,
    text: ({ user, system, cpu }) =>
      `${cpu.median.toFixed(2)} (${user.median.toFixed(2)} + ${system.median.toFixed(2)})`
  }))
  const parts = `${swatch(USER)} user, ${swatch(SYSTEM)} system (the kernel's part)`
  const legend = `less is better; ${parts}; lines: lowest to highest of the rounds`
  return picture('Server CPU per request, µs', legend, result, panels)
}

function latency(result, loads) {
  const panels = loads.filter(({ servers }) => Object.hasOwn(servers[0].latency, PERCENTILES[0])).map(lines)
  return picture('Latency by percentile, µs', 'less is better; the time axis is logarithmic', result, panels)
}

// One panel of horizontal bars.
function bars({ title, servers }, { segments, whisker, text }) {
  const most = Math.max(...servers.map((server) => whisker(server).max))
  const room = WIDTH - 2 * MARGIN - LABELS - VALUES
  const x = (value) => MARGIN + LABELS + value / most * room
  const rows = servers.map((server, i) => {
    const y = PANEL_TITLE + i * ROW
    let from = 0
    const rects = segments(server, i, server.name).map(([value, fill]) => {
      const [start, end] = [x(from), x(from + value)]
      from += value
      return `<rect x="${px(start)}" y="${y}" width="${px(end - start)}" height="${ROW - 8}" fill="${fill}"/>`
    })
    const { min, max } = whisker(server)
    const middle = y + (ROW - 8) / 2
    return label(MARGIN + LABELS - 8, middle + 4, server.title, { anchor: 'end', bold: isOurs(server.name) }) +
      rects.join('') +
      `<path d="M${px(x(min))} ${middle}H${px(x(max))}" stroke="${INK}" stroke-width="1.5"/>` +
      label(Math.max(x(max), x(from)) + 8, middle + 4, text(server))
  })
  const height = PANEL_TITLE + servers.length * ROW + 10
  return { height, svg: panelTitle(title) + rows.join('') }
}

// One panel of lines: percentiles to the right by the nines, latency upwards.
function lines({ title, servers }) {
  const medians = servers.flatMap((server) => PERCENTILES.map((p) => server.latency[p].median))
  const low = Math.floor(Math.log10(Math.max(Math.min(...medians), 1)))
  const high = Math.ceil(Math.log10(Math.max(...medians) + 1))
  const [left, right, bottom] = [MARGIN + 72, WIDTH - MARGIN - LABELS - 20, PANEL_TITLE + LINES_HEIGHT]
  const x = (i) => left + i / (PERCENTILES.length - 1) * (right - left)
  const y = (v) => bottom - (Math.log10(Math.max(v, 1)) - low) / (high - low) * LINES_HEIGHT
  let svg = panelTitle(title)
  for (let decade = low; decade <= high; decade++) {
    const at = y(10 ** decade)
    svg += `<path d="M${left} ${px(at)}H${right}" stroke="${SYSTEM}"/>`
    svg += label(left - 8, at + 4, (10 ** decade).toLocaleString('en-US'), { anchor: 'end', fill: FAINT })
  }
  for (const [i, p] of PERCENTILES.entries()) {
    svg += label(x(i), bottom + 18, `p${p}`, { anchor: 'middle', fill: FAINT })
  }
  const ends = spreadOut(servers.map((server) => y(server.latency[PERCENTILES.at(-1)].median)))
  for (const [i, server] of servers.entries()) {
    const points = PERCENTILES.map((p, j) => `${px(x(j))},${px(y(server.latency[p].median))}`).join(' ')
    const stroke = colour(server.name, i)
    svg += `<polyline points="${points}" fill="none" stroke="${stroke}" stroke-width="2.5" stroke-linejoin="round"/>`
    svg += label(right + 8, ends[i] + 4, server.title, { fill: stroke, bold: isOurs(server.name) })
  }
  return { height: bottom + 34, svg }
}

// Moves names at the ends of lines apart until each can be read.
function spreadOut(positions) {
  const order = positions.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y)
  for (let k = 1; k < order.length; k++) order[k].y = Math.max(order[k].y, order[k - 1].y + 15)
  const overflow = order.at(-1).y - (PANEL_TITLE + LINES_HEIGHT)
  if (overflow > 0) for (const each of order) each.y -= overflow
  return order.sort((a, b) => a.i - b.i).map(({ y }) => y)
}

function picture(title, legend, { machine, rounds, seconds }, panels) {
  let top = HEAD
  const body = panels.map(({ height, svg }) => {
    const group = `<g transform="translate(0 ${top})">${svg}</g>`
    top += height
    return group
  })
  const source = `${machine.cpu}, ${machine.cores} cores; ${machine.kernel}; Node.js ${machine.node}; ` +
    `rounds: ${rounds} of ${seconds} s; ${machine.date}`
  const height = top + 34
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"
  font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${MARGIN}" y="30" font-size="18" font-weight="bold" fill="${INK}">${escape(title)}</text>
<text x="${MARGIN}" y="50" fill="${FAINT}">${legend}</text>
${body.join('\n')}
${label(MARGIN, height - 14, source, { fill: FAINT, size: 11 })}
</svg>
`
}

function panelTitle(title) {
  return label(MARGIN, 20, title, { bold: true })
}

function label(x, y, text, { anchor = 'start', bold = false, fill = INK, size } = {}) {
  const font = `${bold ? ' font-weight="bold"' : ''}${size ? ` font-size="${size}"` : ''}`
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" fill="${fill}"${font}>${escape(text)}</text>`
}

function swatch(fill) {
  return `<tspan fill="${fill}">■</tspan>`
}

function colour(name, i) {
  return isOurs(name) ? OURS[name] : OTHERS[i % OTHERS.length]
}

function isOurs(name) {
  return Object.hasOwn(OURS, name)
}

function px(n) {
  return Math.round(n * 10) / 10
}

function escape(text) {
  return text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)
}

module.exports = { writePlots }
