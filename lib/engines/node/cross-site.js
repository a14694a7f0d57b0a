'use strict'

// The cross-site rule, as in `src/http/site.rs`: the origins whose pages may send requests here, and the CORS headers
// of their answers.

const { refusal } = require('./refusals.js')

const CROSS_SITE = refusal(
  403, 'Pages of other sites may not call this server, unless its option origins names them.'
)

// The answer to a preflight, which browsers send before requests that a form could not have sent.
const PREFLIGHT_HEADERS = {
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, *',
  'Access-Control-Max-Age': '7200'
}

const USUAL_PORT = /:(?:80|443)?$/

// Whether the request comes from a page that may not send it, whether it is an allowed preflight, and the origin whose
// pages may read the answer.
function judgeSite({ hosts, origins, fetchSites, asksForMethod }, named) {
  if (origins.length === 0 && fetchSites.length === 0) return { isCrossSite: false, isPreflight: false }
  const allowedOrigin = allowedOriginOf(origins, named)
  const isNamed = allowedOrigin !== undefined
  const isCrossSite = !isOwn(hosts, origins, fetchSites) && !isNamed && named !== '*'
  return { isCrossSite, isPreflight: isNamed && asksForMethod, allowedOrigin }
}

function isOwn(hosts, origins, fetchSites) {
  if (fetchSites.length > 0) return fetchSites.length === 1 && ['same-origin', 'none'].includes(fetchSites[0])
  const schemeEnd = origins[0].indexOf('://')
  if (origins.length > 1 || hosts.length === 0 || schemeEnd < 1) return false
  // TLS may end at a proxy in front of this server, so the schemes are not compared.
  return plain(origins[0].slice(schemeEnd + '://'.length)) === plain(hosts[0])
}

function allowedOriginOf(origins, named) {
  if (origins.length === 0 || named === undefined) return undefined
  if (named === '*') return '*'
  return origins.length === 1 ? named.find((each) => each === origins[0].toLowerCase()) : undefined
}

function plain(authority) {
  return authority.replace(USUAL_PORT, '').toLowerCase()
}

// The page may read the header fields as well.
function corsHeaders(allowedOrigin) {
  if (allowedOrigin === undefined) return undefined
  const headers = { 'Access-Control-Expose-Headers': '*', 'Access-Control-Allow-Origin': allowedOrigin }
  return allowedOrigin === '*' ? headers : { ...headers, Vary: 'Origin' }
}

// The answer to a preflight. These methods are `allowed`.
function preflightAnswer(allowed) {
  return { status: 204, headers: { 'Access-Control-Allow-Methods': allowed, ...PREFLIGHT_HEADERS }, body: '' }
}

module.exports = { CROSS_SITE, corsHeaders, judgeSite, preflightAnswer }
