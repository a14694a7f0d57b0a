'use strict'

// Moves a JSON Schema into the document: its `$ref`s are by its own root, which is another place now, and its `$defs`
// become components, which code generators know. It says as well what the server asks of every object.

// The keywords of 2020-12 whose values are schemas. Whatever else there is, such as `const`, is data.
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs'])
const LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const SINGLES = new Set([
  'items', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else', 'unevaluatedItems',
  'unevaluatedProperties', 'contentSchema'
])

// What the server refuses in any object, before a type is asked.
const NOT_PROTO = { not: { const: '__proto__' } }

// What any object is refused for before its type is asked.
const NAMES = { not: { const: '__proto__' } }

const COMPONENT = '#/components/schemas/'

// `place` is the name of the component that it becomes, and `reserve(name)` gives that of a definition. Returns the
// `schema`, and pairs of the `definitions`' names and schemas.
function placeSchema(json, place, reserve) {
  const { $schema, $defs = {}, ...schema } = json
  const names = new Map(Object.keys($defs).map((name) => [name, reserve(name)]))
  const moved = (ref) => moveRef(ref, place, names)
  return {
    schema: rewrite(schema, moved),
    definitions: [...names].map(([name, each]) => [each, rewrite($defs[name], moved)])
  }
}

function moveRef(ref, place, names) {
  const [, definition, rest = ''] = /^#\/\$defs\/([^/]*)(.*)$/s.exec(ref) ?? []
  const name = definition === undefined ? undefined : names.get(unescape(definition))
  if (name !== undefined) return `${COMPONENT}${name}${rest}`
  return ref === '#' || ref.startsWith('#/') ? `${COMPONENT}${place}${ref.slice(1)}` : ref
}

// A token of a JSON Pointer in a fragment (RFC 6901 section 6).
function unescape(token) {
  return decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
}

function rewrite(schema, moved) {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return schema
  const each = (value) => rewrite(value, moved)
  const rewritten = mapValues(schema, (key, value) => {
    if (key === '$ref' && typeof value === 'string') return moved(value)
    if (SINGLES.has(key)) return each(value)
    if (LISTS.has(key) && Array.isArray(value)) return value.map(each)
    if (MAPS.has(key) && value !== null && typeof value === 'object') return mapValues(value, (_, one) => each(one))
    return value
  })
  return isOpen(schema) ? { ...rewritten, propertyNames: NAMES } : rewritten
}

// Whether objects may have whatever other names.
function isOpen({ type, additionalProperties, propertyNames }) {
  return type === 'object' && additionalProperties !== false && propertyNames === undefined
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(key, value)]))
}

module.exports = { placeSchema }
