'use strict'

// What the description of a server's functions says. That its schemas are exact is in openapi-values.test.js.

const { readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const Ajv = require('ajv/dist/2020.js')
const v = require('valibot')
const { z } = require('zod')
const { typed } = require('..')
const { tableOf, transferableTable } = require('../lib/functions.js')
const { openapiOf, textOf } = require('../lib/openapi/index.js')
const { CODES } = require('../lib/openapi/problems.js')
const { checkArguments } = require('../lib/options.js')
const { file } = require('./commands.js')
const { functions } = require('./modules/described.js')
const { fibonacci, post, root, serve, start } = require('./helpers.js')

const same = (value) => value
const int = { type: 'integer', format: 'int64', minimum: -9007199254740991, maximum: 9007199254740991 }

function describe(served, options) {
  return openapiOf(transferableTable(tableOf(served), served), options)
}

function operation(served, at = Object.keys(served)[0]) {
  return describe(served).paths[`/${at}`].post
}

test('functions are listed in the order of their declaration, by body and by path', (t) => {
  const document = describe({
    sum: typed('(a: int, b: int) => int', same), greet: typed('(name: string, loud?: boolean) => string', same),
    list: typed('(values: int[]) => int', same), add: (a, b) => a + b, $price: typed('($: int, _: int) => int', same)
  })
  t.is(document.openapi, '3.1.0')
  t.deepEqual(Object.entries(document.paths).map(([at, { post: { operationId } }]) => [at, operationId]), [
    ['/sum', 'sum'], ['/sum/{a}/{b}', 'sumByPath'], ['/greet', 'greet'], ['/greet/{name}', 'greetByPath'],
    ['/list', 'list'], ['/add', 'add'], ['/$price', '$price'], ['/$price/{_}/{__}', '$priceByPath']
  ])
})

test('each operation has a unique name', (t) => {
  const one = typed('(a: int) => int', same)
  const { paths } = describe({ sum: one, sumByPath: one, sumByPathByPath: one })
  const names = Object.values(paths).map((each) => each.post.operationId)
  t.deepEqual(names, ['sum', 'sumByPath2', 'sumByPath', 'sumByPathByPath2', 'sumByPathByPath', 'sumByPathByPathByPath'])
})

test('a body has arguments by name or by position', (t) => {
  const add = typed('( a:int,\n b ? : number ) =>  int', same)
  const { requestBody, parameters, responses, ...rest } = operation({ add })
  const number = { type: 'number', format: 'double' }
  t.deepEqual(requestBody, {
    required: true,
    content: {
      'application/json': {
        schema: {
          oneOf: [
            { type: 'object', properties: { a: int, b: number }, required: ['a'], additionalProperties: false },
            { type: 'array', prefixItems: [int, number], minItems: 1, maxItems: 2 }
          ]
        }
      }
    }
  })
  t.is(parameters, undefined)
  t.deepEqual(responses[200].content, { 'application/json': { schema: int } })
  t.deepEqual(rest, {
    operationId: 'add',
    tags: ['functions'],
    summary: 'add(a: int, b?: number) => int',
    description: 'Arguments by name or by position.',
    'x-signature': '(a: int, b?: number) => int'
  })
})

test('a path has the required arguments as parameters', (t) => {
  const f = typed('(id: string, n: int, x?: json) => int', same)
  const { requestBody, parameters } = operation({ f }, 'f/{id}/{n}')
  t.is(requestBody, undefined)
  t.deepEqual(parameters, [
    { name: 'id', in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
    { name: 'n', in: 'path', required: true, schema: int }
  ])
})

test('the description repeats the options of typed', (t) => {
  const { summary, description, deprecated, requestBody } = operation({ hello: functions.hello })
  t.is(summary, 'Greets.')
  t.regex(description, /\*loudly\*/)
  t.true(deprecated)
  t.deepEqual(requestBody.content['application/json'].examples, {
    example1: { value: { name: 'Ada' } }, example2: { value: ['Ada', true] }
  })
  t.like(operation({ hello: functions.hello }, 'hello/{name}'), { summary, description, deprecated })
  t.false('deprecated' in operation({ sum: (a) => a }))
})

test('header arguments are parameters in both forms, and not in the body', (t) => {
  const fields = [
    { name: 'x-request-id', in: 'header', required: true, schema: { type: 'string' } },
    { name: 'x-hub-signature-256', in: 'header', required: false, schema: { type: 'string' } }
  ]
  const { parameters, requestBody: { content } } = operation({ traced: functions.traced })
  t.deepEqual(parameters, fields)
  const [{ properties }, { prefixItems }] = content['application/json'].schema.oneOf
  t.deepEqual([Object.keys(properties), prefixItems.length], [['n', 'm'], 2])
  t.deepEqual(operation({ traced: functions.traced }, 'traced/{n}').parameters.slice(1), fields)
})

// OpenAPI says that a parameter of that name is ignored.
test('an argument from the field Authorization is a security scheme, too', (t) => {
  const { answer, login, maybeLogin: maybe } = functions
  const { paths, components, security } = describe({ login, maybe, answer })
  t.like(components.securitySchemes.authorization, { type: 'apiKey', in: 'header', name: 'Authorization' })
  t.deepEqual(paths['/login'].post.security, [{ authorization: [] }])
  t.deepEqual(paths['/maybe'].post.security, [{ authorization: [] }, {}])
  t.is(paths['/answer'].post.security, undefined)
  t.deepEqual(security, [])
  t.is(describe({ answer }).components.securitySchemes, undefined)
})

test('a function without arguments takes no body', (t) => {
  for (const name of ['answer', 'nothing', 'login']) {
    const { requestBody, responses } = operation({ [name]: functions[name] })
    t.is(requestBody, undefined)
    t.false('413' in responses || '415' in responses)
  }
})

test('bytes alone are the body, which may be empty; beside other arguments they are base64', (t) => {
  const binary = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
  for (const name of ['bytes', 'stored']) {
    t.like(operation({ [name]: functions[name] }).requestBody, { required: false, content: binary })
  }
  t.deepEqual(operation({ bytes: functions.bytes }).responses[200].content, binary)
  const document = describe({ ofBytes: functions.ofBytes })
  const [{ properties }] = document.paths['/ofBytes'].post.requestBody.content['application/json'].schema.oneOf
  t.deepEqual(properties.value, { $ref: '#/components/schemas/Base64' })
  t.like(document.components.schemas.Base64, { type: 'string', contentEncoding: 'base64' })
})

test('each result has its media type and its schema', (t) => {
  const media = (type) => operation({ f: typed(`() => ${type}`, same) }).responses
  const json = (schema) => ({ 'application/json': { schema } })
  const int64 = { type: 'string', format: 'int64', pattern: '^(?:0|-?[1-9][0-9]{0,18})$' }
  t.deepEqual(media('int')[200].content, json(int))
  t.deepEqual(media('number')[200].content, json({ type: 'number', format: 'double' }))
  t.deepEqual(media('int64')[200].content, json(int64))
  t.deepEqual(media('bigint')[200].content, json({ type: 'string', pattern: '^(?:0|-?[1-9][0-9]*)$' }))
  t.deepEqual(media('boolean')[200].content, json({ type: 'boolean' }))
  t.deepEqual(media('string')[200].content, json({ type: 'string' }))
  t.deepEqual(media('json')[200].content, json({}))
  t.deepEqual(media('int64[]')[200].content, json({ type: 'array', items: int64 }))
  t.deepEqual(media('text')[200].content, { 'text/plain': { schema: { type: 'string' } } })
  t.deepEqual(Object.keys(media('void')).slice(0, 1), ['204'])
  t.is(media('void')[204].content, undefined)
  t.deepEqual(operation({ f: (a) => a }).responses[200].content, json({}))
})

test('each refusal and failure is a problem by reference, with the closed list of codes', (t) => {
  const { paths, components } = describe({ sum: (a) => a, answer: functions.answer })
  const { 200: ok, '2XX': others, ...problems } = paths['/sum'].post.responses
  t.deepEqual(others.content, ok.content)
  t.deepEqual(Object.keys(problems), ['400', '403', '413', '415', '500', '503', 'default'])
  for (const { $ref } of Object.values(problems)) {
    const { content } = components.responses[$ref.replace('#/components/responses/', '')]
    t.deepEqual(content, { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } })
  }
  t.deepEqual(components.schemas.Problem.properties.code.enum, CODES)
})

test('the closed list of codes is that of the documentation and that of the ring thread', (t) => {
  const read = (file) => readFileSync(path.join(root, file), 'utf8')
  const [, table] = /^\| `code` \| status(.*?)\n\n/ms.exec(read('docs/functions.md'))
  t.deepEqual([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code).sort(), [...CODES].sort())
  const inRust = [...read('src/http/problem.rs').matchAll(/=> "(ERR_\w+)"/g)].map(([, code]) => code)
  t.deepEqual(inRust.sort(), [...CODES].sort())
})

test('a problem in an answer fits its schema', async (t) => {
  const server = serve(t, { onError() {} }, { ...functions, fail() { throw new Error('no') } })
  const fits = validatorOf(server.openapi(), '/components/schemas/Problem')
  const headers = { 'Content-Type': 'application/json' }
  for (const [target, options, status] of [
    ['/ofInt', { headers, body: '["a"]' }, 400], ['/ofInt', { headers, body: '{' }, 400],
    ['/ofInt', { body: '[1]' }, 415], ['/nowhere', {}, 404], ['/ofInt', { method: 'PUT' }, 405],
    ['/ofInt/1', { headers: { Origin: 'http://b' } }, 403], ['/fail', {}, 500], ['/none/1', {}, 200]
  ]) {
    const response = await post(t, server, target, options)
    t.is(response.status, status)
    t.is(fits(JSON.parse(response.body)), status >= 400, response.body)
  }
})

test('answers of each type fit the schema of their result', async (t) => {
  const server = serve(t, {}, functions)
  const values = {
    Int: -7, Number: 0.5, Int64: '-9223372036854775808', Bigint: '7'.repeat(99), Boolean: true, String: 'é',
    Json: { a: [null] }, Ints: [0, 1], Numbers: [1e300], Int64s: ['0', '9223372036854775807'], Bigints: ['-1'],
    Booleans: [false], Strings: ['']
  }
  for (const [name, value] of Object.entries(values)) {
    const body = JSON.stringify([value])
    const answer = await post(t, server, `/give${name}`, { headers: { 'Content-Type': 'application/json' }, body })
    t.deepEqual(JSON.parse(answer.body), value)
    const pointer = `/paths/~1give${name}/post/responses/200/content/application~1json/schema`
    t.true(validatorOf(server.openapi(), pointer)(value), name)
  }
})

function validatorOf(document, pointer) {
  const ajv = new Ajv({ strict: false, validateFormats: false, validateSchema: false }).addSchema(document, 'openapi')
  return ajv.compile({ $ref: `openapi#${pointer}` })
}

// JSON.stringify would round these integers of 64 bits.
test('the limits of int64 are exact in the text', (t) => {
  const examples = [[1, '"minimum":-9223372036854776000']]
  const document = describe({ f: typed('(n: int64, text: string) => int', same, { examples }) })
  for (const text of [textOf(document), textOf(document, 2)]) {
    t.regex(text, /"minimum": ?-9223372036854775808,/)
    t.regex(text, /"exclusiveMaximum": ?9223372036854775808\b/)
    t.true(text.includes(String.raw`"\"minimum\":-9223372036854776000"`))
    t.deepEqual(JSON.parse(text), document)
  }
})

test('lone surrogates become replacement characters, which every reader of JSON accepts', (t) => {
  const text = (schema) => typed('(a: T) => json', same, { types: { T: schemaOf(schema) }, summary: 'a\ud800b', description: '\\\\ud800' })
  const server = serve(t, { openapi: { title: '\udfff' } }, { f: text({ description: '\\\ud800\u{1f600}' }) })
  const { info, paths, components } = server.openapi()
  t.is(info.title, '\ufffd')
  t.is(paths['/f'].post.summary, 'a\ufffdb')
  t.is(paths['/f'].post.description, '\\\\ud800')
  t.is(components.schemas.T.description, '\\\ufffd\u{1f600}')
})

test("by default the server is where the document is, also behind a proxy's path", (t) => {
  const { servers } = serve(t, {}, functions).openapi()
  t.deepEqual(servers, [{ url: '.' }])
  t.is(new URL(servers[0].url + '/sum', 'https://a.example/math/openapi.json').href, 'https://a.example/math/sum')
})

test('one declared function is at the root', (t) => {
  const document = describe(typed('(a: int, b: int) => int', function add(a) { return a }))
  t.deepEqual(Object.entries(document.paths).map(([at, { post: { operationId } }]) => [at, operationId]), [
    ['/', 'add'], ['/{a}/{b}', 'addByPath']
  ])
  t.deepEqual(Object.keys(describe(typed('() => int', same)).paths), ['/'])
})

test('one plain function takes an integer in its path, and answers errors as text', (t) => {
  const { paths, components } = describe(fibonacci)
  t.deepEqual(Object.keys(paths), ['/{n}'])
  const { operationId, parameters, responses } = paths['/{n}'].post
  t.is(operationId, 'fibonacci')
  t.deepEqual(parameters, [{ name: 'n', in: 'path', required: true, schema: int }])
  t.deepEqual(responses[200].content, { 'application/json': { schema: { type: 'integer' } } })
  t.deepEqual(components.responses.BadRequest.content, { 'text/plain': { schema: { type: 'string' } } })
  t.is(components.schemas, undefined)
  const [{ schema }] = describe((n) => n, { bigint: true }).paths['/{n}'].post.parameters
  t.like(schema, { format: 'int64', minimum: -(2 ** 63), exclusiveMaximum: 2 ** 63 })
  t.is(describe((n) => n).paths['/{n}'].post.operationId, 'handler')
})

// Types of libraries.

const Line = z.object({ product: z.string(), quantity: z.number().int().positive() })
const noProto = { not: { const: '__proto__' } }

// A Standard Schema whose library describes it with this JSON Schema, or calls this function to.
function schemaOf(json) {
  const tell = () => (typeof json === 'function' ? json() : json)
  const jsonSchema = { input: tell, output: tell }
  return { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }), jsonSchema } }
}

