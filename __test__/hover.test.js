'use strict'

// What an editor shows of each name that the package exports.

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
