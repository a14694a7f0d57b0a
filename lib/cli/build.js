'use strict'

// `ringcall build`: what `npm run build` does, for a package that was installed without a binary for its platform.

const { parse } = require('./arguments.js')

const USAGE = `Usage: ringcall build

Builds the addon from the sources of this package and puts it in its place. It needs Rust (https://rustup.rs) and a C
linker, and takes about a minute.`

function build(args) {
  if (parse(args, { usage: USAGE }) !== undefined) require('../../scripts/build.js')
}

module.exports = { build }
