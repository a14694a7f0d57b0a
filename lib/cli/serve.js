'use strict'

// `ringcall serve`: a server of what a module exports.

const { existsSync } = require('node:fs')
const { inspect } = require('node:util')
const { printable } = require('../errors.js')
const events = require('../events.js')
const { tableOf } = require('../functions.js')
const { serverListen } = require('../server.js')
const { WHAT_IS_ONE, functionsOf, importModule, resolveModule, sayOfModule } = require('../workers/module.js')
const { camelCase, end, fail, parse } = require('./arguments.js')

const USAGE = `Usage: ringcall serve <module> [options]

Serves what the module exports. Of several functions, POST /sum/3/4 calls the one of the name sum and answers with what
it returns; of one function that is the default export, POST /N does. A default export, which is a function or an object
of functions, goes before named ones; exports that are no functions are not served. The module is a JavaScript file, or a
folder with an index.js or a package.json that names its "main".

  -p, --port <n>             the TCP port [8000]; 0 picks a free one
  --host <name>              the address to listen on [every address]
  --path <path>              a Unix domain socket instead of a port
  --bigint                   call the one function with a bigint
  --engine <name>            auto, io_uring or node [auto]
  --ring-threads <n>         threads for the network's work, 1 to 64 [1]
  --reuse-port               share the port with other servers that do so, too
  --ipv6-only                accept no IPv4 connections
  --origins <list>           other sites whose pages may call: https://a.example,https://b.example or '*'
  --backlog <n>              connections that may wait to be accepted [1024]
  --max-connections <n>      connections served at a time [10000]
  --max-in-flight <n>        requests that the functions may have at a time [10000]
  --max-header-size <bytes>  of a request's head [16384]
  --max-body-size <bytes>    of a request's body [1048576]; of one plain function [65536]
  --max-buffered-bytes <n>   of all bodies that wait for their functions [67108864]
  --headers-timeout <ms>     for the head of a request to arrive [10000]; 0 is no timeout
  --request-timeout <ms>     for a whole request to arrive [30000]
  --keep-alive-timeout <ms>  for a connection without a request [72000]
  --handler-timeout <ms>     for the function's value [30000]
  --send-timeout <ms>        for a client that takes nothing of its answers [30000]
  -h, --help

What a function throws goes to stderr. On SIGINT or SIGTERM it answers the requests that it has and ends; a second
signal ends it at once.`

// How arguments are shown, and how many functions are named.
const BRIEFLY = { breakLength: Infinity, depth: 2, maxArrayLength: 10, maxStringLength: 100 }
const NAMES_MAX = 10

// Node's own exit code for this.
const UNSETTLED_AWAIT = 13

const STRINGS = ['host', 'path', 'engine', 'origins']
const FLAGS = ['bigint', 'reuse-port', 'ipv6-only']
const NUMBERS = [
  'port', 'backlog', 'ring-threads', 'max-connections', 'max-in-flight', 'max-header-size', 'max-body-size',
  'max-buffered-bytes', 'headers-timeout', 'request-timeout', 'keep-alive-timeout', 'handler-timeout', 'send-timeout'
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
  const { functions: handler } = await load(file)
  checkFunctions(file, handler)
  let server
  try {
    const onError = (error, call) => tell(error, call, server.functions)
    server = serverListen({ ...listenOptions(values), onError }, handler)
  } catch (error) {
    return fail(`${inFlags(error.message)}${events.isAnyOpen() ? ` ${ownServer(file)}` : ''}`)
  }
  // Before it says that it listens: who reads that may send a signal at once.
  closeOnSignals(server)
  console.log(`ringcall (${server.engine}) listening on ${server.url}`)
  if (typeof handler !== 'function') console.log(`functions: ${listOf(server.functions)}`)
}

// The module's functions. Where it has none, that is told, and the process ends.
async function load(file) {
  const resolved = resolveModule(file)
  if (resolved === undefined) {
    if (!existsSync(file)) return fail(`there is no file ${file}.`)
    return fail(`${file} is a folder without an index.js or a package.json that names its "main". ${WHAT_IS_ONE}`)
  }
  if (resolved.endsWith('.json')) return fail(`${file} is not a module. ${WHAT_IS_ONE}`)
  const neverSettles = () => end(`${file} cannot be loaded: its top-level await never settles.`, UNSETTLED_AWAIT)
  let exports
  try {
    ({ exports } = await importModule(resolved, neverSettles))
  } catch (error) {
    return fail(`${file} cannot be loaded: ${error?.stack ?? error}`)
  }
  const functions = functionsOf(exports)
  if (functions !== undefined) return { functions }
  return fail(`${file} does not export a function. ${events.isAnyOpen() ? ownServer(file) : WHAT_IS_ONE}`)
}

// What is wrong with them is told here, as serverListen speaks of what it is passed.
function checkFunctions(file, functions) {
  try {
    tableOf(functions)
  } catch ({ message }) {
    fail(sayOfModule(file, message))
  }
}

function ownServer(file) {
  return `The module started a server of its own: run it with \`node ${file}\`.`
}

// Whoever runs the command has nothing else to be told by. `call` is an integer where there is one plain function.
function tell(error, call, functions) {
  const what = typeof call === 'object' ? `${callText(call, functions)} failed` : `the function failed for ${call}`
  console.error(`ringcall: ${what}: ${printable(error)}`)
}

// Header fields may be secrets, and logs are read by others.
function callText({ function: name, arguments: values }, functions) {
  const declared = functions.find((fn) => fn.name === name).arguments
  const texts = values.map((value, i) => (declared[i]?.type === 'header' ? `<${declared[i].field}>` : inspect(value, BRIEFLY)))
  return `${name}(${texts.join(', ')})`
}

function listOf(functions) {
  const names = functions.slice(0, NAMES_MAX).map(({ name }) => name).join(', ')
  return functions.length > NAMES_MAX ? `${names} and ${functions.length - NAMES_MAX} more` : names
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
  return ofCommand.replace(/\boptions\.(\w+)|`(\w+)`|(?<=')(\w+)(?=')|\b(\w+)(?= option\b)/g, (text, ...names) => {
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
