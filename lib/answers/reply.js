'use strict'

// `reply(value, { status, headers })`: a function returns it if the value alone is not enough. Also the header fields
// of answers, which errors may have as well.

const { invalidArgument, invalidType, outOfRange } = require('../errors.js')
const { refuseUnknown } = require('../unknown-options.js')

const REPLY_OPTIONS = { whose: 'reply', argument: 'options', expected: 'an object of options' }

// RFC 9110 sections 5.6.2 and 5.5. Field values beyond ASCII have no encoding that all recipients share.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e]*$/

// Fields about framing and the connection, which the server writes itself.
const OWN_FIELDS = new Set([
  'access-control-allow-origin', 'connection', 'content-length', 'date', 'keep-alive', 'proxy-connection', 'te', 'trailer',
  'transfer-encoding', 'upgrade'
])

// All replies, whichever copy of the package made them: a globally installed command serves modules that have their own
// copy of the package.
const REPLIES = Symbol.for('ringcall.replies')
const replies = globalThis[REPLIES] ??= new WeakSet()

class Reply {
  constructor(value, status, fields) {
    this.value = value
    this.status = status
    this.fields = fields
    Object.freeze(this)
    replies.add(this)
  }

  // A reply within a value would be sent as data, and its status would be lost. An empty object makes the encoders inspect
  // the value, and they find this reply in it.
  toJSON() {
    return NESTED
  }
}

const NESTED = new Reply()

function isReply(value) {
  return replies.has(value)
}

function reply(value, options = {}) {
  if (options === null || typeof options !== 'object') {
    const cure = typeof options === 'number' ? `The status is an option: { status: ${options} }.` : undefined
    throw invalidType(REPLY_OPTIONS.argument, REPLY_OPTIONS.expected, options, cure)
  }
  if (isReply(value)) throw invalidArgument('The value of the reply is a reply itself. Pass reply() a plain value.')
  if (typeof value?.then === 'function') throw invalidType('value', 'a value', value, 'It is a promise: `await` it first.')
  const { status, headers } = options
  if (status !== undefined && typeof status !== 'number') throw invalidType('options.status', 'of type number', status)
  if (status !== undefined && (!Number.isInteger(status) || status < 200 || status > 599)) {
    throw outOfRange('options.status', 'an integer >= 200 and <= 599', status)
  }
  const fields = fieldsOf(headers)
  refuseUnknown(options, ['status', 'headers'], REPLY_OPTIONS)
  return new Reply(value, status, fields)
}

// Pairs of lower-case names and values, in their order, or undefined if there are none. `headers` is an object, whose
// values may be arrays, or an iterable of pairs, such as Headers or a Map.
function fieldsOf(headers) {
  if (headers === undefined) return undefined
  if (headers === null || typeof headers !== 'object') {
    throw invalidType('options.headers', 'an object of header fields', headers)
  }
  const pairs = typeof headers[Symbol.iterator] === 'function' ? [...headers] : Object.entries(headers)
  const fields = []
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw invalidType('options.headers', 'of pairs, a name and a value each', pair)
    }
    const name = nameOf(pair[0])
    if (OWN_FIELDS.has(name)) continue
    const values = Array.isArray(pair[1]) ? pair[1] : [pair[1]]
    for (const value of values) if (value !== undefined) fields.push([name, textOf(name, value)])
  }
  return fields.length === 0 ? undefined : fields
}

function nameOf(name) {
  if (typeof name === 'string' && TOKEN.test(name)) return name.toLowerCase()
  throw invalidArgument(`A header field can't have the name ${JSON.stringify(String(name).slice(0, 64))}.`)
}

function textOf(name, value) {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    throw invalidType(`options.headers['${name}']`, 'of type string or number', value)
  }
  const text = String(value).trim()
  if (VALUE.test(text)) return text
  throw invalidArgument(`The header field ${name} has characters that are not printable ASCII. Encode them.`)
}

module.exports = { TOKEN, fieldsOf, isReply, reply }
