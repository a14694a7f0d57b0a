'use strict'

// The operations of a document: each function once with a request body, and once more with path parameters if a path
// can hold its required arguments.

const { CONTENT_TYPES, mediaOf } = require('../answers/encoders.js')
const { takesRawBody } = require('../functions/signature.js')
const { bodyOf } = require('./bodies.js')
const { problemResponses } = require('./problems.js')
const { INT, INT64_LIMITS, resultSchema, segmentSchema } = require('./types.js')

// Code generators make one class for each tag.
const TAG = 'functions'

// The name in a signature of types that signatures do not have.
const IN_SIGNATURES = { __proto__: null, int32: 'int', float32: 'number' }

// { path: { post: operation } }, in the order of the functions.
function operationsOf({ isRoot, functions, jsonSchemas }, components) {
  const ids = new Set(functions.map(({ name }) => name))
  const paths = {}
  functions.forEach((fn, i) => {
    const schemas = jsonSchemas[i]
    const path = isRoot ? '' : `/${fn.name}`
    paths[path || '/'] = { post: byBody(fn, schemas, components) }
    const parameters = pathParameters(fn, components)
    if (parameters === undefined) return
    const template = parameters.map(({ name }) => `/{${name}}`).join('')
    paths[path + template] = { post: byPath(fn, freeId(ids, fn.name), parameters, schemas, components) }
  })
  return paths
}

function freeId(ids, name) {
  let id = `${name}ByPath`
  for (let i = 2; ids.has(id); i++) id = `${name}ByPath${i}`
  ids.add(id)
  return id
}

function byBody(fn, schemas, components) {
  const requestBody = bodyOf(fn, schemas, components)
  return {
    ...headOf(fn, fn.name, howOf(fn, requestBody)),
    ...parametersOf(headerParameters(fn)),
    ...securityOf(fn, components),
    ...(requestBody && { requestBody }),
    responses: responsesOf(fn, schemas, components, requestBody !== undefined)
  }
}

function howOf(fn, requestBody) {
  if (requestBody === undefined) return 'Called without arguments.'
  if (!fn.isDeclared) return 'Arguments by position.'
  return takesRawBody(fn) ? 'The body is the argument.' : 'Arguments by name or by position.'
}

function byPath(fn, id, parameters, schemas, components) {
  return {
    ...headOf(fn, id, 'Arguments in the path.'),
    ...parametersOf([...parameters, ...headerParameters(fn)]),
    ...securityOf(fn, components),
    responses: responsesOf(fn, schemas, components, false)
  }
}

function headOf(fn, operationId, how) {
  const signature = signatureOf(fn)
  return {
    operationId,
    tags: [TAG],
    summary: fn.summary ?? `${fn.name}${signature ?? ''}`,
    description: fn.description ?? how,
    ...(fn.deprecated && { deprecated: true }),
    ...(signature && { 'x-signature': signature })
  }
}

// On one line, however it was declared.
function signatureOf({ isDeclared, arguments: declared, result }) {
  if (!isDeclared) return undefined
  const named = (type) => IN_SIGNATURES[type] ?? type
  const list = declared.map(({ name, type, isOptional }) => `${name}${isOptional ? '?' : ''}: ${named(type)}`)
  return `(${list.join(', ')}) => ${named(result)}`
}

// The parameters for the required arguments; undefined if there are none, or if a path cannot hold them.
function pathParameters(fn, components) {
  const required = fn.arguments.filter(({ type, isOptional }) => type !== 'header' && !isOptional)
  const schemas = required.map(({ type }) => segmentSchema(type, components))
  if (required.length === 0 || schemas.includes(undefined)) return undefined
  const names = new Set()
  return required.map(({ name }, i) => ({ name: freeName(names, name), in: 'path', required: true, schema: schemas[i] }))
}

// Tools do not accept $ in a path template. Path arguments have no names on the wire, so any name will do.
function freeName(names, name) {
  let free = name.replaceAll('$', '_')
  while (names.has(free)) free += '_'
  names.add(free)
  return free
}

function headerParameters(fn) {
  return fn.arguments.filter(({ type }) => type === 'header').map(({ field, isOptional }) => ({
    name: field, in: 'header', required: !isOptional, schema: { type: 'string' }
  }))
}

function parametersOf(parameters) {
  return parameters.length === 0 ? {} : { parameters }
}

// OpenAPI makes tools ignore a parameter named Authorization. They send the field for a security scheme.
function securityOf(fn, components) {
  const argument = fn.arguments.find(({ field }) => field === 'authorization')
  if (argument === undefined) return {}
  components.securityScheme('authorization', {
    type: 'apiKey', in: 'header', name: 'Authorization', description: 'The whole value of the field.'
  })
  return { security: [{ authorization: [] }, ...(argument.isOptional ? [{}] : [])] }
}

function responsesOf(fn, schemas, components, hasBody) {
  const problems = problemResponses(components, { hasBody })
  const media = mediaOf(fn)
  if (media === 'none') {
    return { 204: { description: 'Done.' }, '2XX': { description: 'Done, with another status.' }, ...problems }
  }
  // Without parameters such as charset.
  const [mediaType] = CONTENT_TYPES[media].split(';', 1)
  const content = { [mediaType]: { schema: schemaOfResult(fn, schemas, components) } }
  return {
    200: { description: 'The result.', content },
    '2XX': { description: 'The result, with another status.', content },
    ...problems
  }
}

function schemaOfResult({ result }, schemas, components) {
  if (result === undefined) return {}
  const ofType = schemas?.output?.[result]
  return ofType === undefined ? resultSchema(result) : components.typeRef(result, 'output', ofType)
}

// A plain function: an integer in the path, and an integer as the answer.
function plainOperation(name, bigint, components) {
  const n = bigint ? { type: 'integer', format: 'int64', ...INT64_LIMITS } : INT
  return {
    operationId: name || 'handler',
    tags: [TAG],
    summary: `Calls ${name || 'the function'} with an integer`,
    description: 'The answer is an integer of any size, in decimal.',
    parameters: [{ name: 'n', in: 'path', required: true, schema: n }],
    responses: {
      200: { description: 'The result.', content: { 'application/json': { schema: { type: 'integer' } } } },
      ...problemResponses(components, { hasBody: false, isPlain: true })
    }
  }
}

module.exports = { TAG, operationsOf, plainOperation }
