'use strict'

// `npm run coverage`: how many of the lines below src/ the tests run, by file and in total; fails below 95 %. The Rust
// tests and most of the JavaScript ones run on an instrumented build, in target/coverage. A process that is killed
// counts nothing, and the tests' own lines are not counted.
//
// It exits 2 if LLVM's tools are missing: `rustup component add llvm-tools`, or others in LLVM_COV and
// LLVM_PROFDATA.

const { spawnSync } = require('node:child_process')
const {
  chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync
} = require('node:fs')
const path = require('node:path')

const AT_LEAST = 95

const ROOT = path.join(__dirname, '..')
const AVA = path.join(ROOT, 'node_modules', 'ava', 'entrypoints', 'cli.mjs')
const FOLDER = path.join(ROOT, 'target', 'coverage')
const PROFILES = path.join(FOLDER, 'profiles')
const MERGED = path.join(FOLDER, 'merged.profdata')
const PACKAGE = path.join(FOLDER, 'package')
const COMPILER = path.join(FOLDER, 'rustc')

// The files that the JavaScript tests need beside the addon.
const PACKAGE_FILES = [
  'package.json', 'index.js', 'index.d.ts', 'client.js', 'client.mjs', 'client-node.mjs', 'ava.config.cjs', 'lib', 'bin',
  'scripts', 'docs', 'examples', 'conformance', '__test__'
]
// Tests that measure a release build or kill the processes they start, and tests of lib/ and of other programs, which
// run no lines of the addon that the rest does not run.
const LEFT_OUT = [
  'assemble', 'balancers', 'batches', 'benchmark-goals', 'browser-example', 'build', 'call-arguments', 'cli', 'cli-openapi',
  'cli-process', 'cli-wasm', 'cli-watch', 'cli-workers', 'client', 'client-files', 'client-runtimes', 'copies', 'cost',
  'deploy', 'docs', 'ends', 'events', 'examples', 'function-costs', 'functions-clients', 'functions-node', 'functions-table',
  'hover', 'json-scanner', 'load-client', 'metrics', 'module', 'openapi', 'openapi-tools', 'page', 'page-use', 'production',
  'real-clients', 'real-prometheus', 'regexes', 'reply', 'results', 'rolling-examples', 'schemas',
  'sentences', 'signature', 'soak', 'testing-examples', 'wasm-bytes', 'wasm-compilers', 'workers-generations',
  'workers-node', 'workers-options', 'workers-parts', 'workers-pool'
]
// Tests that drive the addon. Fewer seeds, and completions are not made to fail in turn: that takes minutes, and runs
// no other lines.
const RUST_TESTS = ['--lib', ...['connection', 'functions', 'server', 'simulation', 'uring'].flatMap((name) => ['--test', name])]
const RUST_TESTS_LEFT_OUT = ['--skip', 'every_completion_of_a_run']

const ENV = {
  ...process.env,
  CARGO_TARGET_DIR: path.join(FOLDER, 'build'),
  // cargo compiles only our own crate with it; the dependencies are compiled as usual, and not counted.
  RUSTC_WORKSPACE_WRAPPER: COMPILER,
  LLVM_PROFILE_FILE: path.join(PROFILES, '%p-%m.profraw'),
  RINGCALL_SIMULATION_SEEDS: '200'
}

function main() {
  const cov = tool('llvm-cov', process.env.LLVM_COV)
  const profdata = tool('llvm-profdata', process.env.LLVM_PROFDATA)
  if (cov === undefined || profdata === undefined) {
    console.error('ringcall: coverage needs LLVM\'s tools: `rustup component add llvm-tools`')
    process.exit(2)
  }
  rmSync(PROFILES, { recursive: true, force: true })
  mkdirSync(PROFILES, { recursive: true })
  chmodSync(PROFILES, 0o777) // One test is run as nobody.
  writeFileSync(COMPILER, '#!/bin/sh\nexec "$@" -C instrument-coverage\n', { mode: 0o755 })
  const built = build()
  run('cargo', ['test', '--quiet', '--locked', ...RUST_TESTS, '--', ...RUST_TESTS_LEFT_OUT], { cwd: ROOT })
  const addon = makePackage(built.addon)
  run(process.execPath, [AVA, ...javascriptTests()], { cwd: PACKAGE })

  const profiles = readdirSync(PROFILES).map((name) => path.join(PROFILES, name))
  // A process may have been ended while it wrote its profile.
  run(profdata, ['merge', '--sparse', '--failure-mode=all', '-o', MERGED, ...profiles], {})
  const objects = [...built.tests, addon].flatMap((file) => ['--object', file])
  const args = ['export', '--format=lcov', '--instr-profile', MERGED, ...objects, '--sources', path.join(ROOT, 'src')]
  report(parse(run(cov, args, { stdio: ['ignore', 'pipe', 'inherit'] })))
}

