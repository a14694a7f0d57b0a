'use strict'

// Regular expressions read bytes that strangers send. The time of one that backtracks over a long text grows faster
// than the text: then 64 KiB of zeros are enough to block the JavaScript thread for seconds.

const { readFileSync, readdirSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const ts = require('typescript')
const { root } = require('./helpers.js')

const LENGTH = 16 * 1024
// Far more than the slowest takes here, and far less than a quadratic one takes for its 130 million steps.
const MILLISECONDS = 25

function sources() {
  const inLib = readdirSync(path.join(root, 'lib'), { recursive: true }).map((name) => path.join('lib', name))
  return [...inLib, 'index.js', 'bin/ringcall.js'].filter((name) => name.endsWith('.js'))
}

function regexesOf(name) {
  const found = new Set()
  const file = ts.createSourceFile(name, readFileSync(path.join(root, name), 'utf8'), ts.ScriptTarget.Latest)
  const visit = (node) => {
    if (ts.isRegularExpressionLiteral(node)) found.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

// Each character of the expression's source, and some more, repeated, with another of them before and an end after it.
function* texts(source) {
  const letters = [...new Set([...source, ...'a0A% \n\r\u2028\0'])].filter((letter) => !'\\^$*+?'.includes(letter))
  for (const repeated of letters) {
    for (const before of ['', ...letters]) {
      for (const after of ['', 'x', '0', '\n', '\0']) yield before + repeated.repeat(LENGTH) + after
    }
  }
}

function milliseconds(regex, text) {
  regex.lastIndex = 0
  const start = performance.now()
  text.replace(regex, '')
  return performance.now() - start
}

for (const name of sources()) {
  for (const literal of regexesOf(name)) {
    test(`${name}: ${literal} takes time in proportion to the text`, (t) => {
      const end = literal.lastIndexOf('/')
      const regex = new RegExp(literal.slice(1, end), literal.slice(end + 1))
      for (const text of texts(regex.source)) {
        // The machine may be busy: an expression is slow only if it is slow each time.
        const isSlow = Array.from({ length: 5 }).every(() => milliseconds(regex, text) > MILLISECONDS)
        if (isSlow) t.fail(`slow on ${JSON.stringify(`${text.slice(0, 5)}…${text.slice(-5)}`)}`)
      }
      t.pass()
    })
  }
}
