'use strict'

// `ringcall serve`: serves what a module exports. Without workers, the module is loaded here and its functions run in
// this thread. With workers, threads load the module and run its functions, and it can be reloaded.

const { subscribe } = require('node:diagnostics_channel')
const path = require('node:path')
const events = require('../events.js')
const { serverListen } = require('../server.js')
const { isFromOtherThread } = require('../workers/serialized-errors.js')
const { camelCase, fail, inFlags, isMisuse, misused, parse } = require('./arguments.js')
const { entryOf, workingFolder } = require('./symlinks.js')
const { fileOf, load, ownServer, loadFailureOf } = require('./load.js')
const { ignoreBrokenPipes } = require('./output.js')
const { Reloads } = require('./reloads.js')
const { CloseOnSignal, endBySignal, onHangUp } = require('./signals.js')
const { summaryOf, printWorkerExit, printFailure } = require('./failures.js')

const USAGE = `Usage: ringcall serve <module> [options]

Serves what the module exports. With several functions, POST /sum/3/4 calls the one named sum and returns its result; with
one function as the default export, POST /N does. If there is a default export, a function or an object of functions, only
that is served; exports that are not functions are left out. The module is a JavaScript file, a folder with an index.js or
a package.json that names its "main", or a WebAssembly file, such as sum.wasm.

  -p, --port <n>             the TCP port [8000]; 0 picks a free one
  --host <name>              the address to listen on [every address]
  --path <path>              a Unix domain socket instead of a port
  --workers <n|auto>         worker threads, 1 to 1024, each of which loads the module and runs its functions; auto is
                             one for each core not used by a ring thread
  --watch                    reload the module when its file changes, or one that it imports; with 1 worker by default
  --only <list>              for WebAssembly, the functions to serve: sum,mul [all except its compiler's]
  --bigint                   call the one function with a bigint
  --engine <name>            auto, io_uring or node [auto]
  --ring-threads <n>         threads for the network's work, 0 to 64 [1]; with 0 the functions' own thread does it
  --reuse-port               share the port with other servers that have this option
  --ipv6-only                accept no IPv4 connections
  --no-openapi               serve no description of the functions, GET /openapi.json, and no page to try them on
  --origins <list>           other sites whose pages may call: https://a.example,https://b.example or '*'
  --health <path>            answers GET there: 200 while it serves, 503 while it is closing or has no worker
  --backlog <n>              connections that may wait to be accepted [1024]
  --max-connections <n>      connections served at a time [10000]
  --max-in-flight <n>        requests not yet answered by the functions [10000]
  --max-header-size <bytes>  of a request's head [16384]
  --max-body-size <bytes>    of a request's body [1048576]; for one plain function [65536]
  --max-buffered-bytes <n>   of all bodies that wait for their functions [67108864]
  --headers-timeout <ms>     for the head of a request to arrive [10000]; 0 disables a timeout
  --request-timeout <ms>     for a whole request to arrive [30000]
  --keep-alive-timeout <ms>  for a connection without a request [72000]
  --handler-timeout <ms>     for the function's value [30000]
  --send-timeout <ms>        for a client that reads none of its responses [30000]
  -h, --help

Errors of functions go to stderr. On SIGINT or SIGTERM it finishes pending requests and ends; a second signal ends it at
once. With workers SIGHUP reloads the module without losing a request; if it does not load, the old functions stay.`

// How many functions are listed.
const NAMES_MAX = 10

// Loads of the module whose calls may still run: the newest one and those before it.
const TABLES_MAX = 6

