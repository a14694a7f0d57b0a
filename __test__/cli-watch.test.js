'use strict'

// Which files `ringcall serve --watch` watches, and what counts as a change of them.

const { once } = require('node:events')
const { mkdirSync, renameSync, rmSync, symlinkSync, watch, writeFileSync } = require('node:fs')
const path = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const test = require('ava')
const { eachFile } = require('../lib/cli/imports.js')
const { entryOf } = require('../lib/cli/symlinks.js')
const { Watch } = require('../lib/cli/watch.js')
const { folder } = require('./commands.js')

// Files of the test's own, by their names.
function files(t, sources) {
  const made = folder(t)
  for (const [name, source] of Object.entries(sources)) {
    mkdirSync(path.dirname(path.join(made, name)), { recursive: true })
    writeFileSync(path.join(made, name), source)
  }
  return made
}

// The first of these files, and all those that it imports.
function filesOf(t, sources) {
  const made = files(t, sources)
  const found = []
  eachFile(path.join(made, Object.keys(sources)[0]), (file) => found.push(path.relative(made, file)))
  return found
}

const imports = {
  'an import': ["import { a } from './a.js'", 'a.js'],
  'an import without names': ["import './a.mjs'", 'a.mjs'],
  'an import without white space': ['import{a}from"./a.mjs"', 'a.mjs'],
  'an import of several lines': ["import {\n  a,\n  b\n} from './a.js'", 'a.js'],
  'an import with attributes': ["import data from './a.json' with { type: 'json' }", 'a.json'],
  'an export from another module': ["export * from './a.js'", 'a.js'],
  'a dynamic import': ["const { a } = await import('./a.js')", 'a.js'],
  'a require': ["const a = require('./a.js')", 'a.js'],
  'a require without the extension': ["const a = require('./a')", 'a.js'],
  'a require of JSON': ["const a = require( './a' )", 'a.json'],
  'a require of a folder': ["const a = require('./a')", 'a/index.js'],
  'a require of a folder above': ["const a = require('../a')", '../a.js'],
  'TypeScript': ["import { a } from './a.ts'", 'a.ts'],
  'an import that package.json maps': [
    "const a = require('#a')", 'lib/a.js', { 'package.json': '{ "imports": { "#a": "./lib/a.js" } }' }
  ],
  'a file that does not exist yet': ["import './a.js'", 'a.js', {}, { isMissing: true }]
}

for (const [what, [source, imported, more, { isMissing } = {}]] of Object.entries(imports)) {
  test(`imports: ${what}`, (t) => {
    const name = 'app/main.mjs'
    const at = path.join('app', imported)
    const others = Object.fromEntries(Object.entries(more ?? {}).map(([file, text]) => [path.join('app', file), text]))
    t.deepEqual(filesOf(t, { [name]: source, ...(isMissing ? {} : { [at]: '0' }), ...others }), [name, at])
  })
}

test('imports: those of imported files, each once, even in a cycle', (t) => {
  const found = filesOf(t, {
    'a.js': "require('./b'); require('./c')",
    'b.js': "require('./c'); require('./data/d.json'); require('./a')",
    'c.js': "require('./b'); require('./a')",
    'data/d.json': '{ "text": "require(\'./e\')" }',
    'e.js': ''
  })
  t.deepEqual(found, ['a.js', 'b.js', 'c.js', 'data/d.json'])
})

test('imports: packages and built-in modules are left out', (t) => {
  const found = filesOf(t, {
    'a.js': "require('node:fs'); require('fs'); require('b'); require('./node_modules/b'); require('./nothing/b')",
    'node_modules/b/index.js': "require('../../c')",
    'c.js': ''
  })
  t.deepEqual(found, ['a.js', 'nothing/b'])
})

test('imports: a computed path is ignored', (t) => {
  const source = "require(path.join(__dirname, 'b')); import(`./${name}`); readFileSync('./b.js')"
  t.deepEqual(filesOf(t, { 'a.js': source, 'b.js': '' }), ['a.js'])
})

// A watch of the first of these files. `changed()` resolves on the next change that it reports.
function watchFiles(t, sources) {
  const made = files(t, sources)
  const at = (name) => path.join(made, name)
  return { at, ...watchFile(t, at(Object.keys(sources)[0])) }
}

function watchFile(t, entry) {
  let told = 0
  let tell = () => {}
  const watch = new Watch(entry, () => {
    told++
    tell()
  })
  t.timeout(60_000)
  t.teardown(() => watch.close())
  watch.look()
  return {
    watch,
    told: () => told,
    changed: () => new Promise((resolve) => (tell = resolve))
  }
}

