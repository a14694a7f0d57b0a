'use strict'

// The functions of a module as routes, and the check of their argument, as one writes it by hand.

// [prefix of the path, name, function]; one function alone has neither prefix nor name.
function routesOf(functions) {
  if (typeof functions === 'function') return [['', undefined, functions]]
  return Object.entries(functions).map(([name, fn]) => [`/${name}`, name, fn])
}

// The integer in a segment of a path; undefined where there is none.
function integer(segment) {
  const n = Number(segment)
  return segment !== '' && Number.isSafeInteger(n) ? n : undefined
}

module.exports = { integer, routesOf }
