'use strict'

// Request bodies: arguments by name or by position, or a single argument that is the body itself.

const { UNDECLARED_ARGUMENTS_MAX } = require('../limits.js')
const { takesRawBody } = require('../functions/signature.js')
const { BINARY, argumentSchema } = require('./types.js')

// Undefined for a function without arguments.
function bodyOf(fn, schemas, components) {
  const inBody = fn.arguments.filter(({ type }) => type !== 'header')
  if (fn.isDeclared && inBody.length === 0) return undefined
  const required = fn.fewest > 0
  if (takesRawBody(fn)) return rawBody(required)
  const schema = fn.isDeclared ? declared(inBody, schemas, components) : undeclared(fn, components)
  const examples = exampleMap(fn.examples)
  return { required, content: { 'application/json': { schema, ...(examples && { examples }) } } }
}

// Not required: a missing body means no bytes, as an empty body does.
function rawBody(isRequired) {
  const description = `Of any media type.${isRequired ? ' Without one the argument is empty.' : ''}`
  return { description, required: false, content: { 'application/octet-stream': { schema: BINARY } } }
}

function declared(inBody, schemas, components) {
  const each = inBody.map(({ type }) => schemaOfArgument(type, schemas, components))
  const required = inBody.filter(({ isOptional }) => !isOptional).map(({ name }) => name)
  return {
    oneOf: [
      {
        type: 'object',
        properties: Object.fromEntries(inBody.map(({ name }, i) => [name, each[i]])),
        ...(required.length > 0 && { required }),
        additionalProperties: false
      },
      // `maxItems` and not `items: false`, which some tools cannot read.
      { type: 'array', prefixItems: each, minItems: required.length, maxItems: inBody.length }
    ]
  }
}

// An empty object passes no arguments either.
function undeclared({ fewest }, components) {
  const items = argumentSchema('json', components)
  const array = { type: 'array', items, minItems: fewest, maxItems: UNDECLARED_ARGUMENTS_MAX }
  return fewest === 0 ? { oneOf: [array, { type: 'object', maxProperties: 0 }] } : array
}

function schemaOfArgument(type, schemas, components) {
  const ofType = schemas?.input?.[type]
  if (ofType === undefined) return argumentSchema(type, components)
  return components.typeRef(type, 'input', ofType)
}

function exampleMap(examples = []) {
  if (examples.length === 0) return undefined
  return Object.fromEntries(examples.map((value, i) => [`example${i + 1}`, { value }]))
}

module.exports = { bodyOf }