// The schemas of the components, for a function with an argument of that type.
function schemasOf(schema, name = 'T') {
  const { paths, components } = describe({ f: typed(`(value: ${name}) => json`, same, { types: { [name]: schema } }) })
  const { oneOf: [byName, byPosition] } = paths['/f'].post.requestBody.content['application/json'].schema
  const { Problem, ...schemas } = components.schemas
  return { schemas, value: byName.properties.value, first: byPosition.prefixItems[0] }
}

test('a name in types is a component, with the schema that its library gives', async (t) => {
  const { type } = await import('arktype')
  const { toStandardJsonSchema } = await import('@valibot/to-json-schema')
  const libraries = [
    z.object({ id: z.string(), n: z.number().optional() }),
    toStandardJsonSchema(v.object({ id: v.string(), n: v.optional(v.number()) })),
    type({ id: 'string', 'n?': 'number' })
  ]
  for (const schema of libraries) {
    const { schemas, value, first } = schemasOf(schema, 'Item')
    t.deepEqual(value, { $ref: '#/components/schemas/Item' })
    t.deepEqual(first, value)
    t.deepEqual(schemas.Item, {
      type: 'object',
      properties: { id: { type: 'string' }, n: { type: 'number' } },
      required: ['id'],
      propertyNames: noProto
    })
  }
})

