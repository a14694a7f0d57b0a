'use strict'

// Refusals and failures as problems (RFC 9457). Everything but a plain function answers with them.

const { STATUS_CODES } = require('node:http')

// Taken at load time, because tests replace globals.
const { stringify } = JSON

const MEDIA_TYPE = 'application/problem+json'
const ENTRIES_MAX = 16
const TOKEN_LENGTH_MAX = 64

// Statuses for which Node.js has other words than the IANA registry (RFC 9110 section 16.2.1), or words where the
// registry has none.
const TITLES = { 413: 'Content Too Large', 418: "I'm a teapot", 422: 'Unprocessable Content', 509: 'Unknown' }

function titleOf(status) {
  return TITLES[status] ?? STATUS_CODES[status] ?? 'Unknown'
}

function problemText({ status, code, detail, errors = [] }) {
  return stringify({
    type: 'about:blank',
    title: titleOf(status),
    status,
    detail,
    code,
    ...(errors.length > 0 && { errors: errors.slice(0, ENTRIES_MAX) })
  })
}

// The problem for what a function threw, as `errorAnswer` describes it.
function errorProblem({ status, message }) {
  const code = status < 500 ? 'ERR_REFUSED' : 'ERR_FAILED'
  return problemText({ status, code, detail: message === '' ? `${titleOf(status)}.` : message.toWellFormed() })
}

// The header fields of a refusal or a failure: an error's own, and those that its status has (RFC 9110 sections 10.2.3 and
// 15.5.6).
function problemFields(status, fields = [], allowed = 'POST') {
  const own = fields.filter(([name]) => name !== 'content-type')
  if (status === 503 && !own.some(([name]) => name === 'retry-after')) own.push(['Retry-After', '1'])
  if (status === 405 && !own.some(([name]) => name === 'allow')) own.push(['Allow', allowed])
  return own
}

// A JSON pointer (RFC 6901) as a fragment. A client may have chosen the name, so it is truncated.
function pointerTo(keys) {
  return `#${keys.map((key) => `/${escape(String(key).slice(0, TOKEN_LENGTH_MAX).toWellFormed())}`).join('')}`
}

function escape(key) {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

module.exports = { ENTRIES_MAX, MEDIA_TYPE, errorProblem, pointerTo, problemFields, problemText, titleOf }
