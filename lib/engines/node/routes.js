'use strict'

// Functions by name and the documents that describe them: finds the function of a path, checks the body's media type,
// and reads the arguments. The counterpart of `src/routes`.
//
// Made at the start or at a reload, and never changed. `head.js` finds a route for each head, and the engine reads its
// arguments when the request is complete.

const { Form, fromBody, fromBytes, fromNothing, fromPath, refused } = require('./arguments.js')
const { Document } = require('./documents.js')
const { refusal } = require('./refusals.js')
const { decodeUnreserved } = require('./targets.js')

const ACCEPTED = { fields: [['Accept', 'application/json'], ['Accept-Encoding', 'identity']] }
const NOT_JSON_MEDIA = {
  ...refusal(415, 'The body must be JSON, with Content-Type: application/json, as curl --json sends.'), ...ACCEPTED
}
const ENCODED = { ...refusal(415, 'The body must not be encoded: leave Content-Encoding out.'), ...ACCEPTED }

const JSON_TYPE = /^(?:application\/json|[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]*[!#$%&'*.^_`|~\w-]\+json)$/i
const CHARSET = /^charset=(.*)$/i
const UTF_8 = /^(?:utf-8|"utf-8")$/i

class Routes {
  // In the table's order.
  forms
  // By name. A function at the root is the only one.
  #forms
  #root
  // By path.
  #documents

  constructor({ isRoot, functions }, documents = []) {
    this.forms = functions.map((fn, index) => new Form(fn, index))
    this.#forms = new Map(this.forms.map((form) => [form.name, form]))
    this.#documents = new Map(documents.map((each) => [each.path, new Document(each)]))
    if (isRoot) [this.#root] = this.forms
  }

  // `path` is as it was sent, without the query. Returns undefined if there is no such function.
  find(path) {
    if (this.#root !== undefined) return new Route(this.#root, path === '/' ? [] : path.slice(1).split('/'))
    const [name, ...segments] = path.slice(1).split('/')
    const form = this.#forms.get(decodeUnreserved(name))
    return form && new Route(form, segments)
  }

  get hasDocuments() {
    return this.#documents.size > 0
  }

  // The document at that path.
  documentAt(path) {
    return this.#documents.get(decodeUnreserved(path))
  }
}

// The route of one request.
class Route {
  form
  // The parts of the path after the function's name.
  #segments
  #fields

  constructor(form, segments) {
    this.form = form
    this.#segments = segments
  }

  // Reads the header fields that it needs. Returns the refusal if a body arrives, or undefined.
  read(rawHeaders) {
    const { headers, takesRawBody } = this.form
    if (headers.length > 0) this.#fields = valuesOf(headers.map(({ field }) => field), rawHeaders)
    const found = valuesOf(['content-type', 'content-encoding'], rawHeaders, '\n')
    if (isEncoded(found.get('content-encoding'))) return ENCODED
    if (!takesRawBody && !isJson(found.get('content-type'))) return NOT_JSON_MEDIA
    return this.#segments.length > 0 ? this.#refuseBoth() : undefined
  }

  // `{ args, isByName }` or `{ refusal }`. An empty body counts as no body.
  arguments(body) {
    if (this.#segments.length > 0) return fromPath(this.form, this.#segments, this.#fields)
    if (body === undefined) return fromNothing(this.form, this.#fields)
    return this.form.takesRawBody ? fromBytes(this.form, body, this.#fields) : fromBody(this.form, body, this.#fields)
  }

  #refuseBoth() {
    const message = `${this.form.name}'s arguments go either in the path or in the body, not in both.`
    return refused('ERR_ARGUMENTS', message).refusal
  }
}

// The values of the fields with these names. Repeated fields are joined.
function valuesOf(names, rawHeaders, separator = ', ') {
  const values = new Map()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase()
    if (!names.includes(name)) continue
    const before = values.get(name)
    values.set(name, before === undefined ? rawHeaders[i + 1] : before + separator + rawHeaders[i + 1])
  }
  return values
}

function isEncoded(codings = '') {
  return codings.split(/[\n,]/).some((coding) => !['', 'identity'].includes(coding.trim().toLowerCase()))
}

// A repeated field has a separator that cannot be in a value.
function isJson(contentType = '') {
  if (contentType.includes('\n')) return false
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim())
  return JSON_TYPE.test(type) && parameters.every((each) => UTF_8.test(CHARSET.exec(each)?.[1] ?? 'utf-8'))
}

module.exports = { Routes }