test("a type's references point to parts of the document", async (t) => {
  const tree = z.object({ value: z.number(), get children() { return z.array(tree) } })
  const { Tree } = schemasOf(tree, 'Tree').schemas
  t.deepEqual(Tree.properties.children.items, { $ref: '#/components/schemas/Tree' })
  const { scope } = await import('arktype')
  const chain = scope({ node: { value: 'string', 'next?': 'node' } }).export().node
  for (const schema of [tree, z.object({ tree, other: tree }), chain]) {
    const text = JSON.stringify(describe({ f: typed('(value: T) => T', same, { types: { T: schema } }) }))
    const references = [...text.matchAll(/"\$ref":"#([^"]+)"/g)].map(([, reference]) => reference)
    t.true(references.length > 5)
    for (const reference of references) t.not(at(JSON.parse(text), reference), undefined, reference)
    t.false(/\$defs|\$schema/.test(text))
  }
})

function at(document, pointer) {
  const keys = pointer.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce((value, key) => value?.[key], document)
}

test('only references are rewritten, not values that look like one', (t) => {
  const { schemas } = schemasOf(schemaOf({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: { 'a/b': { const: { $ref: '#' } }, c: { $ref: '#/$defs/a~1b' } },
    enum: [{ $ref: '#/$defs/c' }],
    default: { $ref: '#' },
    properties: { $ref: { $ref: '#/$defs/c' }, self: { $ref: '#' }, deep: { $ref: '#/properties/self' } },
    prefixItems: [{ not: { $ref: '#/$defs/missing' } }, true],
    items: { $ref: 'https://a.example/b#/c' }
  }))
  t.deepEqual(schemas, {
    T: {
      enum: [{ $ref: '#/$defs/c' }],
      default: { $ref: '#' },
      properties: {
        $ref: { $ref: '#/components/schemas/T_c' },
        self: { $ref: '#/components/schemas/T' },
        deep: { $ref: '#/components/schemas/T/properties/self' }
      },
      prefixItems: [{ not: { $ref: '#/components/schemas/T/$defs/missing' } }, true],
      items: { $ref: 'https://a.example/b#/c' }
    },
    T_a_b: { const: { $ref: '#' } },
    T_c: { $ref: '#/components/schemas/T_a_b' }
  })
})

