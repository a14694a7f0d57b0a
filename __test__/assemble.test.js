'use strict'

const fs = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const test = require('ava')
const { BINARIES, assemble } = require('../scripts/assemble.js')

const machines = { x64: 62, arm64: 183 }

// The header of a shared object, and the names of the symbol versions that it needs.
function elf(arch, versions, type = 3) {
  const head = Buffer.alloc(64)
  head.write('\x7fELF', 'latin1')
  head.writeUInt16LE(type, 16)
  head.writeUInt16LE(machines[arch], 18)
  return Buffer.concat([head, Buffer.from(versions.map((version) => `${version}\0`).join(''))])
}

const glibc = ['GLIBC_2.2.5', 'GLIBC_2.17', 'GLIBC_2.28']

// An empty package, and a folder with a binary of each name. `changes` replaces some of them, or leaves them out.
function prepare(t, changes = {}) {
  const root = fs.mkdtempSync(path.join(tmpdir(), 'ringcall-'))
  t.teardown(() => fs.rmSync(root, { recursive: true }))
  const folder = path.join(root, 'built')
  fs.mkdirSync(folder)
  const files = Object.fromEntries(BINARIES.map(({ name, arch, libc }) => [name, elf(arch, libc === 'gnu' ? glibc : [])]))
  for (const [name, bytes] of Object.entries({ ...files, ...changes })) {
    if (bytes !== undefined) fs.writeFileSync(path.join(folder, name), bytes)
  }
  fs.writeFileSync(path.join(root, 'package.json'), '{ "version": "1.2.3" }')
  fs.writeFileSync(path.join(root, 'Cargo.toml'), '[package]\nname = "ringcall"\nversion = "1.2.3"\n')
  fs.writeFileSync(path.join(root, 'CHANGELOG.md'), '# Changes\n\n## 1.2.3\n')
  return { root, folder }
}

function inPackage(root) {
  return fs.readdirSync(root).filter((name) => name.endsWith('.node')).sort()
}

test('the four binaries go into the package', (t) => {
  const { root, folder } = prepare(t)
  t.deepEqual(assemble(folder, { root, tag: 'v1.2.3' }), [])
  t.deepEqual(inPackage(root), [
    'ringcall.linux-arm64-gnu.node', 'ringcall.linux-arm64-musl.node',
    'ringcall.linux-x64-gnu.node', 'ringcall.linux-x64-musl.node'
  ])
})

const x64 = 'ringcall.linux-x64-gnu.node'
const musl = 'ringcall.linux-x64-musl.node'

const refused = {
  'a binary is missing': [{ [x64]: undefined }, /x64-gnu.* missing/],
  'there is another file': [{ 'ringcall.linux-x64-gnu.node.tmp': '' }, /tmp does not belong/],
  'a binary is empty': [{ [x64]: '' }, /no shared object/],
  'a binary is a program': [{ [x64]: elf('x64', glibc, 2) }, /no shared object/],
  'a binary is for another processor': [{ [x64]: elf('arm64', glibc) }, /another processor/],
  'a binary needs too new a glibc': [{ [x64]: elf('x64', ['GLIBC_2.34', 'GLIBC_2.9']) }, /needs glibc 2\.34/],
  'the gnu one is musl\'s': [{ [x64]: elf('x64', []) }, /does not need glibc/],
  'the musl one is gnu\'s': [{ [musl]: elf('x64', glibc) }, /musl.* needs glibc/]
}

for (const [what, [changes, sentence]] of Object.entries(refused)) {
  test(`${what}: nothing goes into the package`, (t) => {
    const { root, folder } = prepare(t, changes)
    const wrong = assemble(folder, { root })
    t.is(wrong.length, 1)
    t.regex(wrong[0], sentence)
    t.deepEqual(inPackage(root), [])
  })
}

test('the versions of the package, the crate, the change log and the tag must be the same', (t) => {
  const { root, folder } = prepare(t)
  t.regex(assemble(folder, { root, tag: 'v1.2.4' })[0], /tag is v1\.2\.4/)
  fs.writeFileSync(path.join(root, 'package.json'), '{ "version": "2.0.0" }')
  const wrong = assemble(folder, { root })
  t.regex(wrong.join('\n'), /Cargo\.toml has version 1\.2\.3[^]*CHANGELOG\.md says nothing about 2\.0\.0/)
})
