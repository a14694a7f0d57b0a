'use strict'

// `npm run test:matrix`: the JavaScript tests on every supported release line of Node.js, with the same built addon.
// Arguments: the major versions, if not all are wanted.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { MAJORS, installNode, withNode } = require('./node-versions.js')

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
  const node = installNode(major)
  if (node === undefined) return false
  console.log(`\n== Node.js ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  return spawnSync(node, [AVA], { cwd: ROOT, env: withNode(node), stdio: 'inherit' }).status === 0
}

main()
