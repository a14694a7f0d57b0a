'use strict'

// Answers without the handler: the sentences of the Rust side, and the mapping from Node's parser errors to them.

const { STATUS_CODES } = require('node:http')
const { MEDIA_TYPE, problemFields, problemText, titleOf } = require('../../answers/problems.js')

const MESSAGE_BYTES_MAX = 1024
// The most empty lines before a request.
const EMPTY_LINES_MAX = 4

// May follow empty lines.
const HEAD_START = /^[\r\n]*HEAD /

const refusal = (status, message) => ({ status, message })

const NOT_A_REQUEST_LINE = refusal(
  400, 'The first line must be a method, a target and a version, such as POST /15 HTTP/1.1.'
)
const NOT_A_FIELD_LINE = refusal(
  400, 'Every header line must be a name, a colon right after it and a value, all on one line.'
)
const NOT_A_LINE_END = refusal(400, 'Every line must end in a carriage return and a line feed.')
const TOO_MANY_EMPTY_LINES = refusal(400, 'There are too many empty lines before the request.')
const NOT_A_LENGTH = refusal(400, 'Content-Length must be a single decimal number of bytes.')
const NOT_ONE_FRAMING = refusal(400, 'A request must have only one Content-Length, and no Transfer-Encoding beside it.')
const NOT_CHUNKED_ONCE = refusal(400, 'Transfer-Encoding must name chunked exactly once, as the last coding.')
const NOT_A_CHUNK = refusal(400, 'A chunk size must be a hexadecimal number of up to 64 bits.')
const UNKNOWN_METHOD = refusal(501, 'This server does not know this method; it accepts only POST.')
const OTHER_VERSION = refusal(505, 'This server speaks HTTP/1.1 and HTTP/1.0.')
const TARGET_TOO_LONG = refusal(414, 'The request line is longer than this server accepts.')
const HEAD_TOO_LONG = refusal(431, 'The request head is longer than this server accepts.')
const TOO_MANY_FIELDS = refusal(431, 'The request has more header lines than this server accepts.')
const BODY_TOO_LONG = refusal(413, 'The request body is longer than this server accepts.')
const EXTENSIONS_TOO_LONG = refusal(413, 'The chunk extensions are longer than this server accepts.')
const LATE_HEAD = refusal(408, "The request's head did not arrive in time.")
const LATE_BODY = refusal(408, 'The request did not arrive in time.')
const OVERLOADED = refusal(503, 'Too many requests are waiting for their functions.')
const LATE_HANDLER = { ...refusal(503, 'The function took too long.'), code: 'ERR_TIMEOUT' }
const NOT_WRITTEN = { ...refusal(500, 'The answer could not be written.'), code: 'ERR_FAILED' }
const NO_ROOM = refusal(503, 'Too many bodies are waiting for their functions.')

// The codes of problems, listed in docs/functions.md, for refusals without a code of their own.
const CODES = {
  400: 'ERR_REQUEST', 403: 'ERR_CROSS_SITE', 404: 'ERR_UNKNOWN_FUNCTION', 405: 'ERR_METHOD', 408: 'ERR_REQUEST_TIMEOUT',
  413: 'ERR_BODY_TOO_LARGE', 414: 'ERR_HEAD_TOO_LARGE', 415: 'ERR_MEDIA_TYPE', 417: 'ERR_EXPECTATION', 421: 'ERR_SCHEME',
  431: 'ERR_HEAD_TOO_LARGE', 501: 'ERR_METHOD', 503: 'ERR_OVERLOADED', 505: 'ERR_VERSION'
}

// llhttp's error codes. Any other code means an invalid request line.
const OF_PARSER = {
  HPE_INVALID_HEADER_TOKEN: NOT_A_FIELD_LINE,
  HPE_CR_EXPECTED: NOT_A_LINE_END,
  HPE_LF_EXPECTED: NOT_A_LINE_END,
  HPE_STRICT: NOT_A_LINE_END,
  HPE_INVALID_CONTENT_LENGTH: NOT_A_LENGTH,
  HPE_UNEXPECTED_CONTENT_LENGTH: NOT_ONE_FRAMING,
  HPE_INVALID_TRANSFER_ENCODING: NOT_CHUNKED_ONCE,
  HPE_INVALID_CHUNK_SIZE: NOT_A_CHUNK,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: EXTENSIONS_TOO_LONG,
  HPE_PAUSED_H2_UPGRADE: OTHER_VERSION
}

