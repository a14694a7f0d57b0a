'use strict'

// `ringcall build`, with a cargo that builds nothing: its library is a copy of the addon that is there.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('ava')
const { has, root, start, until } = require('./helpers.js')
const { binaryName } = require('../lib/native.js')

const ADDON = path.join(root, binaryName())
const CARGO = `#!/bin/sh
echo '   Compiling a-crate v1.0.0' >&2
echo 'warning: something about a-crate' >&2
cp '${ADDON}' built.so
echo '{"reason":"compiler-artifact","target":{"name":"ringcall","kind":["cdylib"]},"filenames":["'$PWD'/built.so"]}'
exit $STATUS
`

// The parts of the package that the command needs, and that cargo.
function copyPackage(t, { cargo = CARGO, at = '.', addon } = {}) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'ringcall-'))
  t.teardown(() => fs.rmSync(made, { recursive: true }))
  const folder = path.join(made, at)
  for (const each of ['bin', 'lib', 'Cargo.toml']) {
    fs.cpSync(path.join(root, each), path.join(folder, each), { recursive: true })
  }
  if (cargo !== null) fs.writeFileSync(path.join(folder, 'cargo'), cargo, { mode: 0o755 })
  if (addon !== undefined) fs.copyFileSync(addon, path.join(folder, binaryName()))
  return folder
}

// Runs the command in that folder, outside of npm.
function startBuild(t, folder, env) {
  const PATH = `${folder}${path.delimiter}${process.env.PATH}`
  return start(t, [path.join(folder, 'bin', 'ringcall.js'), 'build'], {
    env: { PATH, CARGO_HOME: folder, STATUS: '0', npm_lifecycle_event: undefined, ...env }
  })
}

