'use strict'

// `npm run test:asan`: the Rust tests under AddressSanitizer, which finds leaks, too. Every toolchain has it, but as an
// unstable feature: hence RUSTC_BOOTSTRAP. Arguments go to `cargo test`.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const ROOT = path.join(__dirname, '..')

const host = /^host: (.+)/m.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout)[1]

const env = {
  RINGCALL_SIMULATION_SEEDS: '500',
  ...process.env,
  RUSTC_BOOTSTRAP: '1',
  RUSTFLAGS: '-Zsanitizer=address',
  LSAN_OPTIONS: `print_suppressions=0:suppressions=${path.join(__dirname, 'lsan.supp')}`
}

// Because the target is named, build scripts and macros are built without the sanitizer.
const args = ['test', '--quiet', '--no-fail-fast', '--target', host, ...process.argv.slice(2)]
process.exitCode = spawnSync('cargo', args, { cwd: ROOT, env, stdio: 'inherit' }).status ?? 1
