'use strict'

// Parses a signature, such as '(name: string, loud?: boolean) => string'. An error points at the place of the mistake.

const { invalidArgument, invalidType } = require('../errors.js')
const { DECLARED_ARGUMENTS_MAX } = require('../limits.js')
const { didYouMean } = require('../unknown-options.js')

const SCALARS = ['int', 'number', 'int64', 'bigint', 'boolean', 'string']
const ARRAYS = SCALARS.map((type) => `${type}[]`)
const ARGUMENT_TYPES = [...SCALARS, 'json', 'bytes', 'header', ...ARRAYS]
const RESULT_TYPES = [...SCALARS, 'json', 'bytes', 'text', 'void', ...ARRAYS]
const BUILT_IN = new Set([...ARGUMENT_TYPES, ...RESULT_TYPES])
// Names that `types` may not define: the built-in types, and the types of WebAssembly.
const RESERVED = new Set([...BUILT_IN, 'int32', 'float32'])

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/
const TOKEN = /\s*([A-Za-z_$][A-Za-z0-9_$]*|=>|\.\.\.|[^]|$)/y

// Names that other languages use for these types.
const SYNONYMS = {
  integer: 'int', i32: 'int', int32: 'int', long: 'int64', i64: 'int64', bool: 'boolean', str: 'string',
  float: 'number', double: 'number', f64: 'number', float64: 'number', float32: 'number', f32: 'number',
  float64array: 'number[]', bigint64array: 'int64[]',
  any: 'json', object: 'json', unknown: 'json', record: 'json', array: 'json', map: 'json',
  buffer: 'bytes', uint8array: 'bytes', undefined: 'void', null: 'void', none: 'void'
}

const NO_DASHES = 'a name has no dashes. X-Tenant is `xTenant: header`, or whatever name the option `headers` gives a field'
const NO_UNIONS = 'there are no unions. Declare `json`, or a schema in `types`, and tell them apart in the function'
const NO_OBJECTS = 'there are no object types. Declare `json`, or a schema in `types`'
const NO_PROMISES = 'the result is what the promise resolves to. Write its type alone, without `Promise`'

function parseSignature(text, typeNames = []) {
  if (typeof text !== 'string') {
    const cure = typeof text === 'function' ? 'The function is the second argument.' : undefined
    throw invalidType('signature', "a string, such as '(a: int, b?: string) => json'", text, cure)
  }
  const reader = new Reader(text)
  const declared = readArguments(reader, typeNames)
  const arrow = reader.take()
  if (arrow.text === ':') reader.fail(arrow, 'the result is written after `=>`')
  if (arrow.text !== '=>') reader.fail(arrow, 'there must be `=>` and the type of the result')
  const result = readType(reader, RESULT_TYPES, typeNames, 'a result')
  const end = reader.take()
  if (end.text === '|') reader.fail(end, NO_UNIONS)
  if (end.text !== '') reader.fail(end, 'the signature must end after the type of the result')
  return { arguments: declared, result }
}

// The text, token by token. The token '' is its end.
class Reader {
  #text
  #next

  constructor(text) {
    this.#text = text
    this.#next = this.#read(0)
  }

  get next() {
    return this.#next
  }

  take() {
    const token = this.#next
    this.#next = this.#read(token.end)
    return token
  }

  takeIf(text) {
    return this.#next.text === text && this.take() !== undefined
  }

  // Throws, with the line of the mistake and a mark under it.
  fail({ at }, sentence) {
    const start = this.#text.lastIndexOf('\n', at - 1) + 1
    const [line] = this.#text.slice(start).split('\n')
    const indent = line.slice(0, at - start).replace(/[^\t]/g, ' ')
    const dot = /[.?]$/.test(sentence) ? '' : '.'
    throw invalidArgument(
      `The signature is wrong at character ${at + 1}: ${sentence}${dot}\n    ${line.trimEnd()}\n    ${indent}^`
    )
  }

  #read(from) {
    TOKEN.lastIndex = from
    const [all, text] = TOKEN.exec(this.#text)
    return { text, at: from + all.length - text.length, end: from + all.length }
  }
}

