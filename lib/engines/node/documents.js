'use strict'

// Documents that the server itself has, and their answers: what `src/http/document.rs` is for rings.
//
// `Routes` finds one by its path, and the engine asks it for the answer to each request that is for it.

const { corsHeaders } = require('./cross-site.js')

// One after the other; a comma may be in it.
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

  // Caches may have the answer to one page and give it to another, unlike a function's. So what may be read by any page
  // says so to everybody, and what depends on the page says that, too.
  answerTo({ method, rawHeaders }, origins) {
    const forCaches = { ETag: this.#etag, 'Cache-Control': 'no-cache', ...headersOfPages(origins) }
    if (this.#isKnown(rawHeaders)) return { status: 304, headers: forCaches, body: '' }
    return { status: 200, headers: { ...this.#headers, ...forCaches }, body: method === 'HEAD' ? '' : this.#body }
  }

  // RFC 9110 section 13.1.2. Behind what is no tag there is none.
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
