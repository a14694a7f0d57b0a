'use strict'

// The examples of examples/testing/, which docs/testing.md shows, under the runners at hand: node:test and AVA.
// `npm run test:package` runs all four with the installed package.

const { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { folder, text } = require('./commands.js')
const { root, start } = require('./helpers.js')

const EXAMPLES = path.join(root, 'examples', 'testing')
const AVA = path.join(root, 'node_modules', 'ava')

// A project with the package and AVA, but without this one's settings.
function project(t) {
  const made = folder(t)
  cpSync(EXAMPLES, made, { recursive: true })
  writeFileSync(path.join(made, 'package.json'), '{ "private": true }')
  mkdirSync(path.join(made, 'node_modules'))
  symlinkSync(root, path.join(made, 'node_modules', 'ringcall'))
  symlinkSync(AVA, path.join(made, 'node_modules', 'ava'))
  return made
}

const RUNS = [
  ['node:test', ['--test', 'node.test.js'], /^# pass 2$/m],
  ['AVA', [path.join(AVA, 'entrypoints', 'cli.mjs'), 'ava.test.js'], /2 tests passed/]
]

for (const [name, argv, passed] of RUNS) {
  test(`${name}: its example passes, and ends by itself`, async (t) => {
    t.timeout(100_000)
    const child = start(t, argv, { cwd: project(t), env: { NODE_TEST_CONTEXT: undefined } })
    const printed = await text(child)
    t.like(await child.exited, { code: 0, signal: null })
    t.regex(printed, passed)
  })
}

test('docs/testing.md shows each of them', (t) => {
  const page = readFileSync(path.join(root, 'docs', 'testing.md'), 'utf8')
  for (const name of readdirSync(EXAMPLES)) t.true(page.includes(`\`\`\`js\n// examples/testing/${name}\n`), name)
})