const GRAPH = { 'a.js': "require('./lib/b')", 'lib/b.js': '1' }

const changes = {
  'a file that is written': ({ at }) => writeFileSync(at('a.js'), ''),
  'an imported file that is written': ({ at }) => writeFileSync(at('lib/b.js'), '2'),
  'a file that replaces an imported one': ({ at }) => {
    writeFileSync(at('lib/new'), '2')
    renameSync(at('lib/new'), at('lib/b.js'))
  },
  'a file that is deleted': ({ at }) => rmSync(at('lib/b.js')),
  'a folder that is moved away': ({ at }) => renameSync(at('lib'), at('old'))
}

for (const [what, change] of Object.entries(changes)) {
  test(`watch: ${what}`, async (t) => {
    const watched = watchFiles(t, GRAPH)
    t.is(watched.watch.fileCount, 2)
    const changed = watched.changed()
    change(watched)
    await changed
    t.is(watched.told(), 1)
  })
}

test('watch: a file that does not exist yet, in a folder that does not exist yet', async (t) => {
  const watched = watchFiles(t, { 'a.js': "require('./lib/more/b')" })
  for (const make of [
    () => mkdirSync(watched.at('lib')),
    () => mkdirSync(watched.at('lib/more')),
    () => writeFileSync(watched.at('lib/more/b'), '1')
  ]) {
    const changed = watched.changed()
    make()
    await changed
    watched.watch.look()
  }
  t.is(watched.told(), 3)
})

test('watch: a folder that another one has replaced', async (t) => {
  const watched = watchFiles(t, GRAPH)
  const moved = watched.changed()
  renameSync(watched.at('lib'), watched.at('old'))
  mkdirSync(watched.at('lib'))
  writeFileSync(watched.at('lib/b.js'), '2')
  await moved
  watched.watch.look()
  const changed = watched.changed()
  writeFileSync(watched.at('lib/b.js'), '3')
  await changed
  t.is(watched.told(), 2)
})

test('watch: a module named by its file, without the extension, or by its folder keeps the links of its name', (t) => {
  const made = files(t, { 'real/a.js': '', 'real/lib/package.json': '{ "main": "main" }', 'real/lib/main.js': '' })
  symlinkSync('real', path.join(made, 'link'))
  for (const [name, resolved, entry] of [
    ['link/a.js', 'real/a.js', 'link/a.js'],
    ['link/a', 'real/a.js', 'link/a.js'],
    ['link/lib', 'real/lib/main.js', 'link/lib/main.js']
  ]) {
    const at = (file) => path.join(made, file)
    t.is(entryOf(at(name), at(resolved)), at(entry))
  }
})

test('watch: a symbolic link to the module, and the files that it then points to', async (t) => {
  const made = files(t, { '1/a.js': "require('./b')", '1/b.js': '1', '2/a.js': "require('./b')", '2/b.js': '2' })
  const at = (name) => path.join(made, name)
  symlinkSync('1', at('current'))
  symlinkSync('current', at('link'))
  const watched = watchFile(t, at('link/a.js'))
  for (const change of [
    () => {
      symlinkSync('2', at('new'))
      renameSync(at('new'), at('current'))
    },
    () => writeFileSync(at('2/b.js'), '3'),
    () => {
      rmSync(at('link'))
      symlinkSync('1', at('link'))
    },
    () => writeFileSync(at('1/b.js'), '3')
  ]) {
    const changed = watched.changed()
    change()
    await changed
    watched.watch.look()
  }
  t.is(watched.told(), 4)
  t.is(watched.watch.fileCount, 2)
})

test('watch: many changes at once are reported as one', async (t) => {
  const watched = watchFiles(t, GRAPH)
  const changed = watched.changed()
  for (let n = 0; n < 50; n++) for (const name of Object.keys(GRAPH)) writeFileSync(watched.at(name), `${n}`)
  await changed
  t.is(watched.told(), 1)
})

test('watch: other files in the folder are ignored', async (t) => {
  const watched = watchFiles(t, { ...GRAPH, 'data.json': '1' })
  const watcher = watch(watched.at('.'))
  t.teardown(() => watcher.close())
  const changed = once(watcher, 'change')
  writeFileSync(watched.at('data.json'), '2')
  writeFileSync(watched.at('b.js'), '2')
  await changed
  // Long enough for a change to be reported.
  await delay(300)
  t.is(watched.told(), 0)
})
