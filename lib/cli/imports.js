'use strict'

// Which files a module is made of: its own and, read from their sources, those that each of them imports or requires by
// a path. That is the same in every version of Node.js, and it finds what cannot be loaded yet, too.
//
// What is there only when the program runs is not found: a path that is computed, what a loader makes of one, a file
// that is read. Nor are packages, which are many and change seldom.

const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')

const FILES_MAX = 10_000

const SOURCE = /\.[cm]?[jt]sx?$/

// `import './a.js'`, `from './a.js'`, `import('./a.js')` and `require('./a')`; in a comment, too, which does no harm.
const IMPORT = /\b(?:from|import|require)\b\s*(?:\(\s*)?(['"])([./#][^'"\n]*)\1/g

// Calls `see` with each file's path, right before the file is read; there may be none yet.
function eachFile(entry, see) {
  const files = new Set([entry])
  // Those that are added are come to, too.
  for (const file of files) {
    see(file)
    for (const imported of importsOf(file)) {
      if (files.size < FILES_MAX) files.add(imported)
    }
  }
}

function importsOf(file) {
  if (!SOURCE.test(file) || isOfPackage(file)) return []
  const require = createRequire(file)
  return [...sourceOf(file).matchAll(IMPORT)].flatMap(([, , specifier]) => find(require, file, specifier) ?? [])
}

function sourceOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // It is not there, or is just being replaced.
    return ''
  }
}

// Where there is no such file, the path at which there may be one later.
function find(require, file, specifier) {
  let found
  try {
    found = require.resolve(specifier)
  } catch {
    found = specifier.startsWith('#') ? undefined : path.resolve(path.dirname(file), specifier)
  }
  return found === undefined || !path.isAbsolute(found) || isOfPackage(found) ? undefined : found
}

function isOfPackage(file) {
  return file.split(path.sep).includes('node_modules')
}

module.exports = { eachFile }
