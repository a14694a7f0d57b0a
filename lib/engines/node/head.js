'use strict'

// Judges a request's head as the Rust side does, as far as Node's parser lets one see it: what `src/http/fields.rs` and
// `src/http/target.rs` say, with their sentences.

const { isIPv6 } = require('node:net')
const {
  BODY_TOO_LONG, HEAD_TOO_LONG, NOT_CHUNKED_ONCE, OTHER_VERSION, NOT_A_REQUEST_LINE, TARGET_TOO_LONG, TOO_MANY_FIELDS,
  UNKNOWN_METHOD, refusal
} = require('./refusals.js')
const { CROSS_SITE, judgeSite } = require('./site.js')

const FIELDS_MAX = 100

const NO_HOST = refusal(400, 'An HTTP/1.1 request needs a Host header.')
const TWO_HOSTS = refusal(400, 'A request must have only one Host header.')
const NOT_A_HOST = refusal(400, 'The Host header must be a host, with or without a port.')
const CHUNKED_IN_HTTP10 = refusal(400, 'HTTP/1.0 has no Transfer-Encoding.')
const UNKNOWN_CODING = refusal(501, 'The only Transfer-Encoding that this server supports is chunked.')
const UNKNOWN_EXPECTATION = refusal(417, 'The only expectation that this server supports is 100-continue.')
const NOT_A_TARGET = refusal(400, 'The request target is not a valid path or URI.')
const NOT_FOR_THIS_METHOD = refusal(400, 'The request target does not have a form that this method allows.')
const NOT_AN_INTEGER = refusal(400, 'The path must be one decimal integer, such as /15.')
const BEYOND_64_BITS = refusal(400, 'The integer in the path does not fit into 64 bits.')
const NEEDS_BIGINT = refusal(400, 'An integer beyond 2^53 - 1 needs a server that was started with bigint: true.')
const OTHER_SCHEME = refusal(421, 'This server answers requests for http URIs only.')
const METHOD_NOT_ALLOWED = refusal(405, 'The only method allowed here is POST.')

// Of RFC 9110 section 9.3, then the others of the registry of section 16.1.1.
const KNOWN_METHODS = new Set(
  ('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK ' +
    'LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND ' +
    'REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL').split(' ')
)

// Each takes time in proportion to what it reads: no two parts that may repeat can take the same character.
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
const QUERY = /^[!$-;=?-~]*$/ // No `"`, `#`, `<` or `>`.
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

// What to do about a request: `{ refusal }`, with `isFatal` where nothing more can be read from the connection,
// `{ isPreflight }` or `{ n }`; and `keepAlive`, `isHttp10`, `hasBody`, `expectsContinue`. `saysSo`: the answer has to
// say that the connection is kept, to HTTP/1.0, and to Node, which closes one after an expectation that got no
// `100 Continue`. `reader`: the origin whose pages may read the answer.
function judge(request, { bigint, origins, maxHeaderSize, maxBodySize }) {
  const { method, url, httpVersion, rawHeaders } = request
  const isHttp10 = httpVersion === '1.0'
  const fatal = (why) => ({ refusal: why, isFatal: true, keepAlive: false, isHttp10, hasBody: false })
  if (httpVersion === '0.9') return fatal(NOT_A_REQUEST_LINE)
  if (!isHttp10 && httpVersion !== '1.1') return fatal(OTHER_VERSION)
  // Node counts neither line ends nor what is between a name and its value.
  const tooLong = checkSize(method, url, rawHeaders, maxHeaderSize)
  if (tooLong !== undefined) return fatal(tooLong)

  const fields = readFields(rawHeaders)
  const onTarget = resolve(method, url, bigint)
  const wrong = onTarget.isFatal ? onTarget.refusal : checkFields(fields, isHttp10)
  if (wrong !== undefined) return fatal(wrong)
  const site = judgeSite(fields, origins)
  const onSite = decide(method, onTarget, site)
  const length = Number(fields.length ?? 0)
  if (length > maxBodySize) {
    return { ...fatal(precedesArguments(onSite.refusal) ? onSite.refusal : BODY_TOO_LONG), reader: site.reader }
  }

  const hasBody = fields.codings.length > 0 || length > 0
  const expectations = isHttp10 ? [] : fields.expectations
  const isUnknown = expectations.some((expectation) => expectation !== '100-continue')
  const expectsContinue = !isUnknown && expectations.length > 0 && hasBody
  const isLate = isUnknown && !onSite.isPreflight && !precedesArguments(onSite.refusal)
  const action = isLate ? { refusal: UNKNOWN_EXPECTATION } : onSite
  // Whether a body follows that was to wait for an answer, nobody can tell.
  const isUnclear = action.n === undefined && hasBody && (isUnknown || expectsContinue)
  // What is pipelined behind an upgrade that is not taken, Node's parser drops.
  const isLast = fields.connection.includes('close') || fields.connection.includes('upgrade')
  const persists = !isLast && (!isHttp10 || fields.connection.includes('keep-alive'))
  const keepAlive = persists && !isUnclear && method !== 'CONNECT'
  const saysSo = isHttp10 || expectations.length > 0
  return { ...action, reader: site.reader, keepAlive, saysSo, isHttp10, hasBody, expectsContinue }
}

