'use strict'

// What an editor shows of each name that the package exports, and of mistakes in a call.

const path = require('node:path')
const test = require('ava')
const ts = require('typescript')
const { root } = require('./helpers.js')

const options = { target: ts.ScriptTarget.ES2022, strict: true, noEmit: true, types: [] }
const { fileExists, getSourceFile, ...rest } = ts.createCompilerHost(options)
// The files of TypeScript's own library and ours, each parsed once.
const parsed = new Map()

function parse(name, ...more) {
  return parsed.get(name) ?? parsed.set(name, getSourceFile(name, ...more)).get(name)
}

const files = ['index.d.ts', 'metrics.d.ts', 'client.d.ts'].map((file) => path.join(root, file))
const program = ts.createProgram(files, options, { ...rest, fileExists, getSourceFile: parse })
const checker = program.getTypeChecker()
const text = (documented) => ts.displayPartsToString(documented.getDocumentationComment(checker))

for (const file of files) {
  const source = program.getSourceFile(file)
  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(source))) {
    test(`${path.basename(file)} says what ${symbol.name} is, and each of its members and overloads`, (t) => {
      const type = checker.getDeclaredTypeOfSymbol(symbol)
      const own = ({ declarations = [] }) => declarations.some((each) => files.includes(each.getSourceFile().fileName))
      const members = type.isClassOrInterface() ? type.getProperties().filter(own) : []
      for (const each of [symbol, ...members]) {
        const signatures = checker.getTypeOfSymbolAtLocation(each, source).getCallSignatures()
        const isFunction = ts.isFunctionLike(each.valueDeclaration) || ts.isMethodSignature(each.declarations[0])
        const documented = isFunction ? signatures : [each]
        t.true(documented.length > 0)
        for (const one of documented) t.regex(text(one), /[.:;)]$|`$/, `${symbol.name}.${each.name}`)
      }
    })
  }
}

const mistakes = {
  'a handler that returns nothing': ['serverListen(0, (n) => {})', /'void' is not assignable to type 'Reply/],
  'a void one beside options': ['serverListen({ port: 0 }, (n) => {})', /'void' is not assignable to type 'Reply/],
  'a void one with bigint': ['serverListen({ bigint: true }, (n) => {})', /'void' is not assignable to type 'Reply/],
  'a string for an answer': ["serverListen(0, (n) => '1')", /'string' is not assignable to type 'Reply/],
  'a handler of the wrong kind': ['serverListen({ bigint: true }, (n: number) => n)', /'bigint' is not assignable to/],
  'an option that does not exist': ['serverListen({ prot: 0 }, (n) => n)', /'prot' does not exist in type/],
  'a typo beside others': ["serverListen({ port: 0, hostname: '' }, (n) => n)", /'hostname' does not exist in type/],
  'an option of the wrong type': ["serverListen({ port: '0' }, (n) => n)", /'string' is not assignable to type 'number'/],
  'a function by name that returns nothing': ['serverListen(0, { sum: () => {} })', /'\(\) => void' is not assignable/],
  'workers without a module': ['serverListen({ workers: 4 }, { sum: () => 1 })', /'sum' does not exist in type 'URL'/],
  'a number of workers in a string': [
    "serverListen({ workers: '4' }, './a.js')", /'"4"' is not assignable to type 'number \| "auto"/
  ],
  'an option for modules that does not exist': ["serverListen({ worker: 4 }, './a.js')", /'worker' does not exist in type/],
  'an option of workers that does not exist': [
    "serverListen({ workerOptions: { enve: {} } }, './a.js')", /'enve' does not exist in type 'WorkerThreadOptions'/
  ],
  'no function by name': ['serverListen(0, { sum: 3 })', /'number' is not assignable to type '.*UndeclaredFunction'/],
  'a type that does not exist': [
    "typed('(a: integr) => int', (a) => a)", /"there is no type 'integr': it is one of int, number, .*, or a name in 'types'"/
  ],
  'a result that does not exist': ["typed('() => nubmer', () => 1)", /"there is no type 'nubmer': it is one of .* void, /],
  'an optional argument that is not last': [
    "typed('(a?: int, b: int) => int', (a, b) => b)", /"'b' is required after an optional argument"/
  ],
  'a signature without a result': ["typed('(a: int)', (a) => a)", /"after the arguments there must be '=>' and the type/],
  'a handler of another result': ["typed('() => int', () => '1')", /'string' is not assignable to type 'Returned<number>'/],
  'a handler of another parameter': ["typed('(a: int) => int', (a: string) => 1)", /'number' is not assignable to type 'string'/],
  'an option of typed that does not exist': ["typed('() => int', () => 1, { sumary: '' })", /'sumary' does not exist in type/],
  'a client of one plain function': ["client<(n: number) => number>('/')(1)", /"one plain function takes an integer in the path/],
  'an argument for a client that JSON cannot carry': [
    "client<{ at(when: Date): number }>('/').at(new Date())", /'Mistake<"JSON cannot carry this: take a string or a plain/
  ],
  'a function that a client does not have': ["client<{ sum(): number }>('/').sun()", /^Property 'sun' does not exist on type/],
  'a number that a client passes for an int64': [
    "const f = typed('(n: int64) => int64', (n) => n)\nclient<{ f: typeof f }>('/').f(1)", /of type 'number' .* type 'bigint'/
  ]
}

// Compiles sources that are not in files.
function compile(sources) {
  const names = sources.map((_, i) => path.join(root, `source-${i}.ts`))
  const host = {
    ...rest,
    fileExists: (name) => names.includes(name) || fileExists(name),
    getSourceFile(name, ...more) {
      const index = names.indexOf(name)
      return index < 0 ? parse(name, ...more) : ts.createSourceFile(name, sources[index], ...more)
    }
  }
  const program = ts.createProgram(names, options, host)
  const diagnostics = names.map((name) => program.getSemanticDiagnostics(program.getSourceFile(name)))
  return { program, diagnostics }
}

test('TypeScript says what a mistake in a call is about, and reports nothing else', (t) => {
  const imports = "import { serverListen, typed } from './index.js'\nimport { client } from './client.js'"
  const { diagnostics } = compile(Object.values(mistakes).map(([source]) => `${imports}\n${source}\n`))
  for (const [i, [what, [, expected]]] of Object.entries(mistakes).entries()) {
    const found = diagnostics[i]
    t.is(found.length, 1, what)
    t.regex(ts.flattenDiagnosticMessageText(found[0].messageText, '\n'), expected, what)
  }
})

// The compiler's instantiations are counted, as a time would depend on the machine.
const types = ['int', 'number', 'int64', 'boolean', 'string', 'json', 'bytes', 'int[]', 'number[]', 'string[]']
const functions = Array.from({ length: 300 }, (_, i) => {
  const declared = Array.from({ length: 5 }, (_, j) => `a${i}_${j}${j === 4 ? '?' : ''}: ${types[(i + j) % 10]}`)
  return `  f${i}: typed('(${declared.join(', ')}) => json', (a, b, c, d, e) => ({ a, b, c, d, e }))`
})

function assertQuick(t, source, instantiationsMax) {
  const [one, all] = [functions.slice(0, 1), functions].map((list) => compile([source(list)]))
  t.deepEqual([...one.diagnostics, ...all.diagnostics], [[], []])
  const each = (all.program.getInstantiationCount() - one.program.getInstantiationCount()) / 299
  t.log(`${each} instantiations a function`)
  t.true(each < instantiationsMax)
}

test('three hundred functions with five arguments each compile quickly', (t) => {
  const source = (list) => `import { serverListen, typed } from './index.js'\nserverListen(0, {\n${list.join(',\n')}\n})`
  assertQuick(t, source, 2000)
})

test('a client that calls each of three hundred functions compiles quickly', (t) => {
  const source = (list) => `
    import { typed } from './index.js'
    import { client } from './client.js'
    const functions = {\n${list.join(',\n')}\n}
    const api = client<typeof functions>('/')
    ${list.map((_, i) => `api.f${i}(undefined!, undefined!, undefined!, undefined!).then(({ a }) => a)`).join('\n')}`
  assertQuick(t, source, 3000)
})
