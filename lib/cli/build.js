'use strict'

// `ringcall build`: what `npm run build` does, for a package that was installed without a binary for its platform.

const { parse } = require('./arguments.js')

const USAGE = `Usage: ringcall build

Builds the addon from the sources in this package and puts it in place. That needs Rust (https://rustup.rs) and a C
linker, and takes about a minute.

  -h, --help`

function build(args) {
  if (parse(args, { command: 'build', usage: USAGE }) !== undefined) require('../../scripts/build.js')
}

module.exports = { build }
