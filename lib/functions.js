'use strict'

// Declares functions, and makes the table of functions that a server is started with. Both engines read it.
//
// The table: { isRoot, functions: [{ name, handler, isDeclared, arguments: [{ name, type, isOptional, field, schema }],
// result, resultSchema, fewest, owner, signature, summary, description, examples, deprecated }] }. `field` belongs to a
// header argument. `schema` and `resultSchema` belong to a type from `types`. Functions of WebAssembly also have
// arguments of the types `int32` and `float32`. `result` is undefined for a function that is not declared: it returns
// JSON, or a bigint as bare digits. `owner` is the object that the function is in, and its `this`; a function at the
// root has none.

const { invalidArgument, invalidType } = require('./errors.js')
const { UNDECLARED_ARGUMENTS_MAX } = require('./limits.js')
const { jsonSchemasOf } = require('./functions/json-schemas.js')
const { TOKEN } = require('./answers/reply.js')
const { IDENTIFIER, RESERVED, isName, parseSignature } = require('./functions/signature.js')
const { refuseUnknown } = require('./unknown-options.js')

const FUNCTIONS_MAX = 1000

const TYPED_OPTIONS = { whose: 'typed', argument: 'options', expected: 'an object of options' }

// The declaration of each function that `typed` returned, whichever copy of the package it belongs to: a globally
// installed command serves modules that have their own copy of the package.
const DECLARATIONS = Symbol.for('ringcall.declarations')
const declarations = globalThis[DECLARATIONS] ??= new WeakMap()

// Returns a function that can be called as the handler can.
function typed(signature, handler, options = {}) {
  if (typeof handler !== 'function') {
    const cure = typeof signature === 'function' ? 'The signature comes first: typed(signature, handler).' : undefined
    throw invalidType('handler', 'of type function', handler, cure)
  }
  refuseUncallable(handler, 'The handler')
  return declare(handler, readOptions(signature, options))
}

// `declaration` is the function's entry in the table without its name, its handler and its owner.
function declare(handler, declaration, name = handler.name) {
  const declared = function (...values) {
    return Reflect.apply(handler, this, values)
  }
  Object.defineProperties(declared, {
    name: { value: name, configurable: true }, length: { value: handler.length, configurable: true }
  })
  declarations.set(declared, { handler, isDeclared: true, ...declaration })
  return declared
}

function readOptions(signature, options) {
  if (options === null || typeof options !== 'object') {
    throw invalidType(TYPED_OPTIONS.argument, TYPED_OPTIONS.expected, options)
  }
  const { types, headers, summary, description, examples, deprecated = false } = options
  const schemas = checkTypes(types)
  const { arguments: parsed, result } = parseSignature(signature, [...schemas.keys()])
  const checked = {
    types,
    headers,
    summary: string(summary, 'summary'),
    description: string(description, 'description'),
    examples: checkExamples(examples),
    deprecated
  }
  if (typeof deprecated !== 'boolean') throw invalidType('options.deprecated', 'of type boolean', deprecated)
  refuseUnknown(options, Object.keys(checked), TYPED_OPTIONS)
  delete checked.types
  delete checked.headers
  return {
    arguments: withFields(parsed, headers).map((each) => (
      schemas.has(each.type) ? { ...each, schema: schemas.get(each.type) } : each
    )),
    result,
    resultSchema: schemas.get(result),
    fewest: parsed.filter(({ isOptional, type }) => !isOptional && type !== 'header').length,
    signature,
    ...checked
  }
}

function checkTypes(types) {
  if (types === undefined) return new Map()
  if (types === null || typeof types !== 'object' || Array.isArray(types)) {
    throw invalidType('options.types', 'an object of schemas by name', types)
  }
  const schemas = new Map(Object.entries(types))
  for (const [name, schema] of schemas) {
    if (!IDENTIFIER.test(name)) throw invalidArgument(`options.types has '${name}', which can't be a name in a signature.`)
    if (RESERVED.has(name)) throw invalidArgument(`options.types has '${name}', which is the name of a type already.`)
    if (name in Object.prototype) throw invalidArgument(`options.types has '${name}', which every object has already.`)
    if (!isSchema(schema)) {
      throw invalidType(
        `options.types.${name}`, "a Standard Schema, such as zod's, Valibot's or ArkType's", schema,
        'It has no `~standard.validate`: does the library have a newer version?'
      )
    }
  }
  return schemas
}