// Runs the script on a terminal as npm does, which keeps the output. Returns what was shown and what was kept.
async function build(t, env) {
  const folder = copyPackage(t)
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

const INVALID = { 'a file that is not a library': 'echo hello >', 'an empty file': 'true >' }
for (const [what, make] of Object.entries(INVALID)) {
  test(`${what} does not replace the addon that is there`, async (t) => {
    const folder = copyPackage(t, { cargo: CARGO.replace(`cp '${ADDON}'`, make) })
    const addon = path.join(folder, binaryName())
    fs.writeFileSync(addon, 'the old one')
    const { code, stderr } = await startBuild(t, folder).exited
    t.is(code, 1)
    t.regex(stderr, /ringcall: cargo built .*\/built\.so, but Node\.js v.* does not load it: .*old addon is kept\.$/m)
    t.notRegex(stderr, /\.tmp/)
    t.is(fs.readFileSync(addon, 'utf8'), 'the old one')
    t.deepEqual(fs.readdirSync(folder).filter((name) => name.endsWith('.tmp')), [])
  })
}

test('an addon for another processor does not replace the one that is there; the error names both', async (t) => {
  const other = fs.readFileSync(ADDON)
  const [mine, its] = process.arch === 'x64' ? ['x64', 'arm64'] : ['arm64', 'x64']
  // The machine that the header of an ELF file names.
  other.writeUInt16LE(its === 'arm64' ? 183 : 62, 18)
  const folder = copyPackage(t, { cargo: CARGO.replace(`'${ADDON}'`, 'other.so') })
  fs.writeFileSync(path.join(folder, 'other.so'), other)
  const { code, stderr } = await startBuild(t, folder, { CARGO_BUILD_TARGET: 'other' }).exited
  t.is(code, 1)
  const expected = `cargo built .*built\\.so for ${its}, but this is Node\\.js for ${mine}\\. .*CARGO_BUILD_TARGET`
  t.regex(stderr, new RegExp(expected))
  t.deepEqual(fs.readdirSync(folder).filter((name) => name.includes('.node')), [])
})

test('without cargo the addon that is there is kept, and a build that a person runs says so', async (t) => {
  const folder = copyPackage(t, { cargo: null, addon: ADDON })
  const kept = 'ringcall: cargo was not found, so the addon that is there is kept. ' +
    'To build it from src/, install Rust from https://rustup.rs.\n'
  const end = (event) => startBuild(t, folder, { PATH: folder, npm_lifecycle_event: event }).exited
  for (const event of [undefined, 'build', 'test']) {
    t.deepEqual(await end(event), { code: 0, signal: null, stderr: kept })
  }
  for (const event of ['dependencies', 'prestart', 'prepack']) {
    t.deepEqual(await end(event), { code: 0, signal: null, stderr: '' })
  }
})

test('without cargo and without an addon that loads, the build fails', async (t) => {
  for (const addon of [undefined, __filename]) {
    const folder = copyPackage(t, { cargo: null, addon })
    const { code, stderr } = await startBuild(t, folder, { PATH: folder, npm_lifecycle_event: 'prestart' }).exited
    t.is(code, 1)
    t.regex(stderr, /^ringcall: building the addon needs Rust, but cargo was not found\. .*\n$/)
  }
})

// A cargo that works until it is ended, with a compiler as its child. It writes down the process ids of both.
const ENDLESS = `#!/bin/sh
sleep 60 &
echo $$ $! > "$CARGO_TARGET_DIR/processes"
wait
`

for (const [signal, cargo] of [['SIGINT', ENDLESS], ['SIGTERM', ENDLESS], ['SIGHUP', ENDLESS],
  ['SIGTERM', ENDLESS.replace('sleep', "trap '' TERM\nsleep")]]) {
  const deaf = cargo === ENDLESS ? '' : ', even if they ignore it'
  test(`${signal} ends cargo and its compilers${deaf}, and leaves no temporary folder`, async (t) => {
    const folder = copyPackage(t, { cargo, at: 'node_modules/ringcall' })
    const temporary = path.join(folder, 'tmp')
    fs.mkdirSync(temporary)
    const child = startBuild(t, folder, { TMPDIR: temporary, CARGO_TARGET_DIR: undefined })
    let processes
    await until(() => (processes = readProcesses(temporary)) !== undefined)
    child.kill(signal)
    t.deepEqual(await child.exited, { code: null, signal, stderr: '' })
    t.deepEqual(fs.readdirSync(temporary), [])
    // A process that has ended remains until its parent has waited for it.
    for (const pid of processes) await until(() => !isRunning(pid))
    t.pass()
  })
}

// The process ids in the one folder there, once they are written.
function readProcesses(temporary) {
  for (const name of fs.readdirSync(temporary)) {
    const file = path.join(temporary, name, 'processes')
    const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
    if (text.endsWith('\n')) return text.trim().split(' ')
  }
  return undefined
}

function isRunning(pid) {
  try {
    return !/^State:\tZ/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const ARTIFACT = '{"reason":"compiler-artifact","target":{"name":"ringcall","kind":["cdylib"]},"filenames":["'

const FAILURES = {
  'no folder for temporary files': [
    { at: 'node_modules/ringcall', env: { TMPDIR: '/proc/none', CARGO_TARGET_DIR: undefined } },
    /^no temporary folder could be made for cargo: ENOENT: .*'\/proc\/none\/.*Set TMPDIR to a folder .*\.$/
  ],
  'a cargo that writes no JSON': [
    { cargo: `#!/bin/sh\necho '{not json'\necho '{}'\n` },
    /^cargo succeeded but reported no library\. .*$/
  ],
  'a cargo that makes only a static library': [
    { cargo: `#!/bin/sh\necho '${ARTIFACT}/libringcall.rlib"]}'\n` },
    /^cargo succeeded but reported no library\. .*$/
  ],
  'a cargo whose interpreter is not there': [
    { cargo: '#!/proc/none/sh\n', addon: ADDON },
    /^cargo could not be started: the interpreter that .*\/cargo names is not there\.$/
  ],
  'a package that cannot be written': [
    { cargo: '#!/bin/sh\necho it has run >&2\n', isReadOnly: true },
    /^the addon goes into .*, which cannot be written: EACCES: permission denied\b.*\.$/
  ]
}
for (const [what, [{ env, isReadOnly, ...given }, expected]] of Object.entries(FAILURES)) {
  test(`${what}: one sentence says so`, async (t) => {
    const folder = copyPackage(t, given)
    const { code, stderr } = await (isReadOnly ? startAsNobody(t, folder) : startBuild(t, folder, env)).exited
    t.is(code, 1)
    t.true(stderr.startsWith('ringcall: '), stderr)
    t.regex(stderr.slice('ringcall: '.length, -1), expected)
  })
}

// Root may write everywhere, so the process gives that up, after its start: Node.js may be where only root may read.
function startAsNobody(t, folder) {
  fs.chmodSync(folder, 0o555)
  t.teardown(() => fs.chmodSync(folder, 0o755))
  const source = `if (process.getuid() === 0) process.setuid(65534)
    process.argv.splice(1, 0, 'ringcall')
    require(${JSON.stringify(path.join(folder, 'bin', 'ringcall.js'))})`
  const env = { PATH: folder, CARGO_HOME: folder, npm_lifecycle_event: undefined }
  return start(t, ['-e', source, 'build'], { env })
}

test('other output of cargo is ignored', async (t) => {
  const folder = copyPackage(t, { cargo: CARGO.replace('cp ', `echo '{not json'\necho '{}'\ncp `) })
  const { code, stderr } = await startBuild(t, folder).exited
  t.is(code, 0, stderr)
  t.true(fs.existsSync(path.join(folder, binaryName())))
})

test('without a PATH, cargo is looked for in its home, and finds the linker', async (t) => {
  const folder = copyPackage(t, { cargo: null })
  const cargo = CARGO.replace('cp ', 'echo "searched: $PATH" >&2\ncp ')
  fs.writeFileSync(path.join(folder, 'bin', 'cargo'), cargo, { mode: 0o755 })
  const { code, stderr } = await startBuild(t, folder, { PATH: undefined }).exited
  t.is(code, 0, stderr)
  t.regex(stderr, new RegExp(`^searched: /usr/bin:/bin:${folder}/bin$`, 'm'))
})