function readArguments(reader, typeNames) {
  const open = reader.take()
  if (open.text === 'async') reader.fail(open, 'a signature does not mention `async`: leave it out')
  if (open.text !== '(') reader.fail(open, "a signature begins with `(`, as in '(a: int) => int'")
  const found = []
  if (reader.takeIf(')')) return found
  for (;;) {
    const start = reader.next
    const argument = readArgument(reader, typeNames)
    if (found.some(({ name }) => name === argument.name)) {
      reader.fail(start, `there are two arguments named '${argument.name}'`)
    }
    if (!argument.isOptional && found.at(-1)?.isOptional) {
      reader.fail(start, `'${argument.name}' is required after an optional argument. Optional ones come last`)
    }
    found.push(argument)
    if (found.length > DECLARED_ARGUMENTS_MAX) {
      reader.fail(start, `a function takes at most ${DECLARED_ARGUMENTS_MAX} arguments`)
    }
    const after = reader.take()
    if (after.text === ')') return found
    if (after.text === '=') {
      reader.fail(after, `there are no defaults. Declare \`${argument.name}?\`, and give the default in the function`)
    }
    if (after.text === '|') reader.fail(after, NO_UNIONS)
    if (after.text === '?') {
      reader.fail(after, `an optional argument has its mark after the name: \`${argument.name}?: ${argument.type}\``)
    }
    if (after.text !== ',') reader.fail(after, 'there must be `,` or `)` after an argument')
    if (reader.next.text === ')') reader.fail(after, 'there must be an argument after the comma')
  }
}

function readArgument(reader, typeNames) {
  const token = reader.take()
  const name = token.text
  if (name === '...') reader.fail(token, 'there are no rest arguments. Declare an array, such as `values: number[]`')
  if (name === '{' || name === '[') reader.fail(token, 'an argument has a name. Take it apart in the function')
  if (!IDENTIFIER.test(name)) reader.fail(token, "there must be an argument's name, as in `a: int`")
  if (name === '__proto__') reader.fail(token, "an argument can't have the name '__proto__'")
  const isOptional = reader.takeIf('?')
  if (reader.next.text !== ':') {
    if (reader.next.text === '-') reader.fail(reader.next, NO_DASHES)
    reader.fail(reader.next, `there must be \`:\` and a type after the name '${name}', as in \`${name}: int\``)
  }
  reader.take()
  const type = readType(reader, ARGUMENT_TYPES, typeNames, 'an argument')
  return { name, type, isOptional, ...(type === 'header' && { field: fieldOf(name) }) }
}

function readType(reader, builtIn, typeNames, what) {
  const token = reader.take()
  const { text: name } = token
  if (name === '{') reader.fail(token, NO_OBJECTS)
  if (!IDENTIFIER.test(name)) reader.fail(token, `there must be the type of ${what}, such as \`int\``)
  if (name === 'Promise') reader.fail(token, NO_PROMISES)
  if (/^(Readonly)?Array$/.test(name) && reader.next.text === '<') reader.fail(token, arrayOf(reader))
  const isKnown = builtIn.includes(name) || typeNames.includes(name)
  const isArray = reader.next.text === '['
  if (!isKnown) reader.fail(token, unknownType(name, isArray, builtIn, typeNames, what))
  if (!isArray) return name
  const open = reader.take()
  const close = reader.take()
  if (close.text !== ']') reader.fail(close, `an array is written \`${name}[]\``)
  if (!SCALARS.includes(name)) {
    reader.fail(open, `there are arrays of ${SCALARS.join(', ')} only. Declare \`json\`, or a schema in \`types\``)
  }
  if (reader.next.text === '[') {
    reader.fail(reader.next, 'there are no arrays of arrays. Declare `json`, or a schema in `types`')
  }
  return `${name}[]`
}

// What to write instead of `Array<T>`.
function arrayOf(reader) {
  reader.take()
  const { text } = reader.take()
  return `an array is written \`${SCALARS.includes(text) ? text : 'int'}[]\``
}

function unknownType(name, isArray, builtIn, typeNames, what) {
  if (BUILT_IN.has(name)) return `'${name}' is not a type of ${what}`
  const known = [...builtIn.filter((each) => !each.endsWith('[]')), ...typeNames]
  const synonym = SYNONYMS[name.toLowerCase()]
  const quoted = (each) => `'${each}'`
  const meantType = isArray && SCALARS.includes(synonym) ? `${synonym}[]` : synonym
  const meant = builtIn.includes(meantType) ? `Did you mean '${meantType}'?` : didYouMean(name, known, quoted)
  return `there is no type '${name}'. ${meant ?? `It is one of ${known.join(', ')}, or a name in \`types\`.`}`
}

// The header field of an argument: xRequestId and xRequestID become x-request-id, and DNT becomes dnt.
function fieldOf(name) {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase()
}

// Whether this can be the name of a function or of an argument.
function isName(name) {
  return IDENTIFIER.test(name) && name !== '__proto__'
}

// Whether the function takes the body itself: it has one `bytes` argument, and otherwise only header fields.
function takesRawBody({ arguments: declared }) {
  const [first, second] = declared.filter(({ type }) => type !== 'header')
  return first?.type === 'bytes' && second === undefined
}

module.exports = { IDENTIFIER, RESERVED, isName, parseSignature, takesRawBody }
