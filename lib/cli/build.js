'use strict'

// `ringcall build`: builds the addon with cargo and puts it where native.js looks for it. A user runs it if the package
// was installed without a binary for the platform. `npm run build` runs it as well, and so does npm itself: after `npm
// install` in a clone (npm's `dependencies`), before `npm start` and before `npm pack`. It uses only Node's built-in
// modules, our own files and cargo.

const { spawn, spawnSync } = require('node:child_process')
const {
  accessSync, constants, copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync,
  writeSync
} = require('node:fs')
const { homedir, tmpdir } = require('node:os')
const path = require('node:path')
const readline = require('node:readline')
const { setTimeout } = require('../globals.js')
const { ROOT, binaryName } = require('../native.js')
const { fail, parse, printError } = require('./arguments.js')
const { endBySignal } = require('./signals.js')

const USAGE = `Usage: ringcall build

Builds the addon from the sources in this package and puts it in place. That needs Rust (https://rustup.rs) and a C
linker, and takes about a minute.

  -h, --help`

const ADDON = path.join(ROOT, binaryName())
const IS_MUSL = ADDON.endsWith('-musl.node')
const IS_INSTALLED = path.basename(path.dirname(ROOT)) === 'node_modules'

// Where programs are looked for in an environment without PATH.
const DEFAULT_PATH = '/usr/bin:/bin'

// The scripts that npm runs without being asked for them.
const LIFECYCLE = ['dependencies', 'prestart', 'prepack']

// The machine in the header of an ELF file, as Node.js names it.
const MACHINES = new Map([[62, 'x64'], [183, 'arm64']])

// Loads the addon that is its argument, in a process of its own: a bad one may crash it.
const LOADER = `
try {
  process.dlopen({ exports: {} }, process.argv[1])
} catch (error) {
  console.log(error.message)
  process.exit(1)
}`
const LOAD_MS_MAX = 60_000
const CARGO_END_MS_MAX = 2000

// "   Compiling libc v0.2.186": cargo right-aligns the verb.
const PROGRESS = /^ +[A-Z][a-z]+ /

async function build(args) {
  if (parse(args, { command: 'build', usage: USAGE }) === undefined) return
  const env = environment()
  const cargo = findCargo(env.PATH)
  if (cargo === undefined) {
    // A package that came with a binary is complete without Rust.
    if (existsSync(ADDON) && loadError(ADDON) === undefined) return tellKept()
    fail('building the addon needs Rust, but cargo was not found. Install Rust from https://rustup.rs and try again.')
  }
  // Now, rather than after the minute that cargo takes.
  checkWritable()
  const { error, status, messages } = await runCargo(cargo, env)
  if (error !== undefined) {
    // The kernel says of a script without its interpreter only that there is no such file.
    const why = error.code === 'ENOENT' ? `the interpreter that ${cargo} names is not there` : error.message
    fail(`cargo could not be started: ${why}.`)
  }
  if (status !== 0) {
    fail(`cargo could not build the addon; what it printed above says why. It needs Rust ${rustVersion()} or newer ` +
      '(`rustup update`) and a C linker (`cc`).')
  }
  install(builtLibrary(messages))
}

// To somebody who has edited src/ and builds it. npm runs the command for other reasons.
function tellKept() {
  if (LIFECYCLE.includes(process.env.npm_lifecycle_event)) return
  printError('cargo was not found, so the addon that is there is kept. ' +
    'To build it from src/, install Rust from https://rustup.rs.')
}

// The environment of cargo.
function environment() {
  // If Rust was just installed, it is not on this shell's PATH yet.
  const cargoHome = process.env.CARGO_HOME ?? path.join(homedir(), '.cargo')
  const PATH = [process.env.PATH || DEFAULT_PATH, path.join(cargoHome, 'bin')].join(path.delimiter)
  const env = { ...process.env, PATH }
  // Rust links musl statically by default, and a static library cannot be a Node.js addon.
  if (IS_MUSL) env.RUSTFLAGS ??= '-C target-feature=-crt-static'
  return env
}

// The first file of that name that may be run, as a shell looks for it.
function findCargo(PATH) {
  const files = PATH.split(path.delimiter).filter(Boolean).map((folder) => path.resolve(folder, 'cargo'))
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return statSync(file).isFile()
    } catch {
      return false
    }
  })
}

function checkWritable() {
  try {
    accessSync(ROOT, constants.W_OK)
  } catch (error) {
    fail(`the addon goes into ${ROOT}, which cannot be written: ${error.message}.`)
  }
}

// Resolves with cargo's exit status and messages, or with the `error` that kept it from starting.
function runCargo(cargo, env) {
  const folder = IS_INSTALLED && env.CARGO_TARGET_DIR === undefined ? temporaryFolder() : undefined
  env.CARGO_TARGET_DIR ??= folder
  // cargo writes progress and diagnostics to stderr, for people, and a line of JSON for each artifact to stdout.
  const args = ['build', '--release', '--locked', '--lib', '--message-format=json-render-diagnostics']
  const terminal = terminalBehindNpm()
  const stderr = terminal === undefined ? 'inherit' : 'pipe'
  // A process group of its own, so that a signal ends its compilers as well.
  const child = spawn(cargo, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', stderr], detached: true })
  if (child.pid !== undefined) endOnSignal(child, folder)
  if (terminal !== undefined) showProgress(child.stderr, terminal)
  let messages = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (messages += text))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ error }))
    child.on('close', (status) => resolve({ status, messages }))
  })
}

