'use strict'

// `ringcall doctor`: prints the result of `probe()`, for people or as JSON.

const { probe } = require('../probe.js')
const { parse } = require('./arguments.js')

const USAGE = `Usage: ringcall doctor [--json]

Says whether io_uring can run here and, if not, why and what to do.

  --json      prints what probe() returns, as JSON
  -h, --help

The exit code is 0 if it can run, and 1 if it cannot.`

const GREEN = 32
const RED = 31

function doctor(args) {
  const parsed = parse(args, { command: 'doctor', usage: USAGE, options: { json: { type: 'boolean' } } })
  if (parsed === undefined) return
  const found = probe()
  console.log(parsed.values.json ? JSON.stringify(found, null, 2) : report(found))
  if (!found.available) process.exitCode = 1
}

function report({ available, platform, arch, kernel, node, binary, features, limits, reason, message, cure }) {
  const rows = [
    ['io_uring', available ? paint(GREEN, 'can run here') : paint(RED, `cannot run here (${reason})`)],
    ['platform', `${platform} ${arch}, kernel ${kernel}, Node.js ${node}`],
    ['binary', binary.error === undefined ? binary.path : paint(RED, binary.error)],
    ...Object.entries(features).map(([name, has]) => [name, feature(has)]),
    ['lockable memory', range(limits.memlock, 'bytes')],
    ['open files', range(limits.nofile, '')]
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
  if (!available) lines.push('', message, cure, "Until then, servers run on Node's own http server (engine: 'node').")
  return lines.join('\n')
}

function feature(has) {
  return has ? paint(GREEN, 'yes') : paint(RED, 'no, but it is needed')
}

function range({ soft, hard }, unit) {
  const text = (value) => (value === null ? 'unlimited' : String(value))
  return `${text(soft)} ${unit}`.trimEnd() + (soft === hard ? '' : ` (at most ${text(hard)})`)
}

// Only on a terminal, and only if color is wanted: https://no-color.org.
function paint(color, text) {
  const isWanted = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return isWanted ? `\x1b[${color}m${text}\x1b[0m` : text
}

module.exports = { doctor }
