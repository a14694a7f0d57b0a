'use strict'

// `node scripts/assemble.js FOLDER [TAG]`: puts the binaries of all platforms into the package, as the release workflow
// does before it packs. Refuses mistakes that would only fail on other machines: a binary that is missing, is for
// another processor or libc, or needs a newer glibc than Node.js itself, and versions that differ.

const { copyFileSync, readFileSync, readdirSync } = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..')
// e_machine, the processor that an ELF file is for.
const MACHINES = { x64: 62, arm64: 183 }
const LIBCS = ['gnu', 'musl']
const SHARED_OBJECT = 3
// The glibc that Node.js's own builds for Linux need.
const GLIBC_MAX = [2, 28]

const BINARIES = Object.keys(MACHINES).flatMap((arch) =>
  LIBCS.map((libc) => ({ name: `ringcall.linux-${arch}-${libc}.node`, arch, libc })))

// Returns a sentence for each mistake. If there is none, the binaries are in `root`.
function assemble(folder, { root = ROOT, tag } = {}) {
  const wrong = [...wrongVersions(root, tag), ...wrongBinaries(folder)]
  if (wrong.length === 0) for (const { name } of BINARIES) copyFileSync(path.join(folder, name), path.join(root, name))
  return wrong
}

function wrongVersions(root, tag) {
  const read = (name) => readFileSync(path.join(root, name), 'utf8')
  const { version } = JSON.parse(read('package.json'))
  const wrong = []
  const [, crate] = /^version = "(.+)"/m.exec(read('Cargo.toml'))
  if (crate !== version) wrong.push(`Cargo.toml has version ${crate}, package.json ${version}.`)
  if (!read('CHANGELOG.md').includes(`\n## ${version}`)) wrong.push(`CHANGELOG.md says nothing about ${version}.`)
  if (tag !== undefined && tag !== `v${version}`) wrong.push(`The tag is ${tag}, the version ${version}.`)
  return wrong
}

function wrongBinaries(folder) {
  const found = readdirSync(folder)
  const expected = BINARIES.map(({ name }) => name)
  return [
    ...expected.filter((name) => !found.includes(name)).map((name) => `${name} is missing.`),
    ...found.filter((name) => !expected.includes(name)).map((name) => `${name} does not belong there.`),
    ...BINARIES.filter(({ name }) => found.includes(name)).flatMap((binary) => wrongBinary(folder, binary))
  ]
}

function wrongBinary(folder, { name, arch, libc }) {
  const bytes = readFileSync(path.join(folder, name))
  if (bytes.length < 64 || bytes.toString('latin1', 0, 4) !== '\x7fELF' || bytes.readUInt16LE(16) !== SHARED_OBJECT) {
    return [`${name} is no shared object.`]
  }
  const machine = bytes.readUInt16LE(18)
  if (machine !== MACHINES[arch]) return [`${name} is for another processor: machine ${machine}.`]
  // The binary contains the names of its symbols' versions; musl's symbols have none.
  const versions = bytes.toString('latin1').match(/GLIBC_\d+\.\d+/g) ?? []
  if (libc === 'musl') return versions.length > 0 ? [`${name} needs glibc.`] : []
  if (versions.length === 0) return [`${name} does not need glibc: is it musl's?`]
  const newest = versions.map((each) => each.match(/\d+/g).map(Number)).reduce((a, b) => (isNewer(b, a) ? b : a))
  return isNewer(newest, GLIBC_MAX) ? [`${name} needs glibc ${newest.join('.')}, not ${GLIBC_MAX.join('.')}.`] : []
}

function isNewer([major, minor], [otherMajor, otherMinor]) {
  return major > otherMajor || (major === otherMajor && minor > otherMinor)
}

function main([folder, tag]) {
  if (folder === undefined) {
    console.error('Usage: node scripts/assemble.js FOLDER [TAG]')
    process.exitCode = 2
    return
  }
  const wrong = assemble(folder, { tag })
  for (const sentence of wrong) console.error(`ringcall: ${sentence}`)
  if (wrong.length > 0) process.exitCode = 1
}

if (require.main === module) main(process.argv.slice(2))

module.exports = { BINARIES, assemble }
