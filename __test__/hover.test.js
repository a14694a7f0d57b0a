'use strict'

// What an editor shows of each name that the package exports, and of mistakes in a call.

const path = require('node:path')
const test = require('ava')
const ts = require('typescript')
const { root } = require('./helpers.js')

const files = ['index.d.ts', 'metrics.d.ts'].map((file) => path.join(root, file))
const program = ts.createProgram(files, { target: ts.ScriptTarget.ES2022, types: [] })
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
  'one beside options': ['serverListen({ port: 0 }, (n) => {})', /'void' is not assignable to type 'Reply/],
  'one with bigint': ['serverListen({ bigint: true }, (n) => {})', /'void' is not assignable to type 'Reply/],
  'a string for an answer': ["serverListen(0, (n) => '1')", /'string' is not assignable to type 'Reply/],
  'a handler of the wrong kind': ['serverListen({ bigint: true }, (n: number) => n)', /'bigint' is not assignable to/],
  'an option that does not exist': ['serverListen({ prot: 0 }, (n) => n)', /'prot' does not exist in type/],
  'one beside others': ["serverListen({ port: 0, hostname: '' }, (n) => n)", /'hostname' does not exist in type/],
  'an option of the wrong type': ["serverListen({ port: '0' }, (n) => n)", /'string' is not assignable to type 'number'/]
}

test('TypeScript tells of a mistake in a call what it is about, and of nothing else', (t) => {
  const names = Object.keys(mistakes).map((_, i) => path.join(root, `mistake-${i}.ts`))
  const options = { target: ts.ScriptTarget.ES2022, strict: true, noEmit: true, types: [] }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  const sources = Object.values(mistakes).map(([source]) => `import { serverListen } from './index.js'\n${source}\n`)
  host.fileExists = (name) => names.includes(name) || fileExists(name)
  host.getSourceFile = (name, ...more) => {
    const index = names.indexOf(name)
    return index < 0 ? getSourceFile(name, ...more) : ts.createSourceFile(name, sources[index], ...more)
  }
  const program = ts.createProgram(names, options, host)
  for (const [i, [what, [, expected]]] of Object.entries(mistakes).entries()) {
    const found = program.getSemanticDiagnostics(program.getSourceFile(names[i]))
    t.is(found.length, 1, what)
    t.regex(ts.flattenDiagnosticMessageText(found[0].messageText, '\n'), expected, what)
  }
})