test('a schema with an `$id` is still a part of the document, definitions of older drafts included', (t) => {
  const named = schemaOf({
    $id: 'https://a.example/t.json', properties: { a: { $ref: '#/definitions/a' }, b: { $id: 'b', const: { $id: 'data' } } },
    definitions: { a: { $id: '#a', items: { $ref: '#' } } }
  })
  t.deepEqual(schemasOf(named).schemas.T, {
    properties: { a: { $ref: '#/components/schemas/T/definitions/a' }, b: { const: { $id: 'data' } } },
    definitions: { a: { items: { $ref: '#/components/schemas/T' } } }
  })
})

test('an invalid schema is passed on, and nothing fails', (t) => {
  const odd = { $defs: null, properties: { a: { $ref: '#/$defs/%zz' } }, allOf: {}, items: [{ $ref: '#' }] }
  t.deepEqual(schemasOf(schemaOf(odd)).schemas.T, {
    properties: { a: { $ref: '#/components/schemas/T/$defs/%zz' } }, allOf: {}, items: [{ $ref: '#' }]
  })
})

test('each schema is one component, and schemas of the same name get different names', (t) => {
  const one = (types) => typed('(value: T) => T', same, { types })
  const { paths, components } = describe({
    a: one({ T: Line }), b: one({ T: z.object(Line.shape) }), c: one({ T: z.string() }), d: one({ T: z.boolean() }),
    e: typed('(value: Problem, $x: Int64, n: int64) => json', same, { types: { Problem: z.string(), Int64: z.string() } })
  })
  const schemaIn = ({ content }) => content['application/json'].schema
  const nameOf = ({ $ref }) => $ref.split('/').at(-1)
  const operations = Object.values(paths).map(({ post }) => post)
  const taken = operations.map(({ requestBody }) => nameOf(schemaIn(requestBody).oneOf[1].prefixItems[0]))
  t.deepEqual(taken, ['T', 'T', 'TInput', 'TInput2', 'ProblemInput'])
  const given = operations.slice(0, 4).map(({ responses }) => nameOf(schemaIn(responses[200])))
  t.deepEqual(given, ['TOutput', 'TOutput', 'TInput', 'TInput2'])
  t.is(components.schemas.Int64.anyOf.length, 2)
  t.deepEqual(components.schemas.Int64Input, { type: 'string' })
})

