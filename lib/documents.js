'use strict'

// The documents that a server serves besides its functions: their description, and the page to try them on. Both
// engines serve them as they are made here, at the start and at each reload; requests for them run no JavaScript of the
// user's.

const { createHash } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { ROOT } = require('./native.js')
const { openapiOf, textOf } = require('./openapi/index.js')

// A bundle has no files beside it, and so no page.
const PAGE = ROOT && join(ROOT, 'lib', 'page', 'index.html')

// The page may load nothing but itself: its scripts and styles are allowed by their hashes. It sends requests to its
// own server only, no other site can frame it, and what it displays cannot run as a script.
const POLICY = "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const PAGE_PATH = '/'
const DESCRIPTION_PATH = '/openapi.json'
const INTEGER_PATH = /^\/-?\d+$/

// A function's name contains no dash.
const OTHER_PATH = "Choose another path, such as '/health-check'."

// Shared by all servers in this thread, once it is made.
let page

// `table` is plain data, as `transferableTable` makes it. Returns { path, mediaType, etag, fields, body } for each
// document, where `fields` are pairs. A plain function takes every path itself, so it has no documents.
function documentsOf(table, { openapi, bigint }) {
  if (!isDescribed(table, openapi)) return []
  const text = textOf(openapiOf(table, { ...openapi, bigint }))
  page ??= PAGE && pageOf(readFileSync(PAGE))
  return [...(page === undefined ? [] : [page]), documentOf(DESCRIPTION_PATH, 'application/json', [], Buffer.from(text))]
}

// The paths of the documents.
function pathsOf(table, { openapi }) {
  return isDescribed(table, openapi) ? [PAGE_PATH, DESCRIPTION_PATH] : []
}

// Why the path of `health` is taken, as a sentence, or undefined if it is free. `table` is plain data, as
// `transferableTable` makes it.
function healthConflictOf(table, options) {
  const { health } = options
  if (health === undefined) return undefined
  const at = `The option 'health' is ${JSON.stringify(health)},`
  if (pathsOf(table, options).includes(health)) {
    return `${at} where the description of the functions is. ${OTHER_PATH}`
  }
  if (table.isPlain) {
    return INTEGER_PATH.test(health) ? `${at} and the path of a call is an integer. ${OTHER_PATH}` : undefined
  }
  const [, first] = health.split('/')
  const isOfFunction = !table.isRoot && table.functions.some(({ name }) => name === first)
  return isOfFunction ? `${at} and there is a function of the name ${first}. ${OTHER_PATH}` : undefined
}

function isDescribed({ isPlain }, openapi) {
  return openapi !== false && !isPlain
}

function pageOf(body) {
  const html = body.toString()
  const policy = `default-src 'none'; script-src ${hashesOf('script', html)}; style-src ${hashesOf('style', html)}; ${POLICY}`
  return documentOf(PAGE_PATH, 'text/html; charset=utf-8', [['Content-Security-Policy', policy]], body)
}

// As CSP Level 3 specifies: the hash of what stands between the tags.
function hashesOf(tag, html) {
  const texts = [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, text]) => text)
  return texts.map((text) => `'sha256-${hashOf(text)}'`).join(' ') || "'none'"
}

function documentOf(path, mediaType, fields, body) {
  return { path, mediaType, etag: `"${hashOf(body)}"`, fields, body }
}

function hashOf(bytes) {
  return createHash('sha256').update(bytes).digest('base64')
}

module.exports = { DESCRIPTION_PATH, documentsOf, healthConflictOf }
