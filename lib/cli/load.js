'use strict'

// Loads the command line's module in this thread. If it exports no functions that can be served, this prints why and
// ends the process.

const { existsSync } = require('node:fs')
const events = require('../events.js')
const { tableOf } = require('../functions.js')
const {
  NEVER_SETTLES, MODULE_HELP, functionsOf, importModule, resolveModule, aboutModule
} = require('../workers/module.js')
const { end, fail } = require('./arguments.js')

// Node's own exit code for an unsettled top-level await.
const UNSETTLED_AWAIT = 13

// The module's functions. For WebAssembly, `only` names the ones to serve.
async function load(file, only) {
  const resolved = fileOf(file)
  const neverSettles = () => end(`${file} cannot be loaded: ${NEVER_SETTLES}`, UNSETTLED_AWAIT)
  let exports
  try {
    ({ exports } = await importModule(resolved, { only, neverSettles }))
  } catch (error) {
    if (error?.code !== 'ERR_WORKER_LOAD') return fail(loadFailureOf(error, file))
    return fail(error.message.replaceAll(resolved, file).replaceAll('`only`', '--only'))
  }
  const functions = functionsOf(exports)
  if (functions === undefined) {
    return fail(`${file} does not export a function. ${events.isAnyOpen() ? ownServer(file) : MODULE_HELP}`)
  }
  refuseUnfit(file, functions)
  return { functions }
}

// The module's own file, even if `file` names a folder.
function fileOf(file) {
  const resolved = resolveModule(file)
  if (resolved === undefined) {
    if (!existsSync(file)) return fail(`there is no file ${file}.`)
    return fail(`${file} is a folder without an index.js or a package.json that names its "main". ${MODULE_HELP}`)
  }
  if (resolved.endsWith('.json')) return fail(`${file} is not a module. ${MODULE_HELP}`)
  return resolved
}

function loadFailureOf(error, file) {
  return `${file} cannot be loaded: ${error?.stack ?? error}`
}

// Reports mistakes in the functions here, because serverListen's messages talk about its arguments.
function refuseUnfit(file, functions) {
  try {
    tableOf(functions)
  } catch ({ message }) {
    fail(aboutModule(file, message))
  }
}

function ownServer(file) {
  return `The module started a server of its own: run it with \`node ${file}\`.`
}

module.exports = { fileOf, load, ownServer, loadFailureOf }