test("an argument has its schema's input, a result its output", (t) => {
  const types = { Count: z.object({ count: z.string().default('1') }) }
  const { paths, components: { schemas } } = describe({ f: typed('(value: Count) => Count', same, { types }) })
  t.is(schemas.Count.required, undefined)
  t.deepEqual(schemas.CountOutput.required, ['count'])
  const { schema } = paths['/f'].post.responses[200].content['application/json']
  t.deepEqual(schema, { $ref: '#/components/schemas/CountOutput' })
})

test('where zod cannot describe a part of a type, that part allows any value, and the rest is as zod says', (t) => {
  const { T } = schemasOf(z.object({ when: z.coerce.date(), n: z.number() })).schemas
  t.deepEqual([T.properties.when, T.properties.n, T.required], [{}, { type: 'number' }, ['when', 'n']])
})

test('a type that its library cannot describe allows any value, and one warning says so', async (t) => {
  const types = {
    Raw: v.object({ id: v.string() }), Broken: schemaOf(() => { throw new Error('no\nstack') }),
    List: schemaOf([1]), Later: schemaOf(async () => ({})), Lost: schemaOf(() => Promise.reject(new Error('no'))),
    Odd: schemaOf(() => { throw Object.create(null) }), Cycle: schemaOf(() => { const it = {}; return (it.it = it) })
  }
  for (const schema of Object.values(types)) t.deepEqual(schemasOf(schema).value, {})
  t.is(schemasOf(schemaOf(true)).value, true)
  const source = `
    const { serverListen, typed } = require('./index.js')
    const v = require('valibot')
    const { z } = require('zod')
    const types = { Raw: v.string(), When: z.date(), Fine: z.string() }
    const f = typed('(a: Raw, b: When, c: Fine) => When', () => {}, { types })
    const options = JSON.parse(process.argv[1])
    const server = serverListen({ port: 0, engine: 'node', ...options }, { f, g: f })
    server.openapi()
    server.close()
    serverListen({ port: 0, engine: 'node', ...options }, { f, g: f }).close()`
  const { stderr, code } = await start(t, ['-e', source, '{}']).exited
  t.is(code, 0)
  t.is(stderr.match(/RINGCALL_OPENAPI/g).length, 1)
  const why = /: Raw in f \(valibot provides no JSON Schema\), When in f \(Date cannot be represented in JSON Schema\)\. zod/
  t.regex(stderr, why)
  t.is((await start(t, ['-e', source, '{"openapi":false}']).exited).stderr, '')
})

