'use strict'

// `ringcall build`, with a cargo that builds nothing.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('ava')
const { has, root, start } = require('./helpers.js')

const CARGO = `#!/bin/sh
echo '   Compiling a-crate v1.0.0' >&2
echo 'warning: something about a-crate' >&2
touch built.so
echo '{"reason":"compiler-artifact","target":{"name":"ringcall","kind":["cdylib"]},"filenames":["'$PWD'/built.so"]}'
exit $STATUS
`

// Runs the script as npm runs it, which keeps its output, on a terminal: what the terminal showed, and what was kept.
async function build(t, env) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ringcall-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  for (const each of ['bin', 'lib', 'Cargo.toml']) {
    fs.cpSync(path.join(root, each), path.join(folder, each), { recursive: true })
  }
  fs.writeFileSync(path.join(folder, 'cargo'), CARGO, { mode: 0o755 })
  const python = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'
  const command = `cd ${folder} && PATH=${folder}:$PATH "$1" bin/ringcall.js build > kept 2>&1; echo "ended with $?"`
  const child = start(t, ['-c', python, 'sh', '-c', command, 'sh', process.execPath], {
    command: 'python3',
    env: { CI: '', STATUS: '0', npm_lifecycle_event: 'dependencies', npm_config_loglevel: '', ...env }
  })
  const shown = []
  for (let line = ''; !line.startsWith('ended with');) shown.push((line = await child.line()))
  await child.exited
  const kept = fs.readFileSync(path.join(folder, 'kept'), 'utf8')
  return { shown: shown.filter((line) => line.trim() !== ''), kept, folder }
}

test('during npm install the terminal shows what cargo is doing, and npm keeps what it printed', async (t) => {
  if (!has(t, 'python3')) return
  const { shown, kept, folder } = await build(t)
  t.regex(shown[0], /^\x1b\[Kringcall: building the addon with cargo/)
  t.deepEqual(shown.slice(1), ['\x1b[K   Compiling a-crate v1.0.0', 'ended with 0'])
  t.regex(kept, /Compiling a-crate.*\n.*warning: something about a-crate/)
  t.true(fs.readdirSync(folder).some((name) => name.endsWith('.node')))

  const failed = await build(t, { STATUS: '101' })
  t.is(failed.shown.at(-1), 'ended with 1')
  t.regex(failed.kept, /something about a-crate\n.*could not build the addon.*It needs Rust/)
})

for (const env of [{ CI: 'true' }, { npm_config_loglevel: 'silent' }, { npm_lifecycle_event: 'build' }]) {
  test(`nothing but npm writes to the terminal with ${Object.entries(env)}`, async (t) => {
    if (!has(t, 'python3')) return
    t.deepEqual((await build(t, env)).shown, ['ended with 0'])
  })
}
