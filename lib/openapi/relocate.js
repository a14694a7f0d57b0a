'use strict'

// Moves a JSON Schema into the document. Its `$ref`s refer to its own root, so they are rewritten. Its `$defs` become
// components, which code generators understand. An `$id` would make it a document of its own and is removed. It also
// adds what the server requires of every object.

const { NAMES } = require('./types.js')

// The keyword of 2020-12, and the one of earlier drafts.
const DEFINITIONS = ['$defs', 'definitions']

// The keywords of 2020-12 whose values are schemas. The values of all others, such as `const`, are data.
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas', ...DEFINITIONS])
const LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const SINGLES = new Set([
  'items', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else', 'unevaluatedItems',
  'unevaluatedProperties', 'contentSchema'
])

const COMPONENT = '#/components/schemas/'

// Takes ownership of `json` and changes it. `place` is the name of the component that it becomes, and `reserve(name)`
// returns the component's name for a definition. Returns the `schema`, and the `definitions` as pairs of names and
// schemas.
function relocateSchema(json, place, reserve) {
  const { $schema, $defs: given, ...schema } = json
  const $defs = isObject(given) ? given : {}
  const names = new Map(Object.keys($defs).map((name) => [name, reserve(name)]))
  const moved = (ref) => moveRef(ref, place, names)
  rewrite(schema, moved)
  for (const name of names.keys()) rewrite($defs[name], moved)
  return { schema, definitions: [...names].map(([name, each]) => [each, $defs[name]]) }
}

function moveRef(ref, place, names) {
  const [, definition, rest = ''] = /^#\/\$defs\/([^/]*)(.*)$/s.exec(ref) ?? []
  const name = definition === undefined ? undefined : names.get(unescape(definition))
  if (name !== undefined) return `${COMPONENT}${name}${rest}`
  return ref === '#' || ref.startsWith('#/') ? `${COMPONENT}${place}${ref.slice(1)}` : ref
}

// A token of a JSON Pointer in a fragment (RFC 6901 section 6).
function unescape(token) {
  return decode(token).replaceAll('~1', '/').replaceAll('~0', '~')
}

function decode(token) {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

function rewrite(schema, moved) {
  if (!isObject(schema)) return
  for (const key of Object.keys(schema)) {
    const value = schema[key]
    if (key === '$id') delete schema.$id
    else if (key === '$ref' && typeof value === 'string') schema.$ref = moved(value)
    else if (SINGLES.has(key)) rewrite(value, moved)
    else if (LISTS.has(key) && Array.isArray(value)) for (const each of value) rewrite(each, moved)
    else if (MAPS.has(key) && isObject(value)) for (const each of Object.values(value)) rewrite(each, moved)
  }
  if (isOpen(schema)) schema.propertyNames = NAMES
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

// Whether it allows objects with any further names.
function isOpen({ type, additionalProperties, propertyNames }) {
  return type === 'object' && additionalProperties !== false && propertyNames === undefined
}

module.exports = { relocateSchema }
