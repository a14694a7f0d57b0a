'use strict'

// The supported release lines of Node.js, and a runtime of each, installed as an npm package in target/node.

const { spawnSync } = require('node:child_process')
const { mkdirSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const MAJORS = ['20', '22', '24', '26']

const FOLDER = path.join(__dirname, '..', 'target', 'node')

// The path of the newest Node.js of a major version, or undefined if it cannot be installed.
function installNode(major) {
  const folder = path.join(FOLDER, major)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  const name = `node-linux-${process.arch}`
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${major}`]
  if (spawnSync('npm', args, { cwd: folder, stdio: 'inherit' }).status !== 0) return undefined
  return path.join(folder, 'node_modules', name, 'bin', 'node')
}

// An environment in which the name `node` starts this one.
function withNode(node, env = process.env) {
  return { ...env, PATH: `${path.dirname(node)}${path.delimiter}${env.PATH}` }
}

module.exports = { MAJORS, installNode, withNode }
