'use strict'

// Child processes: pinned to a core, ended with the benchmark, and counted with all their descendants.

const { execFileSync, spawn } = require('node:child_process')
const { readFileSync, readdirSync } = require('node:fs')
const { TICK } = require('./machine')

const running = new Set()

process.on('exit', killAll)
for (const [signal, number] of [['SIGHUP', 1], ['SIGINT', 2], ['SIGTERM', 15]]) {
  process.on(signal, () => process.exit(128 + number))
}

function killAll() {
  for (const child of running) child.kill('SIGKILL')
}

// Starts `command`, on `core` alone unless that is null.
function start(command, { core = null, stdio = ['pipe', 'pipe', 'inherit'] } = {}) {
  const [file, ...args] = core === null ? command : ['taskset', '--cpu-list', String(core), ...command]
  const child = spawn(file, args, { stdio })
  running.add(child)
  child.once('close', () => running.delete(child))
  child.once('error', () => running.delete(child))
  return child
}

// Moves the threads of a process that have this name to another core.
function pinThreads(pid, name, core) {
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    if (readIfThere(`/proc/${pid}/task/${task}/comm`).trim() !== name) continue
    execFileSync('taskset', ['--cpu-list', '--pid', String(core), task])
  }
}

// The output of `command`; rejects if it fails, or takes longer than `timeout` milliseconds.
function output(command, { core, timeout }) {
  return new Promise((resolve, reject) => {
    const child = start(command, { core, stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout)
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => { out += chunk })
    child.stderr.on('data', (chunk) => { err += chunk })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(out)
      else reject(new Error(`${command[0]} ended with ${signal ?? code}: ${(err || out).trim()}`))
    })
  })
}

function stop(child) {
  return new Promise((resolve) => {
    if (!running.has(child)) return resolve()
    child.once('close', resolve)
    child.kill('SIGKILL')
  })
}

// The kernel's counts for a process and all its descendants until now: CPU in microseconds, context switches, resident
// memory in bytes. `ran` is user and system time of the threads that are there, by the scheduler, not in ticks; if the
// scheduler does not report it, in ticks.
function usage(pid) {
  const total = { user: 0, system: 0, ran: 0, voluntary: 0, involuntary: 0, rss: 0 }
  for (const each of [pid, ...descendants(pid)]) addUsage(total, each)
  if (total.ran === 0) total.ran = total.user + total.system
  return total
}

function addUsage(total, pid) {
  const [user, system] = times(pid)
  total.user += user
  total.system += system
  total.rss += field(readFileSync(`/proc/${pid}/status`, 'latin1'), 'VmRSS') * 1024
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readIfThere(`/proc/${pid}/task/${task}/status`)
    total.ran += Number(readIfThere(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1000
    total.voluntary += field(status, 'voluntary_ctxt_switches')
    total.involuntary += field(status, 'nonvoluntary_ctxt_switches')
  }
}

// The CPU time of this process and of its children that have ended, in microseconds.
function ownTime() {
  return times('self').reduce((sum, time) => sum + time, 0)
}

// User and system time, of the process and of its children that have ended.
function times(pid) {
  // The name in the second field may contain anything, so count from its closing parenthesis.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).map((ticks) => Number(ticks) * TICK)
}

// A thread may end between the listing and the look.
function readIfThere(file) {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function field(status, name) {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
}

function descendants(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    const children = readIfThere(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean)
    return children.flatMap((child) => [child, ...descendants(child)])
  })
}

module.exports = { output, ownTime, pinThreads, start, stop, usage }
