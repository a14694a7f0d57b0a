'use strict'

// The request target: its grammar, and what the path of a POST means, an integer or a route of `Routes`. The
// counterpart of `src/http/target.rs`, with its sentences.

const { isIPv6 } = require('node:net')
const { CALL, READ, READ_AND_CALL, isRead, refuseMethod } = require('./methods.js')
const { refusal } = require('./refusals.js')

const NOT_A_TARGET = refusal(400, 'The request target is not a valid path or URI.')
const NOT_FOR_THIS_METHOD = refusal(400, 'The request target does not have a form that this method allows.')
const NOT_AN_INTEGER = refusal(400, 'The path must be one decimal integer, such as /15.')
const BEYOND_64_BITS = refusal(400, 'The integer in the path does not fit into 64 bits.')
const NEEDS_BIGINT = refusal(400, 'An integer beyond 2^53 - 1 needs a server that was started with bigint: true.')
const OTHER_SCHEME = refusal(421, 'This server answers requests for http URIs only.')
const UNKNOWN_FUNCTION = refusal(404, 'No function has this name; to call one, POST to its name.')

// Each expression takes linear time: no two parts that repeat can match the same character.
const URI_START = /^([a-z][a-z\d+.-]*):\/\/([^/?]*)/i
const AUTHORITY = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/
const PORT_AT_END = /:\d+$/
const IP_LITERAL_TO_COME = /^v[\da-f]+\.[\w.~!$&'()*+,;=:-]+$/i
const INTEGER = /^\/(-?)(\d+)$/
const LEADING_ZEROS = /^0+(?=\d)/
const ENCODED = /%[\da-f]{2}/gi
const UNRESERVED = /^[\w.~-]$/
const NAME = /^(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+$/i
const PATH = /^(?:[\w.~!$&'()*+,;=:@/-]|%[\da-f]{2})*$/i
// Mistakes in the percent-encoding are reported with the arguments.
const PATH_OF_ARGUMENTS = /^[\w.~!$&'()*+,;=:@/%-]*$/
const QUERY = /^[!$-;=?-~]*$/ // No `"`, `#`, `<` or `>`.

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

// The four forms of RFC 9112 section 3.2. With `routes`, a path names one of them; otherwise it is an integer. Or it is
// the `health` path.
function resolve(method, target, bigint, routes, health) {
  const fatal = (why) => ({ refusal: why, isFatal: true })
  let path
  let isHttp = true
  if (method === 'CONNECT') {
    if (!PORT_AT_END.test(target) || !isHost(target)) return fatal(NOT_FOR_THIS_METHOD)
  } else if (target === '*') {
    if (method !== 'OPTIONS') return fatal(NOT_FOR_THIS_METHOD)
  } else {
    const [start, scheme, authority] = URI_START.exec(target) ?? ['']
    if (scheme === undefined ? !target.startsWith('/') : !isHost(authority)) return fatal(NOT_A_TARGET)
    const rest = target.slice(start.length)
    const mark = rest.indexOf('?')
    path = mark === -1 ? rest : rest.slice(0, mark)
    const grammar = routes === undefined ? PATH : PATH_OF_ARGUMENTS
    if (!grammar.test(path) || (mark !== -1 && !QUERY.test(rest.slice(mark + 1)))) return fatal(NOT_A_TARGET)
    isHttp = scheme === undefined || scheme.toLowerCase() === 'http'
  }
  if (routes !== undefined) return routed(method, isHttp ? pathOf(path) : undefined, isHttp, routes, health)
  const call = isHttp && method === 'POST' ? parseInteger(path, bigint) : undefined
  if (call?.integer === undefined && isHttp && isAt(path, health)) return onRead(method, READ, { isHealth: true })
  if (method !== 'POST') return { refusal: refuseMethod(method, CALL) }
  return call ?? { refusal: OTHER_SCHEME }
}

// RFC 9112 section 3.2.1: an empty path is `/`. Other forms of the target have no path.
function pathOf(path) {
  return path === '' ? '/' : path
}

// An unknown path is reported before a wrong method.
function routed(method, path, isHttp, routes, health) {
  const route = path && routes.find(path)
  if (path !== undefined && (route === undefined || method !== 'POST')) {
    const document = routes.documentAt(path)
    const isHealth = isAt(path, health)
    const allowed = route === undefined ? READ : READ_AND_CALL
    if (document !== undefined || isHealth) return onRead(method, allowed, { document, isHealth })
    if (route === undefined) return { refusal: UNKNOWN_FUNCTION }
  }
  const isOfOtherScheme = !isHttp && (method === 'POST' || (isRead(method) && routes.hasDocuments))
  if (isOfOtherScheme) return { refusal: OTHER_SCHEME }
  return method === 'POST' ? { route } : { refusal: refuseMethod(method, CALL) }
}

function onRead(method, allowed, found) {
  return isRead(method) ? found : { refusal: refuseMethod(method, allowed) }
}

function isAt(path, health) {
  return health !== undefined && path !== undefined && decodeUnreserved(path) === health
}

function parseInteger(path, bigint) {
  const [, sign, all] = INTEGER.exec(path.includes('%') ? decodeUnreserved(path) : path) ?? []
  if (all === undefined) return { refusal: NOT_AN_INTEGER }
  if (!bigint && all.length <= 15) return { integer: Number(sign + all) + 0 } // + 0, because -0 must become 0.
  const digits = all.replace(LEADING_ZEROS, '')
  if (digits.length > 19) return { refusal: BEYOND_64_BITS }
  const exact = BigInt(sign + digits)
  if (exact < INT64_MIN || exact > INT64_MAX) return { refusal: BEYOND_64_BITS }
  if (bigint) return { integer: exact }
  const integer = Number(exact)
  return Number.isSafeInteger(integer) ? { integer } : { refusal: NEEDS_BIGINT }
}

// RFC 3986 section 6.2.2.2: `%31` is `1`, and so for every unreserved character. Others, such as `%2F`, stay encoded.
function decodeUnreserved(path) {
  return path.replace(ENCODED, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return UNRESERVED.test(character) ? character : encoded
  })
}

// `uri-host [ ":" port ]`, not empty.
function isHost(authority) {
  const [, literal, name, port] = AUTHORITY.exec(authority) ?? []
  if (Number(port ?? 0) > 65535) return false
  if (literal !== undefined) return isIPv6(literal) || IP_LITERAL_TO_COME.test(literal)
  return name !== undefined && NAME.test(name)
}

module.exports = { decodeUnreserved, isHost, resolve }
