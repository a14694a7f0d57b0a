'use strict'

// The parts of the benchmark written in Rust: examples of the crate, built when they are first needed.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const built = new Map()

// The example's binary; throws if it cannot be built.
function example(name, profile = 'release') {
  const key = `${profile} ${name}`
  if (!built.has(key)) built.set(key, build(name, profile))
  const file = built.get(key)
  if (file === undefined) throw new Error(`cargo could not build the example ${name}`)
  return file
}

function isBuilt(name) {
  try {
    return Boolean(example(name))
  } catch {
    return false
  }
}

function build(name, profile) {
  const args = ['build', '--quiet', '--locked', '--profile', profile, '--example', name]
  args.push('--message-format=json-render-diagnostics')
  const { stdout, status } = spawnSync('cargo', args, {
    cwd: path.join(__dirname, '..'), encoding: 'utf8', maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit']
  })
  if (status !== 0) return undefined
  const messages = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
  return messages.find(({ target, executable }) => target?.name === name && executable).executable
}

module.exports = { example, isBuilt }
