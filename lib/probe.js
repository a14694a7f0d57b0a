'use strict'

// What this machine has for io_uring, as plain data. Works without the addon.

const { readFileSync } = require('node:fs')
const os = require('node:os')
const { tryNative } = require('./native.js')

// Never throws. What cannot be found out is left out or unknown.
function probe() {
  const loaded = tryNative()
  const { refusal, features } = askSafely(loaded)
  return {
    available: refusal === undefined,
    engine: refusal === undefined ? 'io_uring' : 'node',
    platform: process.platform,
    arch: process.arch,
    kernel: kernel(),
    node: process.versions.node,
    binary: { path: loaded.path, ...(loaded.error && { error: loaded.error.message }) },
    features,
    limits: limits(),
    ...refusal
  }
}

function askSafely(loaded) {
  try {
    return ask(loaded)
  } catch (error) {
    const message = `The addon could not ask the kernel: ${error?.message ?? error}.`
    const cure = 'Install ringcall again, and report it if that does not help.'
    return { refusal: { reason: 'other', message, cure }, features: {} }
  }
}

function ask({ native, error }) {
  if (error !== undefined) {
    return { refusal: { reason: error.reason, message: error.message, cure: error.cure }, features: {} }
  }
  const { features, reason, message, cure } = native.probe()
  if (features === undefined) return { refusal: { reason, message, cure }, features: {} }
  const { operations, bufferRings, restrictions } = features
  const all = { io_uring_setup: true, operations, buffer_rings: bufferRings, restrictions }
  if (Object.values(all).every(Boolean)) return { features: all }
  return {
    refusal: {
      reason: 'kernel',
      message: 'The kernel has io_uring, but lacks features that a server needs.',
      cure: 'Run on Linux 6.1 or later.'
    },
    features: all
  }
}

function kernel() {
  try {
    return os.release()
  } catch {
    return 'unknown' // Deno without --allow-sys.
  }
}

// This process's limits of lockable memory, in bytes, and of file descriptors. Null means no limit, or that it is
// unknown.
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
