'use strict'

// Describes a server's functions as an OpenAPI 3.1 document. It is made of the table as plain data, which
// `transferableTable` of lib/functions.js makes in the main thread and in workers, and of nothing else: the same table
// always has the same document.

const { Components } = require('./components.js')
const { TAG, operationsOf, plainOperation } = require('./operations.js')
const { missingIn } = require('../functions/json-schemas.js')

const VERSION = '3.1.0'
const TITLE = 'Functions'
const API_VERSION = '1.0.0'
const DESCRIPTION =
  'Functions, called by `POST`. Refusals and failures are problems (RFC 9457) with a `code` for programs.'
const DESCRIPTION_PLAIN = 'A function of an integer that is called by `POST`.'

// Relative to the document, so that it is right behind a proxy's path prefix as well.
const HERE = '.'

// How many types without a schema a warning names.
const MISSING_MAX = 5

// 2^63 as JSON.stringify writes it.
const BEYOND_INT64 = /"(minimum|exclusiveMaximum)":( ?)(-?)9223372036854776000\b/g

// JSON.stringify writes lone surrogates as escapes, and nothing else of this form. Some parsers reject them.
const LONE_SURROGATES = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g

// `isPlain` means one function that is not declared. It has that `name`, and takes a bigint if `bigint` says so.
function openapiOf({ isPlain, isRoot, name, functions, jsonSchemas = [] }, options = {}) {
  const { title = TITLE, version = API_VERSION, description, servers = [HERE], bigint = false } = options
  const components = new Components()
  const paths = isPlain
    ? { '/{n}': { post: plainOperation(name, bigint, components) } }
    : operationsOf({ isRoot, functions, jsonSchemas }, components)
  return {
    openapi: VERSION,
    info: { title, version, description: description ?? (isPlain ? DESCRIPTION_PLAIN : DESCRIPTION) },
    servers: servers.map((each) => (typeof each === 'string' ? { url: each } : each)),
    security: [],
    tags: [{ name: TAG, description: isPlain ? 'The function.' : 'The functions, in the order of their declaration.' }],
    paths,
    components: components.described()
  }
}

// The document as JSON. JSON.stringify writes 2^63 with just enough digits to distinguish it from other doubles, which
// are the digits of another integer. This writes all of its digits, because some readers do not parse numbers as
// doubles.
function textOf(document, indent) {
  const text = JSON.stringify(document, null, indent).replace(BEYOND_INT64, '"$1":$2$39223372036854775808')
  return text.replace(LONE_SURROGATES, '$1\ufffd')
}

let lastWarning

// Warns about the types that the document cannot describe; only once of those that several servers have.
function warnOfMissing(table) {
  const missing = missingIn(table)
  if (missing.length === 0) return
  const types = missing.slice(0, MISSING_MAX).map(({ type, name, why }) => `${type} in ${name} (${why})`).join(', ')
  const others = missing.length > MISSING_MAX ? ` and ${missing.length - MISSING_MAX} more` : ''
  const warning = 'The OpenAPI document allows any JSON value for types without a JSON Schema: ' +
    `${types}${others}. zod 4.2, ArkType 2.1.28 and @valibot/to-json-schema's toStandardJsonSchema() provide theirs. ` +
    'The values are checked all the same.'
  if (warning === lastWarning) return
  lastWarning = warning
  process.emitWarning(warning, { code: 'RINGCALL_OPENAPI' })
}

module.exports = { openapiOf, textOf, warnOfMissing }
