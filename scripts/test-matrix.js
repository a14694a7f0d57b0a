'use strict'

// `npm run test:matrix`: the JavaScript tests on every supported release line of Node.js, with the one addon that is
// built. The runtimes come as npm packages, into target/node. Arguments: the majors, where not all are wanted.

const { spawnSync } = require('node:child_process')
const { mkdirSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const MAJORS = ['20', '22', '24', '26']

const ROOT = path.join(__dirname, '..')
const AVA = path.join(ROOT, 'node_modules', 'ava', 'entrypoints', 'cli.mjs')

function main() {
  const asked = process.argv.slice(2)
  const majors = asked.length > 0 ? asked : MAJORS
  const failed = majors.filter((major) => !passes(major))
  if (failed.length === 0) return console.log(`ringcall: passed on Node.js ${majors.join(', ')}`)
  console.error(`ringcall: failed on Node.js ${failed.join(', ')}`)
  process.exitCode = 1
}

function passes(major) {
  const node = install(major)
  if (node === undefined) return false
  console.log(`\n== Node.js ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  // First on the PATH, too: some tests start `node`.
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` }
  return spawnSync(node, [AVA], { cwd: ROOT, env, stdio: 'inherit' }).status === 0
}

function install(major) {
  const folder = path.join(ROOT, 'target', 'node', major)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  const name = `node-linux-${process.arch}`
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${major}`]
  if (spawnSync('npm', args, { cwd: folder, stdio: 'inherit' }).status !== 0) return undefined
  return path.join(folder, 'node_modules', name, 'bin', 'node')
}

main()