// The server.

test('openapi() is a fresh copy of the document, whether it is served or not', (t) => {
  const servers = ['/v2', { url: 'https://a.example', description: 'There.' }]
  const openapi = { title: 'Sums', version: '2', description: 'All.', servers }
  const server = serve(t, { openapi }, { sum: (a) => a })
  const document = server.openapi()
  t.like(document.info, { title: 'Sums', version: '2', description: 'All.' })
  t.deepEqual(document.servers, [{ url: '/v2' }, { url: 'https://a.example', description: 'There.' }])
  document.info.title = 'Mine'
  t.is(server.openapi().info.title, 'Sums')
  t.deepEqual(server.openapi().paths, describe({ sum: (a) => a }).paths)
  const quiet = serve(t, { openapi: false }, { sum: (a) => a })
  t.deepEqual(Object.keys(quiet.openapi().paths), ['/sum'])
  t.is(quiet.openapi().info.title, 'Functions')
  t.deepEqual(Object.keys(serve(t, { bigint: true }, (n) => n).openapi().paths), ['/{n}'])
  t.throws(() => server.openapi.call({}), { code: 'ERR_INVALID_THIS' })
})

test('the served document is that of openapi(), with the exact limits of int64', async (t) => {
  const server = serve(t, { openapi: { title: 'Sums' } }, { next: typed('(n: int64) => int64', (n) => n) })
  const { body } = await post(t, server, '/openapi.json', { method: 'GET' })
  t.deepEqual(JSON.parse(body), server.openapi())
  t.true(body.includes('"exclusiveMaximum":9223372036854775808'))
})