// Whether it is a Standard Schema (https://standardschema.dev).
function isSchema(value) {
  const isObject = value !== null && (typeof value === 'object' || typeof value === 'function')
  return isObject && typeof value['~standard']?.validate === 'function'
}

// The arguments. Those of the type `header` get the field that `headers` names for them.
function withFields(parsed, headers = {}) {
  if (headers === null || typeof headers !== 'object' || Array.isArray(headers)) {
    throw invalidType('options.headers', 'an object of header fields by the names of arguments', headers)
  }
  const fields = new Map(Object.entries(headers))
  for (const [name, field] of fields) {
    if (!parsed.some((each) => each.name === name && each.type === 'header')) {
      throw invalidArgument(`options.headers has '${name}', which is not an argument of the type header.`)
    }
    if (typeof field !== 'string') throw invalidType(`options.headers.${name}`, 'of type string', field)
    if (!TOKEN.test(field)) {
      throw invalidArgument(`options.headers.${name} is ${JSON.stringify(field)}, which can't name a header field.`)
    }
  }
  return parsed.map((each) => (fields.has(each.name) ? { ...each, field: fields.get(each.name).toLowerCase() } : each))
}

function string(value, name) {
  if (value !== undefined && typeof value !== 'string') throw invalidType(`options.${name}`, 'of type string', value)
  return value
}

// Each example is a request body: an array of arguments, or an object of arguments by name.
function checkExamples(examples) {
  if (examples === undefined) return undefined
  const expected = 'an array of bodies, each an array of arguments or an object of them by name'
  if (!Array.isArray(examples)) throw invalidType('options.examples', expected, examples)
  for (const [i, each] of examples.entries()) {
    const isBody = each !== null && typeof each === 'object'
    if (!isBody) throw invalidType(`options.examples[${i}]`, 'an array or an object', each)
  }
  try {
    return JSON.parse(JSON.stringify(examples))
  } catch (error) {
    throw invalidArgument(`options.examples can't be written as JSON: ${error.message}. There, a bigint is a string.`)
  }
}

// The table of what was passed to `serverListen`; undefined for a plain function.
function tableOf(functions) {
  if (typeof functions === 'function') {
    refuseUncallable(functions, 'The handler')
    const declaration = declarations.get(functions)
    if (declaration === undefined) return undefined
    return { isRoot: true, functions: [{ name: functions.name || 'handler', ...declaration }] }
  }
  checkIsPlain(functions)
  const names = Object.keys(functions)
  const symbol = Object.getOwnPropertySymbols(functions).find((each) => isEnumerable(functions, each))
  if (symbol !== undefined) throw invalidArgument(`The functions have one named ${String(symbol)}. A name is a string.`)
  if (names.length === 0) throw invalidArgument('There is no function in the object: serverListen(8000, { sum }).')
  if (names.length > FUNCTIONS_MAX) {
    throw invalidArgument(`A server has at most ${FUNCTIONS_MAX} functions, and these are ${names.length}.`)
  }
  return { isRoot: false, functions: names.map((name) => entryOf(name, functions)) }
}

// Plain objects of any realm are accepted: `node:vm` makes realms. So is a module's namespace.
function checkIsPlain(functions) {
  const expected = 'a function, such as (n) => n + 1, or a plain object of functions'
  if (functions === null || typeof functions !== 'object') throw invalidType('handler', expected, functions)
  const prototype = Object.getPrototypeOf(functions)
  const isPlain = !Array.isArray(functions) && (prototype === null || Object.getPrototypeOf(prototype) === null)
  if (!isPlain) throw invalidType('handler', expected, functions, cureOf(functions))
}

function cureOf(functions) {
  if (Array.isArray(functions)) return 'Functions are called by their names: { sum, greet }.'
  if (typeof functions.then === 'function') return 'It is a promise: `await` it first.'
  if (functions instanceof Map) return 'Convert it with Object.fromEntries().'
  if (ArrayBuffer.isView(functions)) {
    return "A module is its URL or path: serverListen(8000, './functions.js'). Bytes of WebAssembly are for fromWasm()."
  }
  return 'Name its methods: { add: (a, b) => calculator.add(a, b) }.'
}

