'use strict'

// Decides what to do about a request from its head, as `src/http/fields.rs` does and with its sentences, as far as
// Node's parser shows the head.

const {
  BODY_TOO_LONG, HEAD_TOO_LONG, NOT_CHUNKED_ONCE, OTHER_VERSION, NOT_A_REQUEST_LINE, TARGET_TOO_LONG, TOO_MANY_FIELDS,
  refusal
} = require('./refusals.js')
const { CALL } = require('./methods.js')
const { CROSS_SITE, judgeSite } = require('./cross-site.js')
const { isHost, resolve } = require('./targets.js')

const FIELDS_MAX = 100

const NO_HOST = refusal(400, 'An HTTP/1.1 request needs a Host header.')
const TWO_HOSTS = refusal(400, 'A request must have only one Host header.')
const NOT_A_HOST = refusal(400, 'The Host header must be a host, with or without a port.')
const CHUNKED_IN_HTTP10 = refusal(400, 'HTTP/1.0 has no Transfer-Encoding.')
const UNKNOWN_CODING = refusal(501, 'The only Transfer-Encoding that this server supports is chunked.')
const UNKNOWN_EXPECTATION = refusal(417, 'The only expectation that this server supports is 100-continue.')

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/

// Returns what to do: `{ refusal }`, with `isFatal` if nothing more can be read from the connection; `{ isPreflight }`;
// `{ isHealth }`; `{ integer }`; or, with a table of functions, `{ route }` or `{ document }`. And:
// - `keepAlive`, `isHttp10`, `hasBody`, `expectsContinue`;
// - `saysKeepAlive`: the answer needs `Connection: keep-alive`, for HTTP/1.0, and for Node, which closes the connection
//   after an expectation without a `100 Continue`;
// - `allowedOrigin`: the origin whose pages may read the answer;
// - `bodyRefusal`: the refusal if a body arrives;
// - `bodySize`: the most bytes of the body;
// - `executor`: the executor whose functions the head was checked against.
function judge(request, { bigint, origins, health, maxHeaderSize, maxBodySize }, executor) {
  const { method, url, httpVersion, rawHeaders } = request
  const isHttp10 = httpVersion === '1.0'
  const fatal = (why) => ({ refusal: why, isFatal: true, keepAlive: false, isHttp10, hasBody: false })
  if (httpVersion === '0.9') return fatal(NOT_A_REQUEST_LINE)
  if (!isHttp10 && httpVersion !== '1.1') return fatal(OTHER_VERSION)
  // Node shows neither line ends nor the space around values.
  const tooLong = checkSize(method, url, rawHeaders, maxHeaderSize)
  if (tooLong !== undefined) return fatal(tooLong)

  const fields = readFields(rawHeaders)
  const onTarget = resolve(method, url, bigint, executor.handler.routes, health)
  const wrong = onTarget.isFatal ? onTarget.refusal : checkFields(fields, isHttp10)
  if (wrong !== undefined) return fatal(wrong)
  const site = judgeSite(fields, origins)
  const onSite = decide(method, onTarget, site)
  const length = Number(fields.length ?? 0)
  if (length > maxBodySize) {
    const why = precedesArguments(onSite.refusal) ? onSite.refusal : BODY_TOO_LONG
    return { ...fatal(why), allowedOrigin: site.allowedOrigin }
  }

  const hasBody = fields.codings.length > 0 || length > 0
  const expectations = isHttp10 ? [] : fields.expectations
  const isUnknown = expectations.some((expectation) => expectation !== '100-continue')
  const expectsContinue = !isUnknown && expectations.length > 0 && hasBody
  const isLate = isUnknown && !onSite.isPreflight && !precedesArguments(onSite.refusal)
  const onHead = isLate ? { refusal: UNKNOWN_EXPECTATION } : onSite
  const bodyRefusal = onHead.route?.read(rawHeaders)
  // A chunked body may turn out to be empty.
  const action = bodyRefusal !== undefined && length > 0 ? { ...onHead, refusal: bodyRefusal } : onHead
  // The client may or may not send the body after this answer.
  const isUnclear = !isCall(action) && hasBody && (isUnknown || expectsContinue)
  // Node's parser drops requests behind an upgrade that is not taken.
  const isLast = fields.connection.includes('close') || fields.connection.includes('upgrade')
  const persists = !isLast && (!isHttp10 || fields.connection.includes('keep-alive'))
  const keepAlive = persists && !isUnclear && method !== 'CONNECT'
  const saysKeepAlive = isHttp10 || expectations.length > 0
  const bodySize = length > 0 ? length : maxBodySize
  const { isPreflight, isHealth, allowed, integer, route, document } = action
  // Written out, because object spread would take several times as long.
  return {
    refusal: action.refusal, isPreflight, isHealth, allowed, integer, route, document,
    allowedOrigin: site.allowedOrigin, keepAlive, saysKeepAlive, isHttp10, hasBody, expectsContinue, bodyRefusal,
    bodySize, executor
  }
}

// Whether it calls the handler or a function, as far as the head tells.
function isCall({ integer, route, refusal }) {
  return refusal === undefined && (integer !== undefined || route !== undefined)
}

// The order of refusals: an unknown path, then the method, then the origin, then the rest.
function decide(method, onTarget, { isCrossSite, isPreflight }) {
  const { refusal, document, isHealth } = onTarget
  // A page of an allowed origin may read that there is no such function.
  if (method === 'OPTIONS' && isPreflight) return { isPreflight, allowed: refusal.allowed ?? CALL }
  // Pages of other sites may request what they cannot read.
  if (precedesArguments(refusal) || !isCrossSite || document !== undefined || isHealth) return onTarget
  return { refusal: CROSS_SITE }
}

function precedesArguments(refusal) {
  return refusal !== undefined && [403, 404, 405, 421, 501].includes(refusal.status)
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
      // Node's parser takes the second one for the first.
      case 'connection': case 'proxy-connection': fields.connection.push(...list(value)); break
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

module.exports = { FIELDS_MAX, isCall, judge }
