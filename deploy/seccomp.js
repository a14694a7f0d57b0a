#!/usr/bin/env node
'use strict'

// Prints a container engine's default seccomp profile with io_uring's three system calls allowed:
//
//   node deploy/seccomp.js > uring.json                  the default of Podman, where it is installed
//   node deploy/seccomp.js default.json > uring.json     another one; it may be a URL (https:), and - is stdin
//
// Make it again after each release of the engine: a copy of a whole profile misses what a newer one forbids.

const { existsSync, readFileSync } = require('node:fs')

const IO_URING = ['io_uring_setup', 'io_uring_enter', 'io_uring_register']

// Where Podman, Buildah and CRI-O look. Docker has its profile built in and leaves no file.
const INSTALLED = ['/etc/containers/seccomp.json', '/usr/share/containers/seccomp.json']

const USAGE = `usage: node deploy/seccomp.js [default.json | https://... | -] > uring.json

No default profile of Podman is installed here. Docker's is seccomp/default.json in github.com/moby/profiles.`

main(process.argv[2] ?? INSTALLED.find(existsSync)).catch((error) => fail(error.message))

/** @param {string | undefined} source */
async function main(source) {
  if (source === undefined || source === '--help') return fail(USAGE)
  const profile = JSON.parse(await read(source))
  if (!Array.isArray(profile?.syscalls)) return fail(`${source} is not a seccomp profile: it has no "syscalls".`)
  console.log(JSON.stringify(allowIoUring(profile), null, '\t'))
}

/** @param {string} source */
async function read(source) {
  if (!/^https:/.test(source)) return readFileSync(source === '-' ? 0 : source, 'utf8')
  const response = await fetch(source)
  if (!response.ok) throw new Error(`${source} could not be downloaded: status ${response.status}.`)
  return response.text()
}

/** @param {{ syscalls: { names: string[], action: string }[] }} profile */
function allowIoUring(profile) {
  // A call that is named twice would make one of the rules fail to load.
  const others = profile.syscalls
    .map((rule) => ({ ...rule, names: rule.names.filter((name) => !IO_URING.includes(name)) }))
    .filter(({ names }) => names.length > 0)
  return { ...profile, syscalls: [...others, { names: IO_URING, action: 'SCMP_ACT_ALLOW' }] }
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exitCode = 1
}
