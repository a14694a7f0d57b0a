'use strict'

// What this machine has for io_uring, as plain data. Works where the addon does not.

const { readFileSync } = require('node:fs')
const os = require('node:os')
const { loadNative, nativeBinary } = require('./native.js')

function probe() {
  const binary = nativeBinary()
  const { refusal, features } = ask(binary)
  return {
    available: refusal === undefined,
    engine: refusal === undefined ? 'io_uring' : 'node',
    platform: process.platform,
    arch: process.arch,
    kernel: os.release(),
    node: process.versions.node,
    binary,
    features,
    limits: limits(),
    ...refusal
  }
}

function ask({ error }) {
  if (error !== undefined) {
    const { reason, sentence, cure } = refusalOfLoad()
    return { refusal: { reason, message: sentence, cure }, features: {} }
  }
  const { features, reason, message, cure } = loadNative().probe()
  if (features === undefined) return { refusal: { reason, message, cure }, features: {} }
  const { operations, bufferRings, singleIssuer, deferTaskrun, multishotRecv, quietSends } = features
  const all = {
    io_uring_setup: true,
    operations,
    buffer_rings: bufferRings,
    multishot_accept: bufferRings, // The kernel tells nobody; both came with Linux 5.19.
    multishot_recv: multishotRecv,
    single_issuer: singleIssuer,
    defer_taskrun: deferTaskrun,
    quiet_sends: quietSends
  }
  if (operations && bufferRings) return { features: all }
  return {
    refusal: {
      reason: 'kernel',
      message: 'The kernel has an io_uring, but not all of it that a server needs.',
      cure: 'Run on Linux 5.19 or later.'
    },
    features: all
  }
}

function refusalOfLoad() {
  try {
    loadNative()
  } catch ({ reason, sentence, cure }) {
    return { reason, sentence, cure }
  }
}

// Of this process: bytes of lockable memory, and descriptors; null where there is no limit or nobody tells it.
function limits() {
  let text = ''
  try {
    text = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    // Not Linux, or no /proc.
  }
  const limit = (name) => {
    const [, soft, hard] = new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(text) ?? []
    const number = (value) => (/^\d+$/.test(value) ? Number(value) : null)
    return { soft: number(soft), hard: number(hard) }
  }
  return { memlock: limit('Max locked memory'), nofile: limit('Max open files') }
}

module.exports = { probe }
