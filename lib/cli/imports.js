'use strict'

// Which files a module consists of: its own file, and the files that each of them imports or requires by a path. They
// are found by reading the sources. That works the same in every version of Node.js, and also for a module that does
// not load yet.
//
// It misses what is known only at run time: computed paths, files that a loader resolves, files that are read as data.
// Packages are skipped, because they are many and rarely change.

const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')

const FILES_MAX = 10_000

const SOURCE = /\.[cm]?[jt]sx?$/

// `import './a.js'`, `from './a.js'`, `import('./a.js')` and `require('./a')`. One in a comment matches too, which does
// no harm.
const IMPORT = /\b(?:from|import|require)\b\s*(?:\(\s*)?(['"])([./#][^'"\n]*)\1/g

// Calls `see` with each file's path right before it reads the file, which may not exist yet.
function eachFile(entry, see) {
  const files = new Set([entry])
  // The loop also visits the files that it adds.
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
    // The file does not exist, or is just being replaced.
    return ''
  }
}

// If there is no such file, the path at which it may appear later.
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
