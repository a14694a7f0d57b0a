'use strict'

// The servers that run functions on several threads or processes: the command of each, and whether it is here. Each
// runs one of the MODULES, `node NAME.js MODULE WORKERS`, and answers `POST /N` with its function's result for N, or
// `POST /name/N` if it has functions by name.

const { existsSync } = require('node:fs')
const path = require('node:path')

const MODULES = {
  fibonacci: path.join(__dirname, '..', '..', 'fibonacci.js'),
  busy: path.join(__dirname, 'busy.js'),
  neighbours: path.join(__dirname, 'neighbours.js')
}

// `several` is the word for one of them, and for more; `needs` are the packages that come with benchmark/package.json.
const workers = ['worker', 'workers']
const processes = ['process', 'processes']
const SYSTEMS = {
  ringcall: { title: 'ringcall', several: workers, script: 'ringcall.js', needs: [] },
  // The way to use several cores without workers.
  'ringcall-processes': {
    title: 'ringcall', several: ['process', 'reusePort processes'], script: 'ringcall-processes.js', needs: []
  },
  'node-cluster': { title: 'node:cluster', several: processes, script: 'node-cluster.js', needs: [] },
  'fastify-cluster': {
    title: 'fastify in cluster', several: processes, script: 'fastify-cluster.js', needs: ['fastify'], peer: true
  },
  piscina: {
    title: 'Piscina behind fastify',
    several: workers,
    script: 'fastify-piscina.js',
    needs: ['piscina', 'fastify'],
    peer: true
  }
}

// By the names that `--servers` takes.
const NAMES = ['ringcall', 'node-cluster', 'fastify-cluster', 'piscina']

function command(script, module, count) {
  return [process.execPath, path.join(__dirname, script), MODULES[module], String(count)]
}

function available(name) {
  return SYSTEMS[name].needs.every((needed) => existsSync(manifest(needed)))
}

// Not every package exports its package.json.
function manifest(needed) {
  return path.join(__dirname, '..', '..', 'node_modules', needed, 'package.json')
}

// The versions of ringcall and of the packages that these servers need.
function versions(names) {
  const packages = new Set(names.flatMap((name) => SYSTEMS[name].needs))
  const named = [['ringcall', '../../../package.json'], ...[...packages].map((name) => [name, manifest(name)])]
  return Object.fromEntries(named.map(([name, file]) => [name, require(file).version]))
}

module.exports = { NAMES, SYSTEMS, available, command, versions }
