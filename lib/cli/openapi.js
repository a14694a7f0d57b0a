'use strict'

// `ringcall openapi`: prints the OpenAPI document that a server of the module would serve.

const { transferableTable } = require('../functions.js')
const { openapiOf, textOf, warnOfMissing } = require('../openapi/index.js')
const { checkArguments } = require('../options.js')
const { inFlags, misused, parse } = require('./arguments.js')
const { load } = require('./load.js')

const USAGE = `Usage: ringcall openapi <module> [options]

Prints the OpenAPI document of the functions that the module exports, as \`ringcall serve\` would serve it at
GET /openapi.json, and serves nothing. The module is loaded, and what it prints goes to stderr.

  --title <text>             the name of the API [Functions]
  --api-version <text>       the version of the API [1.0.0]
  --description <text>       the purpose of the API
  --servers <list>           the addresses of the API: https://a.example,https://b.example [.]
  --only <list>              for WebAssembly, the functions to describe: sum,mul [all except its compiler's]
  --bigint                   the one function is called with a bigint
  -h, --help`

const STRINGS = ['title', 'api-version', 'description', 'servers', 'only']
const OPTIONS = {
  ...Object.fromEntries(STRINGS.map((name) => [name, { type: 'string' }])),
  bigint: { type: 'boolean' }
}

async function openapi(args) {
  const parsed = parse(args, { command: 'openapi', usage: USAGE, options: OPTIONS, operand: '<module>' })
  if (parsed === undefined) return
  const { values, positionals: [file] } = parsed
  const print = takeOutput()
  const { functions } = await load(file, values.only?.split(','))
  const { options, table } = check(values, functions)
  const described = transferableTable(table, functions)
  warnOfMissing(described)
  print(textOf(openapiOf(described, { ...options.openapi, bigint: options.bigint }), 2))
}

// Redirects what the module prints to stderr. Returns a function that prints the document and ends the process without
// waiting for what the module keeps open, such as a timer.
function takeOutput() {
  const { stdout, stderr } = process
  const { write } = stdout
  stdout.write = stderr.write.bind(stderr)
  return (text) => write.call(stdout, `${text}\n`, () => process.exit())
}

function check({ title, 'api-version': version, description, servers, bigint }, functions) {
  try {
    return checkArguments({ bigint, openapi: { title, version, description, servers: servers?.split(',') } }, functions)
  } catch ({ message }) {
    const sentence = message.replace('openapi.version', 'apiVersion').replace(/openapi\.(\w+)(?:\[\d+\])?/, '$1')
    return misused(inFlags(sentence, OPTIONS), 'openapi')
  }
}

module.exports = { openapi }
