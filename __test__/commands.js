'use strict'

// What the tests of the `ringcall` command and of modules share: modules of a test's own, and the command as a process.

const { mkdtempSync, realpathSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { assertRefused, connect, engine, post, request, root, start } = require('./helpers.js')

const bin = path.join(root, 'bin', 'ringcall.js')

// A folder of the test's own.
function folder(t) {
  // The path that messages name, even where the folder for temporary files is a symbolic link.
  const made = realpathSync(mkdtempSync(path.join(tmpdir(), 'ringcall-')))
  t.teardown(() => rmSync(made, { recursive: true }))
  return made
}

// A file of the test's own.
function file(t, name, text) {
  const made = path.join(folder(t), name)
  writeFileSync(made, text)
  return made
}

// What a command prints, and how it ends.
async function run(t, args, options) {
  const child = start(t, [bin, ...args], options)
  return { stdout: await text(child), ...(await child.exited) }
}

async function text(child) {
  const lines = []
  for (;;) {
    const line = await child.line().catch(() => null)
    if (line === null) return lines.join('\n')
    lines.push(line)
  }
}

// A `ringcall serve` that listens.
async function startServe(t, args, options) {
  const child = start(t, [bin, 'serve', ...args, '--port', '0', '--engine', engine], options)
  const line = await child.line()
  return { child, line, port: Number(/:(\d+)$/.exec(line)?.[1]) }
}

// On that signal `serve` answers the requests that it has, takes no more, and ends with 0.
async function answersAndEnds(t, signal, options) {
  const source = 'export default (n) => new Promise((resolve) => setTimeout(resolve, 200, n))'
  const { child, port } = await startServe(t, [file(t, 'slow.mjs', source), ...options])
  const client = await connect(t, port)
  await client.write(request('/15'))
  await post(t, port, '/x')
  child.kill(signal)
  t.is((await client.response()).body, '15')
  client.end()
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
  await assertRefused(t, port)
}

module.exports = { answersAndEnds, bin, file, folder, run, startServe, text }
