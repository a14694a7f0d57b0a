'use strict'

// The documents that the server itself serves: the counterpart of `src/http/document.rs`.
//
// `Routes` finds a document by its path, and the engine asks it for the answer to each request.

const { corsHeaders } = require('./cross-site.js')

// Entity tags, one after another. A tag may contain a comma.
const TAGS = /[, \t]*(?:W\/)?("[^"]*")[ \t]*(?=,|$)/gy

class Document {
  path
  #etag
  #headers
  #body

  constructor({ path, mediaType, etag, fields, body }) {
    this.path = path
    this.#etag = etag
    this.#body = body
    this.#headers = {
      'Content-Type': mediaType,
      'X-Content-Type-Options': 'nosniff',
      ...Object.fromEntries(fields),
      'Content-Length': body.length
    }
  }

  // A cache may give the answer for one page to another, unlike a function's answer. So the CORS headers do not depend
  // on the page, or the answer has `Vary`.
  answerTo({ method, rawHeaders }, origins) {
    const forCaches = { ETag: this.#etag, 'Cache-Control': 'no-cache', ...headersOfPages(origins) }
    if (this.#isKnown(rawHeaders)) return { status: 304, headers: forCaches, body: '' }
    return { status: 200, headers: { ...this.#headers, ...forCaches }, body: method === 'HEAD' ? '' : this.#body }
  }

  // RFC 9110 section 13.1.2. The list ends at the first invalid tag.
  #isKnown(rawHeaders) {
    const isThis = ([, tag]) => tag === this.#etag
    return rawHeaders.some((name, i) => {
      if (i % 2 === 1 || name.toLowerCase() !== 'if-none-match') return false
      const list = rawHeaders[i + 1]
      return list === '*' || [...list.matchAll(TAGS)].some(isThis)
    })
  }
}

function headersOfPages(origins = []) {
  if (origins === '*') return corsHeaders('*')
  return origins.length > 0 ? { Vary: 'Origin' } : undefined
}

module.exports = { Document }
