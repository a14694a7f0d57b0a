'use strict'

// The functions of a module as routes, and a hand-written check of their argument.

// [prefix of the path, name, function]; a single function has neither prefix nor name.
function routesOf(functions) {
  if (typeof functions === 'function') return [['', undefined, functions]]
  return Object.entries(functions).map(([name, fn]) => [`/${name}`, name, fn])
}

// The integer in a segment of a path; undefined if there is none.
function integer(segment) {
  const n = Number(segment)
  return segment !== '' && Number.isSafeInteger(n) ? n : undefined
}

module.exports = { integer, routesOf }
