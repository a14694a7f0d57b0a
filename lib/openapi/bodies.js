'use strict'

// The bodies of requests: arguments by name or by position, or the one argument that is the body itself.

const { argumentSchema } = require('./types.js')

// What a request may pass to a function that is not declared.
const UNDECLARED_MAX = 64

const BINARY = { type: 'string', format: 'binary' }

// Nothing for a function that takes none.
function bodyOf(fn, schemas, components) {
  const taken = fn.arguments.filter(({ type }) => type !== 'header')
  if (fn.isDeclared && taken.length === 0) return undefined
  const required = fn.fewest > 0
  if (isRawBody(fn)) {
    return { description: 'Of any media type.', required, content: { 'application/octet-stream': { schema: BINARY } } }
  }
  const schema = fn.isDeclared ? declared(taken, schemas, components) : undeclared(fn, components)
  const examples = exampleMap(fn.examples)
  return { required, content: { 'application/json': { schema, ...(examples && { examples }) } } }
}

// Whether the body is the argument, of whatever media type.
function isRawBody(fn) {
  const taken = fn.arguments.filter(({ type }) => type !== 'header')
  return taken.length === 1 && taken[0].type === 'bytes'
}

function declared(taken, schemas, components) {
  const each = taken.map(({ type }) => schemaOfArgument(type, schemas, components))
  const required = taken.filter(({ isOptional }) => !isOptional).map(({ name }) => name)
  return {
    oneOf: [
      {
        type: 'object',
        properties: Object.fromEntries(taken.map(({ name }, i) => [name, each[i]])),
        ...(required.length > 0 && { required }),
        additionalProperties: false
      },
      { type: 'array', prefixItems: each, minItems: required.length, maxItems: taken.length, items: false }
    ]
  }
}

function undeclared({ fewest }, components) {
  return { type: 'array', items: argumentSchema('json', components), minItems: fewest, maxItems: UNDECLARED_MAX }
}

function schemaOfArgument(type, schemas, components) {
  const ofType = schemas?.input?.[type]
  if (ofType === undefined) return argumentSchema(type, components)
  return ofType.json === undefined ? {} : components.typeRef(type, 'input', ofType.json)
}

function exampleMap(examples = []) {
  if (examples.length === 0) return undefined
  return Object.fromEntries(examples.map((value, i) => [`example${i + 1}`, { value }]))
}

module.exports = { bodyOf, exampleMap, isRawBody }
