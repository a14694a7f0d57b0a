'use strict'

// The JSON Schemas of types: what libraries of Standard Schemas tell of them (Standard JSON Schema,
// https://standardschema.dev).

const TARGET = 'draft-2020-12'

// What has zod tell all of a type but what JSON Schema does not have, such as dates; there it is any value.
const LENIENT = { unrepresentable: 'any' }

const REASON_LENGTH_MAX = 200

// Of each schema, by its side. Many functions may have the same one.
const known = new WeakMap()

// { text }, which is JSON, or { missing }: why there is none, or not of all, and then perhaps the rest of it. The side is
// 'input', what is sent, or 'output', what it becomes.
function jsonSchemaOf(schema, side) {
  if (!known.has(schema)) known.set(schema, {})
  const sides = known.get(schema)
  return sides[side] ??= describe(schema, side)
}

function describe(schema, side) {
  const strict = askLibrary(schema, side)
  return strict.missing === undefined ? strict : { ...askLibrary(schema, side, LENIENT), missing: strict.missing }
}

function askLibrary(schema, side, libraryOptions) {
  try {
    const { jsonSchema, vendor } = schema['~standard']
    if (typeof jsonSchema?.[side] !== 'function') return { missing: `${vendor} tells none of it` }
    const json = jsonSchema[side]({ target: TARGET, libraryOptions })
    if (typeof json?.then === 'function') return refusePromise(json)
    // As text, which can be passed to another thread, whatever it is.
    const text = JSON.stringify(json)
    return /^(?:\{|true$|false$)/.test(text) ? { text } : { missing: `${vendor} tells none of it` }
  } catch (error) {
    return { missing: messageOf(error) }
  }
}

// The document is made at the start. What a promise of it comes to is nobody's.
function refusePromise(promise) {
  promise.then(undefined, () => {})
  return { missing: 'it is told only later, by a promise' }
}

function messageOf(error) {
  try {
    return String(error?.message ?? error).split('\n', 1)[0].slice(0, REASON_LENGTH_MAX)
  } catch {
    return 'what was thrown cannot be printed'
  }
}

// { input, output }: those of a function's types, by their names.
function jsonSchemasOf({ arguments: declared, result, resultSchema }) {
  const input = declared.filter(({ schema }) => schema !== undefined).map(({ type, schema }) => (
    [type, jsonSchemaOf(schema, 'input')]
  ))
  const output = resultSchema === undefined ? [] : [[result, jsonSchemaOf(resultSchema, 'output')]]
  return { input: Object.fromEntries(input), output: Object.fromEntries(output) }
}

// The types of a table that have none, once each: { type, why, functions }.
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
