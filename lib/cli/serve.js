'use strict'

// `ringcall serve`: a server whose handler is a module's default export.

const { existsSync } = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { printable } = require('../errors.js')
const events = require('../events.js')
const { serverListen } = require('../server.js')
const { camelCase, end, fail, parse } = require('./arguments.js')

const USAGE = `Usage: ringcall serve <module> [options]

Serves the function that the module exports by default: POST /N calls it with N and answers with what it returns. The
module is a JavaScript file, or a folder with an index.js or a package.json that names its "main".

  -p, --port <n>             the TCP port [8000]; 0 picks a free one
  --host <name>              the address to listen on [every address]
  --path <path>              a Unix domain socket instead of a port
  --bigint                   call the function with a bigint
  --engine <name>            auto, io_uring or node [auto]
  --ring-threads <n>         threads for the network's work, 1 to 64 [1]
  --reuse-port               share the port with other servers that do so, too
  --ipv6-only                accept no IPv4 connections
  --origins <list>           other sites whose pages may call: https://a.example,https://b.example or '*'
  --backlog <n>              connections that may wait to be accepted [1024]
  --max-connections <n>      connections served at a time [10000]
  --max-in-flight <n>        requests that the function may have at a time [10000]
  --max-header-size <bytes>  of a request's head [16384]
  --max-body-size <bytes>    of a request's body [65536]
  --headers-timeout <ms>     for the head of a request to arrive [10000]; 0 is no timeout
  --request-timeout <ms>     for a whole request to arrive [30000]
  --keep-alive-timeout <ms>  for a connection without a request [72000]
  --handler-timeout <ms>     for the function's value [30000]
  --send-timeout <ms>        for a client that takes nothing of its answers [30000]
  -h, --help

What the function throws goes to stderr. On SIGINT or SIGTERM it answers the requests that it has and ends; a second
signal ends it at once.`

const MODULE =
  'A module is a JavaScript file whose default export is a function, such as `module.exports = (n) => n + 1`.'

// Node's own exit code for this.
const UNSETTLED_AWAIT = 13

const STRINGS = ['host', 'path', 'engine', 'origins']
const FLAGS = ['bigint', 'reuse-port', 'ipv6-only']
const NUMBERS = [
  'port', 'backlog', 'ring-threads', 'max-connections', 'max-in-flight', 'max-header-size', 'max-body-size',
  'headers-timeout', 'request-timeout', 'keep-alive-timeout', 'handler-timeout', 'send-timeout'
]

const OPTIONS = {
  ...Object.fromEntries([...STRINGS, ...NUMBERS].map((name) => [name, { type: 'string' }])),
  ...Object.fromEntries(FLAGS.map((name) => [name, { type: 'boolean' }])),
  port: { type: 'string', short: 'p' }
}

async function serve(args) {
  const parsed = parse(args, { command: 'serve', usage: USAGE, options: OPTIONS, operand: '<module>' })
  if (parsed === undefined) return
  const { values, positionals: [file] } = parsed
  for (const name of NUMBERS) {
    if (/^\d+$/.test(values[name] ?? '0')) continue
    return fail(`--${name} must be an integer in decimal digits, not ${JSON.stringify(values[name])}.`)
  }
  const handler = await load(file)
  let server
  try {
    server = serverListen({ ...listenOptions(values), onError }, handler)
  } catch (error) {
    return fail(`${inFlags(error.message)}${events.isAnyOpen() ? ` ${ownServer(file)}` : ''}`)
  }
  // Before it says that it listens: who reads that may send a signal at once.
  closeOnSignals(server)
  console.log(`ringcall (${server.engine}) listening on ${server.url}`)
}

// The module's function. Where it has none, that is told, and the process ends.
async function load(file) {
  const resolved = resolve(file)
  if (resolved === undefined) {
    if (!existsSync(file)) return fail(`there is no file ${file}.`)
    return fail(`${file} is a folder without an index.js or a package.json that names its "main". ${MODULE}`)
  }
  if (resolved.endsWith('.json')) return fail(`${file} is not a module. ${MODULE}`)
  const module = await importModule(file, resolved)
  // What TypeScript and Babel make of an ES module has its default inside.
  const handler = [module.default, module.default?.default].find((each) => typeof each === 'function')
  if (handler !== undefined) return handler
  return fail(`${file} does not export a function. ${events.isAnyOpen() ? ownServer(file) : MODULE}`)
}

async function importModule(file, resolved) {
  const neverSettles = () => end(`${file} cannot be loaded: its top-level await never settles.`, UNSETTLED_AWAIT)
  // The event loop has nothing left to do, and the import is not done.
  process.once('beforeExit', neverSettles)
  try {
    return await import(pathToFileURL(resolved))
  } catch (error) {
    return fail(`${file} cannot be loaded: ${error?.stack ?? error}`)
  } finally {
    process.removeListener('beforeExit', neverSettles)
  }
}

function ownServer(file) {
  return `The module started a server of its own: run it with \`node ${file}\`.`
}

// Whoever runs the command has nothing else to be told by.
function onError(error, n) {
  console.error(`ringcall: the function failed for ${n}: ${printable(error)}`)
}

// The file that `require` would take, of a folder, too.
function resolve(file) {
  try {
    return require.resolve(path.resolve(file))
  } catch {
    return undefined
  }
}

function listenOptions(values) {
  const options = Object.entries(values).map(([name, value]) => [
    camelCase(name), optionOf(name, value)
  ])
  return Object.fromEntries(options)
}

// The value of a flag; what is wrong about it is for serverListen to say.
function optionOf(name, value) {
  if (name === 'origins') return value === '*' ? value : value.split(',')
  return NUMBERS.includes(name) ? Number(value) : value
}

// A message of serverListen's, with the names that the options have here.
function inFlags(message) {
  const flags = new Map(Object.keys(OPTIONS).map((name) => [camelCase(name), `--${name}`]))
  const ofCommand = message.replace(/ \(await its close\(\) .*?\)/, '')
  return ofCommand.replace(/\boptions\.(\w+)|`(\w+)`|\b(\w+)(?= option\b)/g, (text, ...names) => {
    return flags.get(names.find((name) => name !== undefined)) ?? text
  })
}

function closeOnSignals(server) {
  let closing = false
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (closing) process.exit(1)
      closing = true
      // A handler's own timers do not keep it.
      server.close().then(() => process.exit(0))
    })
  }
}

module.exports = { serve }
