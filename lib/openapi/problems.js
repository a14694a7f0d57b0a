'use strict'

// Refusals and failures in the document: one schema for problems, and one response for each status that a client may
// handle. The default response stands for all others.

const { ENTRIES_MAX, MEDIA_TYPE } = require('../answers/problems.js')

// The complete list, which docs/functions.md explains.
const CODES = [
  'ERR_REQUEST', 'ERR_NOT_JSON', 'ERR_ARGUMENTS', 'ERR_CROSS_SITE', 'ERR_UNKNOWN_FUNCTION', 'ERR_METHOD',
  'ERR_REQUEST_TIMEOUT', 'ERR_BODY_TOO_LARGE', 'ERR_HEAD_TOO_LARGE', 'ERR_MEDIA_TYPE', 'ERR_EXPECTATION', 'ERR_SCHEME',
  'ERR_REFUSED', 'ERR_FAILED', 'ERR_OVERLOADED', 'ERR_TIMEOUT', 'ERR_UNAVAILABLE', 'ERR_VERSION'
]

const PROBLEM = {
  description: 'What is wrong (RFC 9457).',
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string', description: 'The name of the status.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'A sentence for people.' },
    code: { type: 'string', enum: CODES, description: 'For programs: a closed list.' },
    errors: {
      description: 'Where the arguments are wrong.',
      type: 'array',
      maxItems: ENTRIES_MAX,
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'A JSON Pointer as a fragment, by the form that was sent.' },
          detail: { type: 'string', description: 'What was expected.' }
        }
      }
    }
  }
}

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds after which to try again.', schema: { type: 'integer', minimum: 0 } }
}

// By status: the response's name and description, and whether it applies only to requests with a body.
const RESPONSES = {
  400: { name: 'BadRequest', description: 'The arguments do not fit, or the request is malformed.' },
  403: { name: 'CrossSite', description: 'From a page of another site.' },
  413: { name: 'TooLarge', description: 'The body is too large.', isOfBody: true },
  415: { name: 'MediaType', description: 'The media type is not JSON, or the body is encoded.', isOfBody: true },
  500: { name: 'Failed', description: 'The function failed, or its value does not fit its result.' },
  503: { name: 'Unavailable', description: 'The server is overloaded, or the function took too long.', headers: RETRY_AFTER },
  default: { name: 'Problem', description: 'Any other refusal or failure, including those of the function itself.' }
}

// The responses that a call may get. For a plain function their content is a sentence.
function problemResponses(components, { hasBody, isPlain = false }) {
  return components.once(`problems ${hasBody}`, () => {
    const content = isPlain
      ? { 'text/plain': { schema: { type: 'string' } } }
      : { [MEDIA_TYPE]: { schema: components.refTo('Problem', PROBLEM) } }
    const possible = Object.entries(RESPONSES).filter(([, { isOfBody }]) => hasBody || !isOfBody)
    return Object.fromEntries(possible.map(([status, { name, description, headers }]) => (
      [status, components.responseRef(name, { description, ...(headers && { headers }), content })]
    )))
  })
}

module.exports = { CODES, problemResponses }
