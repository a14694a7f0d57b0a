'use strict'

// The documents that a server has of its own, beside its functions: what describes them, and the page to try them on.
// Both engines serve them as they are made here, at the start and at each reload, and no JavaScript is asked again.

const { createHash } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { ROOT } = require('./native.js')
const { openapiOf, textOf } = require('./openapi/index.js')

// A bundle has no files beside it, and no page.
const PAGE = ROOT && join(ROOT, 'lib', 'page', 'index.html')

// What the page may load besides itself, by the hashes of what is in it: nothing. It asks its own server alone, no other
// site's page has it in a frame, and what it shows cannot become a script.
const POLICY = "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const PAGE_PATH = '/'
const DESCRIPTION_PATH = '/openapi.json'
const INTEGER_PATH = /^\/-?\d+$/

// No function's name has a dash.
const OTHER_PATH = "Choose another path, such as '/health-check'."

// Of all servers in this thread, once there is one.
let page

// `table` is plain data, as `transferableTable` makes it. Each: { path, mediaType, etag, fields, body }, where `fields`
// are pairs. One function that is not declared has the whole path to itself.
function documentsOf(table, { openapi, bigint }) {
  if (!isDescribed(table, openapi)) return []
  const text = textOf(openapiOf(table, { ...openapi, bigint }))
  page ??= PAGE && pageOf(readFileSync(PAGE))
  return [...(page === undefined ? [] : [page]), documentOf(DESCRIPTION_PATH, 'application/json', [], Buffer.from(text))]
}

// Where they are, or would be.
function pathsOf(table, { openapi }) {
  return isDescribed(table, openapi) ? [PAGE_PATH, DESCRIPTION_PATH] : []
}

// What else requests for that path are for, in a sentence; nothing where they are for nothing else. `table` is plain
// data, as `transferableTable` makes it.
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

// As CSP Level 3 has it: of what is between the tags.
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