test("workers' functions are described like those of the main thread, and again after a reload", async (t) => {
  const described = path.join(__dirname, 'modules', 'described.js')
  const made = file(t, 'functions.js', `module.exports = require(${JSON.stringify(described)}).functions`)
  const server = serve(t, { workers: 1 }, made)
  t.deepEqual(server.openapi(), JSON.parse(textOf(describe(functions))))
  writeFileSync(made, 'exports.sum = (a, b) => a + b')
  await server.reload()
  t.deepEqual(Object.keys(server.openapi().paths), ['/sum'])
  const plain = serve(t, { workers: 1, bigint: true }, path.join(root, 'examples', 'fibonacci.js'))
  t.is(plain.openapi().paths['/{n}'].post.operationId, 'fibonacci')
})

test('invalid values of the option are refused with the reason', (t) => {
  const check = (openapi) => () => checkArguments({ openapi }, { sum: () => 1 })
  const servers = ['.', 'https://a.example/{v}']
  for (const openapi of [undefined, true, false, {}, { title: 'A', servers }]) t.notThrows(check(openapi))
  const wrong = [
    ['Sums', 'ERR_INVALID_ARG_TYPE', /"options\.openapi" argument must be of type boolean or an object.* \{ title \}/],
    [null, 'ERR_INVALID_ARG_TYPE', /options\.openapi/],
    [[], 'ERR_INVALID_ARG_TYPE', /options\.openapi/],
    [{ titel: 'A' }, 'ERR_INVALID_ARG_VALUE', /openapi has no option 'titel'\. Did you mean 'title'\?/],
    [{ version: 1 }, 'ERR_INVALID_ARG_TYPE', /options\.openapi\.version.*non-empty string.*quotes/],
    [{ title: '' }, 'ERR_INVALID_ARG_TYPE', /options\.openapi\.title.*non-empty string/],
    [{ servers: 'https://a.example' }, 'ERR_INVALID_ARG_TYPE', /options\.openapi\.servers.*array/],
    [{ servers: [] }, 'ERR_INVALID_ARG_VALUE', /from 1 to 100 servers/],
    [{ servers: [7] }, 'ERR_INVALID_ARG_TYPE', /options\.openapi\.servers\[0\]/],
    [{ servers: ['/', 'no url'] }, 'ERR_INVALID_ARG_VALUE', /options\.openapi\.servers\[1\] must have a URL/],
    [{ servers: [{ url: '/', name: 'a' }] }, 'ERR_INVALID_ARG_VALUE', /openapi\.servers has no option 'name'/],
    [{ servers: [{ url: '/', description: 1 }] }, 'ERR_INVALID_ARG_TYPE', /servers\[0\]\.description/]
  ]
  for (const [openapi, code, message] of wrong) t.throws(check(openapi), { code, message })
})
