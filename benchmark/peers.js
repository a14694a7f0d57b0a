'use strict'

// The peers are large, and building ringcall does not need them, so they are installed when they are first needed.

const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const path = require('node:path')

// Installs the peers if none is here yet; `missing` are those that were asked for.
function installPeers(missing) {
  if (missing.length === 0 || existsSync(path.join(__dirname, 'node_modules'))) return
  console.error(`Installing ${missing.join(', ')} in benchmark/node_modules (some 320 MB).`)
  // Their install scripts only move binaries, which servers/index.js finds where they are.
  const args = ['install', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
  spawnSync('npm', args, { cwd: __dirname, stdio: 'inherit' })
}

// The names for which `isHere`; prints the others. By name, `servers` has the `title` and whether it is a `peer`; if it
// is not, `absence` says why it may not be here.
function present(names, servers, isHere) {
  installPeers(names.filter((name) => servers[name].peer && !isHere(name)))
  return names.filter((name) => {
    if (isHere(name)) return true
    const { title, absence = 'is not installed (npm install --ignore-scripts in benchmark/)' } = servers[name]
    console.error(`Left out: ${title} ${absence}.`)
    return false
  })
}

module.exports = { present }