// What is wrong with the method is told first, then who sends the request, then the rest.
function decide(method, onTarget, { isForeign, isPreflight }) {
  if (method === 'OPTIONS' && isPreflight) return { isPreflight }
  if (precedesArguments(onTarget.refusal) || !isForeign) return onTarget
  return { refusal: CROSS_SITE }
}

function precedesArguments(refusal) {
  return refusal !== undefined && [403, 405, 421, 501].includes(refusal.status)
}

function checkSize(method, url, rawHeaders, maxHeaderSize) {
  if (rawHeaders.length > 2 * FIELDS_MAX) return TOO_MANY_FIELDS
  const lineSize = method.length + url.length + ' '.length + ' HTTP/1.1\r\n'.length
  if (lineSize > maxHeaderSize) return TARGET_TOO_LONG
  let size = lineSize + '\r\n'.length
  for (const text of rawHeaders) size += text.length + ': '.length // Or a line end.
  return size > maxHeaderSize ? HEAD_TOO_LONG : undefined
}

function readFields(rawHeaders) {
  const fields = {
    hosts: [], length: undefined, codings: [], connection: [], expectations: [], origins: [], fetchSites: [],
    asksForMethod: false
  }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1]
    switch (rawHeaders[i].toLowerCase()) {
      case 'host': fields.hosts.push(value); break
      case 'content-length': fields.length = value; break
      case 'transfer-encoding': fields.codings.push(...list(value)); break
      case 'connection': fields.connection.push(...list(value)); break
      case 'origin': fields.origins.push(value); break
      case 'sec-fetch-site': fields.fetchSites.push(value); break
      case 'access-control-request-method': fields.asksForMethod = true; break
      case 'expect': fields.expectations.push(...list(value).filter(Boolean)); break
    }
  }
  return fields
}

function list(value) {
  return value.split(',').map((element) => element.trim().toLowerCase())
}

function checkFields({ hosts, codings }, isHttp10) {
  if (hosts.length > 1) return TWO_HOSTS
  if (hosts.length === 0 && !isHttp10) return NO_HOST
  if (hosts.length === 1 && !isHost(hosts[0])) return NOT_A_HOST
  if (codings.length === 0) return undefined
  if (isHttp10) return CHUNKED_IN_HTTP10
  const isChunkedLast = codings.indexOf('chunked') === codings.length - 1
  if (!isChunkedLast || !codings.every((coding) => TOKEN.test(coding))) return NOT_CHUNKED_ONCE
  return codings.length > 1 ? UNKNOWN_CODING : undefined
}

// `uri-host [ ":" port ]`, and not empty.
function isHost(authority) {
  const [, literal, name, port] = AUTHORITY.exec(authority) ?? []
  if (Number(port ?? 0) > 65535) return false
  if (literal !== undefined) return isIPv6(literal) || IP_LITERAL_TO_COME.test(literal)
  return name !== undefined && NAME.test(name)
}

// The four forms of RFC 9112 section 3.2.
function resolve(method, target, bigint) {
  const fatal = (why) => ({ refusal: why, isFatal: true })
  let path
  let isOurs = true
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
    if (!PATH.test(path) || (mark !== -1 && !QUERY.test(rest.slice(mark + 1)))) return fatal(NOT_A_TARGET)
    isOurs = scheme === undefined || scheme.toLowerCase() === 'http'
  }
  if (method !== 'POST') return { refusal: KNOWN_METHODS.has(method) ? METHOD_NOT_ALLOWED : UNKNOWN_METHOD }
  return isOurs ? parseInteger(path, bigint) : { refusal: OTHER_SCHEME }
}

function parseInteger(path, bigint) {
  const [, sign, all] = INTEGER.exec(path.includes('%') ? decodeUnreserved(path) : path) ?? []
  if (all === undefined) return { refusal: NOT_AN_INTEGER }
  if (!bigint && all.length <= 15) return { n: Number(sign + all) + 0 } // + 0: -0 is 0.
  const digits = all.replace(LEADING_ZEROS, '')
  if (digits.length > 19) return { refusal: BEYOND_64_BITS }
  const integer = BigInt(sign + digits)
  if (integer < INT64_MIN || integer > INT64_MAX) return { refusal: BEYOND_64_BITS }
  if (bigint) return { n: integer }
  const n = Number(integer)
  return Number.isSafeInteger(n) ? { n } : { refusal: NEEDS_BIGINT }
}

// RFC 3986 section 6.2.2.2: `%31` is `1`, as for all that needs no encoding; others, such as `%2F`, stay what they are.
function decodeUnreserved(path) {
  return path.replace(ENCODED, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return UNRESERVED.test(character) ? character : encoded
  })
}

module.exports = { FIELDS_MAX, judge }
