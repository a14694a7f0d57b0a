'use strict'

// `ringcall openapi`: the description of what a module exports, which a server of it would serve.

const { transferableTable } = require('../functions.js')
const { openapiOf, textOf } = require('../openapi/index.js')
const { fail, parse } = require('./arguments.js')
const { load } = require('./load.js')

const USAGE = `Usage: ringcall openapi <module> [options]

Prints the OpenAPI document of the functions that the module exports, as \`ringcall serve\` would serve it at
GET /openapi.json, and serves nothing. The module is loaded, and what it prints goes to stderr.

  --title <text>             what the functions are called [Functions]
  --api-version <text>       their version [1.0.0]
  --description <text>       what they are for
  --servers <list>           where they are served: https://a.example,https://b.example [/]
  --bigint                   the one function is called with a bigint
  -h, --help`

const STRINGS = ['title', 'api-version', 'description', 'servers']
const OPTIONS = {
  ...Object.fromEntries(STRINGS.map((name) => [name, { type: 'string' }])),
  bigint: { type: 'boolean' }
}

async function openapi(args) {
  const parsed = parse(args, { command: 'openapi', usage: USAGE, options: OPTIONS, operand: '<module>' })
  if (parsed === undefined) return
  const { values, positionals: [file] } = parsed
  // The document alone is what is written to stdout.
  const write = process.stdout.write
  process.stdout.write = process.stderr.write.bind(process.stderr)
  const { functions, table } = await load(file)
  const options = describing(values)
  if (table !== undefined && values.bigint) return fail('--bigint is for one function that is not declared.')
  const document = openapiOf(transferableTable(table, functions), options)
  // What the module keeps, such as a timer, is not waited for.
  write.call(process.stdout, `${textOf(document, 2)}\n`, () => process.exit())
}

function describing({ title, 'api-version': version, description, servers, bigint }) {
  return { title, version, description, servers: servers?.split(','), bigint }
}

module.exports = { openapi }
