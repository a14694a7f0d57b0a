'use strict'

// The machine that the figures come from, and the cores that the server and the load generator get.

const { spawnSync } = require('node:child_process')
const { readFileSync } = require('node:fs')
const os = require('node:os')

const TICK = 10_000 // microseconds: Linux reports ticks of 1/100 s, whatever its own are

function describe() {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    cpu: os.cpus()[0].model.trim(),
    cores: os.availableParallelism(),
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    kernel: `${os.type()} ${os.release()}`,
    node: process.version
  }
}

// CPU time of all cores since the start, in microseconds: used by any process, and in total. Time that the hypervisor
// gave to other machines counts as used.
function cpuTime() {
  const [, ...all] = /^cpu .*/m.exec(readFileSync('/proc/stat', 'latin1'))[0].split(/\s+/).map(Number)
  const [user, nice, system, idle, iowait, irq, softirq, steal] = all.map((ticks) => ticks * TICK)
  const used = user + nice + system + irq + softirq + steal
  return { used, total: used + idle + iowait }
}

// The server gets one core and the load generator another, so that neither takes time from the other. Without
// `taskset` or a second core, both run wherever the scheduler puts them: null.
function cores() {
  const [server, client] = spreadOut()
  return client === undefined ? { server: null, client: null } : { server, client }
}

// The server gets `count` cores, as a list. The load generator gets up to `clientsMax` of the others; if there are
// none, it shares all of the server's.
function coresFor(count, clientsMax = 1) {
  const all = spreadOut()
  if (all.length < Math.max(2, count)) return { server: null, client: null }
  const server = all.slice(0, count)
  const left = all.slice(count, count + clientsMax)
  return { server: server.join(), client: (left.length > 0 ? left : server).join() }
}

// The cores that this process may run on, second hardware threads of a core last; none without `taskset`.
function spreadOut() {
  if (!installed('taskset')) return []
  const allowed = list(/^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))[1])
  const firsts = []
  for (const core of allowed) {
    if (!firsts.some((first) => siblingsOf(first).includes(core))) firsts.push(core)
  }
  return [...firsts, ...allowed.filter((core) => !firsts.includes(core))]
}

// Two hardware threads of one core share its units.
function siblingsOf(core) {
  try {
    return list(readFileSync(`/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`, 'latin1').trim())
  } catch {
    return []
  }
}

// `0-2,5` is 0, 1, 2, 5.
function list(ranges) {
  return ranges.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

function installed(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined
}

module.exports = { TICK, cores, coresFor, cpuTime, describe, installed, spreadOut }