// The tool that came with this Rust, and so reads its profiles.
function tool(name, given) {
  if (given !== undefined) return given
  const { stdout } = spawnSync('rustc', ['--print', 'target-libdir'], { encoding: 'utf8' })
  const ours = path.join((stdout ?? '').trim(), '..', 'bin', name)
  return existsSync(ours) ? ours : undefined
}

// The test programs, and the library that is the addon.
function build() {
  const json = '--message-format=json-render-diagnostics'
  const stdio = ['ignore', 'pipe', 'inherit']
  const tests = run('cargo', ['test', '--no-run', '--locked', ...RUST_TESTS, json], { cwd: ROOT, stdio })
  const library = run('cargo', ['build', '--locked', '--lib', json], { cwd: ROOT, stdio })
  const artifacts = (messages) => messages.split('\n').filter((line) => line.startsWith('{')).map(JSON.parse)
    .filter(({ reason }) => reason === 'compiler-artifact')
  const { filenames } = artifacts(library).find(({ target }) => target.kind.includes('cdylib'))
  return {
    tests: artifacts(tests).map(({ executable }) => executable).filter(Boolean),
    addon: filenames.find((name) => name.endsWith('.so'))
  }
}

// A copy of the package with this addon, so that the addon in use is not replaced.
function makePackage(library) {
  rmSync(PACKAGE, { recursive: true, force: true })
  for (const name of PACKAGE_FILES) cpSync(path.join(ROOT, name), path.join(PACKAGE, name), { recursive: true })
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(PACKAGE, 'node_modules'))
  const libc = process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'
  const addon = path.join(PACKAGE, `ringcall.${process.platform}-${process.arch}-${libc}.node`)
  copyFileSync(library, addon)
  return addon
}

function javascriptTests() {
  const names = readdirSync(path.join(PACKAGE, '__test__')).filter((name) => name.endsWith('.test.js'))
  return names.filter((name) => !LEFT_OUT.includes(path.basename(name, '.test.js'))).map((name) => `__test__/${name}`)
}

function run(command, args, options) {
  const ran = spawnSync(command, args, { env: ENV, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: 'inherit', ...options })
  if (ran.status !== 0) {
    console.error(`ringcall: ${path.basename(command)} ${args[0]} failed: ${ran.error ?? ran.signal ?? ran.status}`)
    process.exit(1)
  }
  return ran.stdout
}

// By file: the numbers of the lines with code, and of those that did not run.
function parse(lcov) {
  const files = []
  for (const record of lcov.split('end_of_record')) {
    const file = /^SF:(.+)$/m.exec(record)?.[1]
    const name = file && path.relative(path.join(ROOT, 'src'), file)
    if (name === undefined || name.startsWith('..') || /\btests\b/.test(name)) continue
    const text = readFileSync(file, 'utf8').split('\n')
    const tests = text.indexOf('#[cfg(test)]')
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, count]) => [Number(line), Number(count)])
      .filter(([line]) => tests === -1 || line <= tests)
    files.push({ name, lines: lines.length, missed: lines.filter(([, count]) => count === 0).map(([line]) => line) })
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function report(files) {
  const row = (name, lines, missed, which = '') => console.log(
    name.padEnd(28), String(lines).padStart(6), String(missed).padStart(7), percent(lines, missed).padStart(8), which)
  const sum = (of) => files.reduce((total, file) => total + of(file), 0)
  const [lines, missed] = [sum((file) => file.lines), sum((file) => file.missed.length)]
  console.log(`\n${'src/'.padEnd(28)}  lines  missed  covered`)
  for (const file of files) row(file.name, file.lines, file.missed.length, file.missed.join(' '))
  row('all', lines, missed)
  if (100 * (lines - missed) < AT_LEAST * lines) {
    console.error(`ringcall: the tests run less than ${AT_LEAST} % of the lines of src/`)
    process.exitCode = 1
  }
}

function percent(lines, missed) {
  return lines === 0 ? '-' : `${(100 * (lines - missed) / lines).toFixed(1)} %`
}

main()
