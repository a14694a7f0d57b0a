#!/usr/bin/env node
'use strict'

// ringcall <command>: the commands are in lib/cli.

const { misused } = require('../lib/cli/arguments.js')

const COMMANDS = {
  serve: () => require('../lib/cli/serve.js').serve,
  doctor: () => require('../lib/cli/doctor.js').doctor,
  build: () => require('../lib/cli/build.js').build
}

const USAGE = `Usage: ringcall <command>

  serve <module>   serves the function that the module exports by default
  doctor           says whether io_uring can run here and, if not, why and what to do
  build            builds the addon from the sources in this package; needs Rust

  help [command]   shows this, or how to use a command; so does --help
  version          shows the version; so does --version`

function main([name, ...args]) {
  switch (name) {
    case undefined: return misused('a command is missing.', USAGE)
    case 'help': case '--help': case '-h': return args.length > 0 ? main([args[0], '--help']) : console.log(USAGE)
    case 'version': case '--version': case '-v': return console.log(require('../package.json').version)
  }
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]()(args)
  misused(`there is no command ${JSON.stringify(name)}.`, USAGE)
}

main(process.argv.slice(2))
