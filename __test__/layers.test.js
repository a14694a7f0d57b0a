'use strict'

// The layers of lib/: the picture at the top of index.js, compared with what the files require.

const fs = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { root } = require('./helpers.js')

const FILE_LINES_MAX = 400
const NOTHING = 'nothing but the last line'

// `require('./a.js')`, `import('./a.js')`, `import './a.js'` and `export … from './a.js'`, with either kind of quotes.
const REQUIRED = /(?:\b(?:require|import)(?:\.resolve)?\s*\(\s*|\bfrom\s+|\bimport\s+)(['"`])(\.[^'"`]*)\1/g

const files = ['index.js', 'bin/ringcall.js', ...fs.readdirSync(path.join(root, 'lib'), { recursive: true })
  .filter((name) => /\.[cm]?js$/.test(name))
  .map((name) => path.posix.join('lib', ...name.split(path.sep)))]

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')
const names = (list) => list.split(',').map((name) => name.trim())

// The file or folder directly below lib/ that a file belongs to, without its extension.
function layerOf(file) {
  const [first, second] = file.split('/')
  return (first === 'lib' ? second : first).replace(/\.\w+$/, '')
}

// The layers that each layer may use, in the picture's order, and those that all may use.
function readPicture(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('//   '))
  const [, shared] = lines.map((line) => /^\/\/ +(.+?) ◀─ any of them$/.exec(line)).find(Boolean)
  const arrows = new Map()
  for (const line of lines) {
    const [, from, to] = /^\/\/ +(.+?) +─▶ (.+)$/.exec(line) ?? []
    for (const layer of from === undefined ? [] : names(from)) arrows.set(layer, to === NOTHING ? [] : names(to))
  }
  return { arrows, shared: names(shared) }
}

// The package's own files that a file requires. Comments, which may name files, are left out, and so is package.json,
// which is data.
function edgesOf(file, text) {
  const code = text.replace(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(REQUIRED)]
    .map(([, , specifier]) => path.posix.join(path.posix.dirname(file), specifier))
    .filter((target) => !target.endsWith('.json'))
}

// Each edge between two layers as `from ─▶ to`, with the files that have it.
function edgesBetween(sources) {
  const edges = new Map()
  for (const [file, text] of sources) {
    for (const target of edgesOf(file, text)) {
      const [from, to] = [layerOf(file), layerOf(target)]
      if (from === to) continue
      const edge = `${from} ─▶ ${to}`
      edges.set(edge, [...edges.get(edge) ?? [], file])
    }
  }
  return edges
}

// What is wrong: edges that the picture does not have, and arrows that nothing needs.
function compare({ arrows, shared }, edges) {
  const drawn = new Set([...arrows].flatMap(([from, to]) => to.map((each) => `${from} ─▶ ${each}`)))
  const isFree = (edge) => shared.includes(edge.split(' ─▶ ')[1])
  return {
    undeclared: [...edges].filter(([edge]) => !drawn.has(edge) && !isFree(edge)).map(([edge, by]) => `${edge} in ${by}`),
    unused: [...drawn].filter((edge) => !edges.has(edge))
  }
}

const picture = readPicture(read('index.js'))
const sources = new Map(files.map((file) => [file, read(file)]))

test('the files of lib/ use each other along the arrows in index.js, and each arrow is used', (t) => {
  t.true(files.length > 80 && picture.arrows.size > 12, 'files or layers are missing')
  t.deepEqual(compare(picture, edgesBetween(sources)), { undeclared: [], unused: [] })
})

test('each layer is in the picture, and uses only layers below it', (t) => {
  const order = [...picture.arrows.keys(), ...picture.shared]
  t.deepEqual([...new Set(files.map(layerOf))].sort(), order.toSorted())
  t.is(order.length, new Set(order).size)
  for (const [layer, below] of picture.arrows) {
    for (const each of below) t.true(order.indexOf(layer) < order.indexOf(each), `${layer} ─▶ ${each}`)
  }
})

test('the shared layers use nothing else', (t) => {
  const edges = [...edgesBetween(sources).keys()].map((edge) => edge.split(' ─▶ '))
  const others = edges.filter(([from, to]) => picture.shared.includes(from) && !picture.shared.includes(to))
  t.deepEqual(others, [])
})

test('no two files use each other, not even through others', (t) => {
  const done = new Set()
  const visit = (file, above) => {
    if (above.includes(file)) return t.fail([...above, file].join(' ─▶ '))
    if (done.has(file)) return
    for (const target of edgesOf(file, sources.get(file) ?? '')) visit(target, [...above, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  t.pass()
})

test('an edge that is not drawn is noticed, however it is written', (t) => {
  for (const line of [
    "const { Server } = require('../server.js')",
    'const { Server } = require("../server.js")',
    "import { Server } from '../server.js'",
    "const server = await import('../server.js')",
    "import '../server.js'"
  ]) {
    const file = 'lib/answers/reply.js'
    const changed = new Map([...sources, [file, `${sources.get(file)}\n${line}\n`]])
    t.deepEqual(compare(picture, edgesBetween(changed)).undeclared, [`answers ─▶ server in ${file}`], line)
  }
  const without = new Map([...sources].filter(([file]) => file !== 'lib/documents.js'))
  t.deepEqual(compare(picture, edgesBetween(without)).unused, ['documents ─▶ openapi'])
})

test('each file opens with a comment that says what it is, and stays within the line limit', (t) => {
  for (const [file, text] of sources) {
    t.regex(text, /^(?:#!.*\n)?(?:'use strict'\n\n)?\/\/ \S/, file)
    t.true(text.split('\n').length - 1 <= FILE_LINES_MAX, file)
  }
})
