'use strict'

// Builds the addon with cargo and puts it where index.js looks for it. Runs as `npm run build`, and by itself after
// `npm install` in a clone (npm's `dependencies`; not where the package is installed), before `npm start` and before
// `npm pack`. It uses Node's built-ins, our own files and cargo, nothing else.

const { spawnSync } = require('node:child_process')
const { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync } = require('node:fs')
const { homedir, tmpdir } = require('node:os')
const path = require('node:path')
const { binaryName } = require('../lib/native.js')

const ROOT = path.join(__dirname, '..')
const ADDON = path.join(ROOT, binaryName())
const IS_MUSL = ADDON.endsWith('-musl.node')
const IS_INSTALLED = path.basename(path.dirname(ROOT)) === 'node_modules'
const GET_RUST = 'install it with rustup: https://rustup.rs'

function main() {
  const cargo = build()
  if (cargo.error?.code === 'ENOENT') {
    // A checkout that came with a binary is complete without Rust.
    if (!loads(ADDON)) fail(`building the addon needs Rust, and there is no cargo here: ${GET_RUST}`)
    return
  }
  if (cargo.error) fail(`cargo did not run: ${cargo.error.message}`)
  if (cargo.status !== 0) {
    fail(`cargo could not build the addon, for the reason above; it needs Rust ${rustVersion()} or newer ` +
      '(`rustup update`) and a C linker (`cc`).')
  }
  install(builtLibrary(cargo.stdout))
}

function build() {
  // A Rust installed a minute ago is not on this shell's PATH yet.
  const cargoHome = process.env.CARGO_HOME ?? path.join(homedir(), '.cargo')
  const env = { ...process.env, PATH: `${process.env.PATH}${path.delimiter}${path.join(cargoHome, 'bin')}` }
  // Rust links musl statically unless told otherwise, and a static library cannot be a Node.js addon.
  if (IS_MUSL) env.RUSTFLAGS ??= '-C target-feature=-crt-static'
  if (IS_INSTALLED) env.CARGO_TARGET_DIR ??= temporaryFolder()
  // cargo's progress and diagnostics go to stderr, for people; stdout has a line of JSON for each artifact.
  const args = ['build', '--release', '--locked', '--lib', '--message-format=json-render-diagnostics']
  return spawnSync('cargo', args, {
    cwd: ROOT, env, encoding: 'utf8', maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit']
  })
}

// A package that is installed is built once: what cargo keeps for the next time would be 85 MB in node_modules.
function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-build-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

// The target directory can be anywhere (CARGO_TARGET_DIR, a cargo config, a workspace), so cargo says where it built.
function builtLibrary(messages) {
  for (const line of messages.split('\n')) {
    if (!line.startsWith('{')) continue
    const { reason, target, filenames } = JSON.parse(line)
    if (reason !== 'compiler-artifact' || target.name !== 'ringcall' || !target.kind.includes('cdylib')) continue
    return filenames.find((name) => /\.(so|dylib|dll)$/.test(name))
  }
  fail('cargo succeeded but named no library: is `cdylib` still among the crate types in Cargo.toml?')
}

// A running process may have the old file mapped: writing over it would crash that process, renaming does not.
function install(library) {
  const beside = `${ADDON}.${process.pid}.tmp`
  try {
    copyFileSync(library, beside)
    renameSync(beside, ADDON)
  } catch (error) {
    rmSync(beside, { force: true })
    fail(`the addon was built, but could not be put in place: ${error.message}`)
  }
}

function loads(file) {
  try {
    require(file)
    return true
  } catch {
    return false
  }
}

function rustVersion() {
  return /^rust-version = "(.+)"/m.exec(readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8'))[1]
}

function fail(sentence) {
  console.error(`ringcall: ${sentence}`)
  process.exit(1)
}

main()