// The refusal for an error of Node's parser; undefined if the client or the network caused it. `unread` is the number
// of bytes since the end of the last request.
function refusalOf({ code, rawPacket, bytesParsed }, unread) {
  if (typeof code !== 'string' || !code.startsWith('HPE_')) return undefined
  // The client has ended its side within a request, or has sent more after the last request.
  if (code === 'HPE_INVALID_EOF_STATE' || code === 'HPE_CLOSED_CONNECTION') return undefined
  if (code === 'HPE_HEADER_OVERFLOW') {
    // The parser does not tell how far it came, and does not keep earlier packets.
    const isWhole = rawPacket !== undefined && unread <= rawPacket.length
    return isWhole && !rawPacket.subarray(0, bytesParsed).includes('\n') ? TARGET_TOO_LONG : HEAD_TOO_LONG
  }
  if (code === 'HPE_INVALID_METHOD' || code === 'HPE_INVALID_VERSION' || code === 'HPE_INVALID_CONSTANT') {
    return refusalOfLine(lineAround(rawPacket, bytesParsed))
  }
  return OF_PARSER[code] ?? NOT_A_REQUEST_LINE
}

function refusalOfLine(line) {
  const [, version] = /^[!#$%&'*+.^_`|~\w-]+ [!-~]+ HTTP\/(\d\.\d)$/.exec(line) ?? []
  if (version === undefined) return NOT_A_REQUEST_LINE
  return version === '1.1' || version === '1.0' ? UNKNOWN_METHOD : OTHER_VERSION
}

function lineAround(packet, at) {
  if (packet === undefined) return ''
  const text = packet.toString('latin1')
  const end = text.indexOf('\r\n', at)
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, end === -1 ? undefined : end)
}

// The answer to a refusal or to a thrown error: a sentence or, with `isProblem`, a problem (RFC 9457).
function refusalAnswer(why, isProblem) {
  const { status, message, code = CODES[status], errors, fields, allowed } = why
  const body = isProblem
    ? problemText({ status, code, detail: message.toWellFormed() || `${titleOf(status)}.`, errors })
    : errorBody(status, message)
  const headers = headersOf(problemFields(status, fields, allowed))
  headers['Content-Type'] = isProblem ? MEDIA_TYPE : 'text/plain; charset=utf-8'
  headers['Content-Length'] = Buffer.byteLength(body)
  return { status, headers, body }
}

// Pairs in the form that Node takes: a repeated name has an array of values.
function headersOf(fields) {
  const headers = { __proto__: null }
  for (const [name, value] of fields) headers[name] = name in headers ? [headers[name], value].flat() : value
  return headers
}

// Makes one line of a handler's message.
function errorBody(status, message) {
  let bytes = Buffer.from(message || STATUS_CODES[status] || 'Unknown')
  if (bytes.length > MESSAGE_BYTES_MAX) {
    let end = MESSAGE_BYTES_MAX
    while ((bytes[end] & 0xc0) === 0x80) end--
    bytes = bytes.subarray(0, end)
  }
  return `${bytes.toString().replace(/[\x00-\x1f\x7f]/g, ' ')}\n`
}

// Whether the rejected request was a HEAD, as far as its packet shows.
function isOfHead({ rawPacket }, unread) {
  return rawPacket?.length === unread && HEAD_START.test(rawPacket.toString('latin1', 0, 32))
}

// The bytes of the answer to a malformed request, after which the connection closes. The answer to a HEAD has no
// content but the same fields (RFC 9110 section 9.3.2).
function closingResponse({ status, headers, body }, isHead = false) {
  const all = Object.entries({ Date: new Date().toUTCString(), ...headers, Connection: 'close' })
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${isHead ? '' : body}`
}

module.exports = {
  BODY_TOO_LONG,
  EMPTY_LINES_MAX,
  HEAD_TOO_LONG,
  LATE_BODY,
  LATE_HANDLER,
  LATE_HEAD,
  NO_ROOM,
  NOT_WRITTEN,
  NOT_A_REQUEST_LINE,
  NOT_CHUNKED_ONCE,
  OTHER_VERSION,
  OVERLOADED,
  TARGET_TOO_LONG,
  TOO_MANY_EMPTY_LINES,
  TOO_MANY_FIELDS,
  UNKNOWN_METHOD,
  headersOf,
  isOfHead,
  closingResponse,
  refusal,
  refusalAnswer,
  refusalOf
}
