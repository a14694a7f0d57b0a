'use strict'

// `ringcall serve`: a server whose handler is a module's default export.

const { existsSync } = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { serverListen } = require('../server.js')
const { fail, parse } = require('./arguments.js')

const USAGE = `Usage: ringcall serve <module> [options]

Serves the function that the module exports by default: POST /N calls it with N and answers with what it returns.

  --port <n>                 8000; 0 picks a free one
  --host <name>              every address
  --path <path>              a Unix domain socket instead
  --bigint                   the function gets a bigint
  --engine <name>            auto, io_uring or node
  --ring-threads <n>         1 to 64
  --reuse-port               several servers share the port
  --ipv6-only                no IPv4
  --backlog <n>
  --max-connections <n>      --max-in-flight <n>
  --max-header-size <bytes>  --max-body-size <bytes>
  --headers-timeout <ms>     --request-timeout <ms>     --keep-alive-timeout <ms>
  --handler-timeout <ms>     --send-timeout <ms>        0 is for ever

SIGINT and SIGTERM let it answer what it has, and end; a second one ends it at once.`

const STRINGS = ['host', 'path', 'engine']
const FLAGS = ['bigint', 'reuse-port', 'ipv6-only']
const NUMBERS = [
  'port', 'backlog', 'ring-threads', 'max-connections', 'max-in-flight', 'max-header-size', 'max-body-size',
  'headers-timeout', 'request-timeout', 'keep-alive-timeout', 'handler-timeout', 'send-timeout'
]

const OPTIONS = Object.fromEntries([
  ...[...STRINGS, ...NUMBERS].map((name) => [name, { type: 'string' }]),
  ...FLAGS.map((name) => [name, { type: 'boolean' }])
])

async function serve(args) {
  const parsed = parse(args, { usage: USAGE, options: OPTIONS, positionals: [1, 1] })
  if (parsed === undefined) return
  const { values, positionals: [file] } = parsed
  const handler = await load(file)
  if (handler === undefined) return
  let server
  try {
    server = serverListen(listenOptions(values), handler)
  } catch (error) {
    return fail(error.message)
  }
  // Before it says that it listens: who reads that may send a signal at once.
  closeOnSignals(server)
  console.log(`ringcall (${server.engine}) listening on ${server.url}`)
}

// The module's function; nothing where that has failed, and was told.
async function load(file) {
  const absolute = path.resolve(file)
  if (!existsSync(absolute)) return fail(`there is no file ${file}.`)
  let module
  try {
    module = await import(pathToFileURL(absolute))
  } catch (error) {
    return fail(`${file} cannot be loaded: ${error?.stack ?? error}`)
  }
  // What TypeScript and Babel make of an ES module has its default inside.
  const handler = [module.default, module.default?.default].find((each) => typeof each === 'function')
  return handler ?? fail(`${file} does not export a function: \`export default\` or \`module.exports =\` one.`)
}

function listenOptions(values) {
  const camelCase = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())
  const options = Object.entries(values).map(([name, value]) => [
    camelCase(name),
    // What is no number is for serverListen to refuse, with the range.
    NUMBERS.includes(name) && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value
  ])
  return Object.fromEntries(options)
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