const STRINGS = ['host', 'path', 'engine', 'origins', 'health', 'only', 'workers']
const FLAGS = ['bigint', 'no-openapi', 'reuse-port', 'ipv6-only', 'watch']
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
    return misused(`--${name} must be an integer in decimal digits, not ${JSON.stringify(values[name])}.`, 'serve')
  }
  ignoreBrokenPipes()
  const { watch, workers = watch ? '1' : undefined, 'no-openapi': isQuiet, ...others } = values
  const options = { ...listenOptions(others), openapi: !isQuiet }
  if (workers === undefined) return serveHere(file, options)
  if (workers !== 'auto' && !/^\d+$/.test(workers)) {
    return misused(`--workers must be an integer in decimal digits, or auto, not ${JSON.stringify(workers)}.`, 'serve')
  }
  serveByWorkers(file, { ...options, workers: workers === 'auto' ? workers : Number(workers) }, watch)
}

async function serveHere(file, { only, ...options }) {
  const closing = new CloseOnSignal(() => process.exit(1))
  const { functions: handler } = await load(file, only)
  let server
  try {
    const onError = (error, call) => printFailure(error, call, [server.functions])
    server = serverListen({ ...options, onError }, handler)
  } catch (error) {
    const sentence = inFlags(error.message, OPTIONS)
    if (isMisuse(error)) return misused(sentence, 'serve')
    return fail(`${sentence}${events.isAnyOpen() ? ` ${ownServer(file)}` : ''}`)
  }
  // Before the line that says that it listens: a reader of that line may send a signal at once.
  closing.start(server)
  printListening(server)
}

function serveByWorkers(file, options, isWatched) {
  const folder = workingFolder()
  const name = path.resolve(folder, file)
  const entry = entryOf(name, fileOf(file))
  const reloads = new Reloads(file, folder)
  const watched = isWatched ? `, watching ${countOf(watchFiles(file, entry, reloads), 'file')}` : ''
  // Before the module is loaded, too: a reload may be requested as soon as the process exists.
  const closing = new CloseOnSignal(endBySignal)
  let server
  onHangUp(() => server, () => reloads.request())
  // The functions of the current load and of earlier ones.
  const tables = []
  const onError = (error, call) => printFailure(error, call, tables)
  subscribe('ringcall:worker-exit', printWorkerExit)
  try {
    server = serverListen({ ...options, onError }, name)
  } catch (error) {
    return endAfterWorkers(() => refuseStart(error, name, file))
  }
  tables.push(server.functions)
  closing.start(server)
  reloads.start(server, () => {
    tables.unshift(server.functions)
    tables.length = Math.min(tables.length, TABLES_MAX)
    console.log(`reloaded${server.functions.length === 0 ? '' : `, functions: ${listOf(server.functions)}`}`)
  })
  printListening(server)
  console.log(`workers: ${server.stats().workers.length}${watched}`)
}

// What the module printed in a worker has not reached this thread yet, and should come first. Nothing of the module
// keeps this process alive, because the module was not loaded here.
function endAfterWorkers(end) {
  process.once('beforeExit', end)
}

function watchFiles(file, entry, reloads) {
  try {
    return reloads.watch(entry)
  } catch (error) {
    fail(`${file} cannot be watched: ${summaryOf(error)}`)
  }
}

function printListening(server) {
  console.log(`ringcall (${server.engine}) listening on ${server.url}`)
  if (server.functions.length > 0) console.log(`functions: ${listOf(server.functions)}`)
}

// Reports what serverListen threw: a wrong option, a module that cannot be served, or an error of the module itself.
function refuseStart(error, name, file) {
  const isOfModule = error?.code === 'ERR_WORKER_LOAD' || String(error?.message).startsWith(`${name} `)
  const isOfThread = !(error instanceof Error) || isFromOtherThread(error)
  if (isOfThread && !isOfModule) return fail(loadFailureOf(error, file))
  const sentence = inFlags(error.message, OPTIONS).replaceAll(name, file)
  if (isOfModule || !isMisuse(error)) return fail(sentence)
  misused(sentence, 'serve')
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

// The value of a flag. serverListen checks it.
function optionOf(name, value) {
  if (name === 'origins') return value === '*' ? value : value.split(',')
  if (name === 'only') return value.split(',')
  return NUMBERS.includes(name) ? Number(value) : value
}

function countOf(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

module.exports = { serve }