// While `npm install` runs the `dependencies` script, npm captures its output and shows it only if the script fails.
// The minute that cargo takes would look like a hang, so the progress goes directly to the terminal, if there is one.
function terminalBehindNpm() {
  const { CI, npm_config_loglevel: level, npm_lifecycle_event: event } = process.env
  if (event !== 'dependencies' || CI || level === 'silent' || process.stderr.isTTY) return undefined
  try {
    return openSync('/dev/tty', 'w')
  } catch {
    return undefined
  }
}

// Each line overwrites npm's spinner, which draws itself again.
function showProgress(stderr, terminal) {
  const show = (line) => writeSync(terminal, `\r\x1b[K${line}\n`)
  show('ringcall: building the addon with cargo, which takes about a minute the first time')
  readline.createInterface({ input: stderr }).on('line', (line) => {
    console.error(line)
    if (PROGRESS.test(line)) show(line)
  })
}

// A signal ends cargo, then removes the temporary folder, then ends this process. A second one does not wait for cargo.
function endOnSignal(cargo, folder) {
  let isEnding = false
  const onSignal = (signal) => {
    endGroup(cargo, isEnding ? 'SIGKILL' : signal)
    if (isEnding) return
    isEnding = true
    setTimeout(endGroup, CARGO_END_MS_MAX, cargo, 'SIGKILL')
    const end = () => {
      endGroup(cargo, 'SIGKILL')
      removeFolder(folder)
      endBySignal(signal)
    }
    if (cargo.exitCode === null && cargo.signalCode === null) cargo.once('exit', end)
    else end()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal)
}

function endGroup(cargo, signal) {
  try {
    process.kill(-cargo.pid, signal)
  } catch {
    // All its processes have ended.
  }
}

// An installed package is built once. cargo's build cache would leave 85 MB in node_modules.
function temporaryFolder() {
  let folder
  try {
    folder = mkdtempSync(path.join(tmpdir(), 'ringcall-build-'))
  } catch (error) {
    fail(`no temporary folder could be made for cargo: ${error.message}. Set TMPDIR to a folder that can be written.`)
  }
  process.once('exit', () => removeFolder(folder))
  return folder
}

// A compiler that is just ending may still write to it.
function removeFolder(folder) {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}

// The target directory can be anywhere (CARGO_TARGET_DIR, a cargo config, a workspace), so cargo's messages say where
// the library is.
function builtLibrary(messages) {
  for (const line of messages.split('\n')) {
    const { reason, target, filenames } = messageOf(line)
    if (reason !== 'compiler-artifact' || target.name !== 'ringcall' || !target.kind.includes('cdylib')) continue
    const library = filenames.find((name) => /\.(so|dylib|dll)$/.test(name))
    if (library !== undefined) return library
  }
  fail('cargo succeeded but reported no library. Is `cdylib` still among the crate types in Cargo.toml?')
}

// A line that is no message comes from something else, such as a wrapper around cargo.
function messageOf(line) {
  try {
    return line.startsWith('{') ? JSON.parse(line) : {}
  } catch {
    return {}
  }
}

// A running process may have the old file mapped. Overwriting it would crash that process; renaming does not. The copy
// is loaded first, so that a library for another platform does not replace an addon that works.
function install(library) {
  const beside = `${ADDON}.${process.pid}.tmp`
  let refusal
  try {
    copyFileSync(library, beside)
    refusal = whyNot(library, beside)
    if (refusal === undefined) return renameSync(beside, ADDON)
  } catch (error) {
    refusal = `the addon was built, but could not be put in its place: ${error.message}.`
  }
  rmSync(beside, { force: true })
  fail(`${refusal}${existsSync(ADDON) ? ' The old addon is kept.' : ''}`)
}

// Why the copy of that library is not the addon for this Node.js, or undefined.
function whyNot(library, copy) {
  const machine = machineOf(copy)
  if (machine !== undefined && machine !== process.arch) {
    return `cargo built ${library} for ${machine}, but this is Node.js for ${process.arch}. ` +
      'Unset CARGO_BUILD_TARGET and `build.target` in the configuration of cargo, or build on that platform.'
  }
  const error = loadError(copy)
  if (error === undefined) return undefined
  return `cargo built ${library}, but Node.js ${process.version} does not load it: ${error}.`
}

// glibc says of a library for another processor only that there is no such file.
function machineOf(file) {
  const header = readFileSync(file).subarray(0, 20)
  if (header.length < 20 || header.toString('latin1', 0, 4) !== '\x7fELF') return undefined
  const machine = header.readUInt16LE(18)
  return MACHINES.get(machine) ?? `another processor (ELF machine ${machine})`
}

// Why Node.js does not load that addon, or undefined.
function loadError(file) {
  const env = { ...process.env, NODE_OPTIONS: '' }
  const bounds = { timeout: LOAD_MS_MAX, killSignal: 'SIGKILL' }
  const { error, status, signal, stdout } =
    spawnSync(process.execPath, ['-e', LOADER, file], { env, encoding: 'utf8', ...bounds })
  if (status === 0) return undefined
  if (error !== undefined) return error.message
  if (signal !== null) return `it ended Node.js with ${signal}`
  return stdout.replaceAll(`${file}: `, '').trim() || `it ended Node.js with ${status}`
}

function rustVersion() {
  return /^rust-version = "(.+)"/m.exec(readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8'))[1]
}

module.exports = { build }
