'use strict'

// The JSON Schemas of types, as the libraries of Standard Schemas give them (Standard JSON Schema,
// https://standardschema.dev).

const TARGET = 'draft-2020-12'

// Makes zod describe a type as far as JSON Schema can, with any value in place of what it cannot express, such as
// dates.
const LENIENT = { unrepresentable: 'any' }

const REASON_LENGTH_MAX = 200

// The results by schema and side. Many functions may share a schema.
const described = new WeakMap()

// { text } with the schema as JSON, or { missing } with the reason why there is none or only a part, and then perhaps
// the part. The side is 'input', what clients send, or 'output', what it becomes.
function jsonSchemaOf(schema, side) {
  if (!described.has(schema)) described.set(schema, {})
  const sides = described.get(schema)
  return sides[side] ??= describe(schema, side)
}

function describe(schema, side) {
  const strict = askLibrary(schema, side)
  return strict.missing === undefined ? strict : { ...askLibrary(schema, side, LENIENT), missing: strict.missing }
}

function askLibrary(schema, side, libraryOptions) {
  try {
    const { jsonSchema, vendor } = schema['~standard']
    if (typeof jsonSchema?.[side] !== 'function') return { missing: `${vendor} provides no JSON Schema` }
    const json = jsonSchema[side]({ target: TARGET, libraryOptions })
    if (typeof json?.then === 'function') return refusePromise(json)
    // As text, because text can be sent to another thread whatever it contains.
    const text = JSON.stringify(json)
    return /^(?:\{|true$|false$)/.test(text) ? { text } : { missing: `${vendor} provides no JSON Schema` }
  } catch (error) {
    return { missing: messageOf(error) }
  }
}

// The document is made at the start and cannot wait for a promise. Its rejection is ignored.
function refusePromise(promise) {
  promise.then(undefined, () => {})
  return { missing: 'it is a promise' }
}

function messageOf(error) {
  try {
    return String(error?.message ?? error).split('\n', 1)[0].slice(0, REASON_LENGTH_MAX)
  } catch {
    return 'what was thrown cannot be printed'
  }
}

// { input, output }: the JSON Schemas of a function's types, by type name.
function jsonSchemasOf({ arguments: declared, result, resultSchema }) {
  const input = declared.filter(({ schema }) => schema !== undefined).map(({ type, schema }) => (
    [type, jsonSchemaOf(schema, 'input')]
  ))
  const output = resultSchema === undefined ? [] : [[result, jsonSchemaOf(resultSchema, 'output')]]
  return { input: Object.fromEntries(input), output: Object.fromEntries(output) }
}

// The types of a table without a complete JSON Schema, once each: { type, why, name }, where `name` is a function.
function missingIn({ functions, jsonSchemas = [] }) {
  const missing = new Map()
  jsonSchemas.forEach(({ input, output }, i) => {
    for (const [type, { missing: why }] of [...Object.entries(input), ...Object.entries(output)]) {
      if (why !== undefined && !missing.has(type)) missing.set(type, { type, why, name: functions[i].name })
    }
  })
  return [...missing.values()]
}

module.exports = { jsonSchemasOf, missingIn }
