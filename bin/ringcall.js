#!/usr/bin/env node
'use strict'

// ringcall <command>: the commands are in lib/cli.

const COMMANDS = {
  serve: () => require('../lib/cli/serve.js').serve,
  doctor: () => require('../lib/cli/doctor.js').doctor,
  build: () => require('../lib/cli/build.js').build
}

const USAGE = `Usage: ringcall <command>

  serve <module>   serves the function that the module exports by default
  doctor           says whether io_uring can run here, and if not, why and what to do
  build            builds the addon from the sources of this package; needs Rust

  --help           this, or with a command, what it takes
  --version        the version`

function main([name, ...args]) {
  if (name === '--help' || name === '-h') return console.log(USAGE)
  if (name === '--version' || name === '-v') return console.log(require('../package.json').version)
  if (name !== undefined && Object.hasOwn(COMMANDS, name)) return COMMANDS[name]()(args)
  if (name !== undefined) console.error(`ringcall: there is no command ${JSON.stringify(name)}.\n`)
  console.error(USAGE)
  process.exitCode = 2
}

main(process.argv.slice(2))
