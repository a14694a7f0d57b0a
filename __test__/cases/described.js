'use strict'

// Whether an answer is one that the OpenAPI document describes.

const Ajv = require('ajv/dist/2020.js')

const MEDIA_TYPE = /^[^;]*/
const FORMATS = { double: { type: 'number', validate: Number.isFinite }, int64: true, int32: true, byte: true, 'uri-reference': true }

// Returns a function that says how an answer to a request differs from that document, or undefined.
function describedBy(document) {
  const ajv = new Ajv({ strict: false, formats: FORMATS, validateSchema: false }).addSchema(document, 'openapi')
  const fits = (value, pointer) => {
    const validate = ajv.getSchema(`openapi${pointer}`) ?? ajv.compile({ $ref: `openapi${pointer}` })
    return validate(value) ? undefined : ajv.errorsText(validate.errors)
  }
  return ({ method = 'POST', path }, { status, headers, body }) => {
    const type = MEDIA_TYPE.exec(headers['content-type'] ?? '')[0]
    const place = method === 'POST' ? operationAt(document, path) : undefined
    if (place === undefined) {
      if (status < 400 || method === 'HEAD') return undefined
      return type !== PROBLEM ? `${type} for a problem` : fits(JSON.parse(body), '#/components/schemas/Problem')
    }
    const [key, response] = responseOf(document, place, status)
    if (response === undefined) return `${place} has no ${status}`
    const { content = {} } = response
    if (body === '') return undefined
    if (!(type in content)) return `${type} instead of ${Object.keys(content)} for ${status}`
    if (!/[/+]json$/.test(type)) return undefined
    return fits(JSON.parse(body), `${key}${pointerOf('content', type, 'schema')}`)
  }
}

const PROBLEM = 'application/problem+json'

// The path of the operation that a request for this path calls: the one with arguments, if the request has any.
function operationAt({ paths }, path) {
  const [, name, ...values] = path.split('?', 1)[0].split('/')
  const isRoot = '/' in paths
  const base = isRoot ? '/' : `/${name}`
  const parts = isRoot && path !== '/' ? [name, ...values] : values
  const byPath = Object.keys(paths).find((each) => each.startsWith(isRoot ? '/{' : `${base}/{`))
  const found = parts.length > 0 && byPath !== undefined ? byPath : base
  return found in paths ? found : undefined
}

// The response, and where it is.
function responseOf(document, place, status) {
  const { responses } = document.paths[place].post
  const key = [String(status), `${String(status)[0]}XX`, 'default'].find((each) => each in responses)
  if (key === undefined) return []
  const { $ref } = responses[key]
  if ($ref === undefined) return [`#${pointerOf('paths', place, 'post', 'responses', key)}`, responses[key]]
  return [$ref, document.components.responses[$ref.split('/').at(-1)]]
}

// A JSON pointer as a URI fragment.
function pointerOf(...keys) {
  return keys.map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')
}

module.exports = { describedBy }