function isEnumerable(object, key) {
  return Object.prototype.propertyIsEnumerable.call(object, key)
}

function entryOf(name, functions) {
  const place = `functions.${name}`
  if (!isName(name)) {
    throw invalidArgument(
      `The functions have one named ${JSON.stringify(name)}. A name has letters, digits, _ and $, does not begin with a ` +
        "digit, and can't be __proto__."
    )
  }
  // Read once, because it may be a getter.
  const value = functions[name]
  if (typeof value !== 'function') throw invalidType(place, 'of type function', value, cureOfValue(value))
  refuseUncallable(value, place)
  const declaration = declarations.get(value) ?? undeclared(value, place)
  return { name, owner: functions, ...declaration }
}

function cureOfValue(value) {
  if (value === null || typeof value !== 'object') return undefined
  if (typeof value.then === 'function') return 'It is a promise: `await` it first.'
  if (/^\[object WebAssembly\./.test(Object.prototype.toString.call(value))) {
    return 'The functions of WebAssembly, with their types, are what fromWasm() makes of its bytes.'
  }
  return 'Functions are not grouped: name them all in one object.'
}

function isClass(value) {
  return /^class\b/.test(Function.prototype.toString.call(value))
}

// Refuses classes, and `typed` itself.
function refuseUncallable(value, place) {
  if (isClass(value)) {
    const { name } = value
    const made = typeof name === 'string' && name !== '' ? name : 'It'
    throw invalidArgument(`${place} is a class, which can't be called. Pass a function, such as () => new ${made}().`)
  }
  if (value === typed) {
    throw invalidArgument(`${place} is \`typed\` itself. Pass what it returns: typed('(n: int) => int', (n) => n + 1).`)
  }
}

function undeclared(handler, place) {
  const fewest = parametersOf(handler)
  if (fewest > UNDECLARED_ARGUMENTS_MAX) {
    throw invalidArgument(`${place} takes ${fewest} arguments. A call has at most ${UNDECLARED_ARGUMENTS_MAX}.`)
  }
  return { handler, isDeclared: false, arguments: [], result: undefined, fewest, deprecated: false }
}

// The number of parameters before the first that may be absent.
function parametersOf({ length }) {
  return Number.isSafeInteger(length) && length > 0 ? length : 0
}

// Warns about a plain function that expects more than the integer.
function warnOfParameters({ isPlain, parameters }) {
  if (!isPlain || parameters < 2) return
  process.emitWarning(
    `The function takes ${parameters} arguments, but one plain function is called with the integer of \`POST /N\` ` +
      'alone. Serve it by its name, as in serverListen(8000, { sum }), or declare its arguments with typed().',
    { code: 'RINGCALL_PARAMETERS' }
  )
}

// The table as plain data, for `server.functions`.
function describeTable(table) {
  return freeze((table?.functions ?? []).map(({ handler, owner, resultSchema, ...rest }) => withoutUndefined({
    ...rest, arguments: rest.arguments.map(({ schema, ...each }) => each)
  })))
}

// The table as data that another thread can receive. It has everything that does not need the functions themselves, so
// the description is made of it. For a schema it says that there is one; `jsonSchemas` has the JSON Schemas that its
// library gives, in the order of the functions. For a plain function it has the name and the number of parameters.
function transferableTable(table, handler) {
  const declared = table?.functions ?? []
  const functions = declared.map(({ handler, owner, resultSchema, ...rest }) => ({
    ...rest, arguments: rest.arguments.map(({ schema, ...each }) => ({ ...each, schema: schema && true }))
  }))
  const isPlain = table === undefined
  return {
    isPlain,
    isRoot: table?.isRoot ?? true,
    ...(isPlain && { name: String(handler?.name ?? ''), parameters: parametersOf(handler ?? {}) }),
    functions,
    // A getter, because it is needed only for a description.
    get jsonSchemas() {
      return declared.map(jsonSchemasOf)
    }
  }
}

function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

function freeze(value) {
  if (value === null || typeof value !== 'object') return value
  Object.values(value).forEach(freeze)
  return Object.freeze(value)
}

module.exports = {
  FUNCTIONS_MAX, declare, describeTable, isClass, tableOf, transferableTable, typed, warnOfParameters
}
