#!/usr/bin/env node
'use strict'

// The entry of the `ringcall` command. Each subcommand is a file of lib/cli, loaded when it is named.

const { misused } = require('../lib/cli/arguments.js')
const { didYouMean } = require('../lib/unknown-options.js')

const COMMANDS = {
  serve: () => require('../lib/cli/serve.js').serve,
  openapi: () => require('../lib/cli/openapi.js').openapi,
  doctor: () => require('../lib/cli/doctor.js').doctor,
  build: () => require('../lib/cli/build.js').build
}

const HELP = ['help', '--help', '-h']
const VERSION = ['version', '--version', '-v']

const USAGE = `Usage: ringcall <command>

  serve <module>   serves the function, or the functions, that the module exports
  openapi <module> prints the OpenAPI document of the same, and serves nothing
  doctor           says whether io_uring can run here and, if not, why and what to do
  build            builds the addon from the sources in this package; needs Rust

  help [command]   shows this, or how to use a command; so does --help
  version          shows the version; so does --version`

function main([name, ...args]) {
  if (HELP.includes(name)) return help(args)
  if (VERSION.includes(name)) return console.log(require('../package.json').version)
  if (name === undefined) return misused('a command is missing.')
  run(name, args)
}

function help([name]) {
  if (name === undefined || HELP.includes(name) || VERSION.includes(name)) return console.log(USAGE)
  run(name, ['--help'])
}

function run(name, args) {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]()(args)
  const advice = isModule(name)
    ? `Did you mean \`ringcall serve ${name}\`?`
    : didYouMean(name, [...Object.keys(COMMANDS), 'help', 'version'])
  misused(`there is no command ${JSON.stringify(name)}.${advice === undefined ? '' : ` ${advice}`}`)
}

function isModule(name) {
  return /[\\/]|\.(?:[cm]?[jt]s|wasm)$/.test(name)
}

main(process.argv.slice(2))
