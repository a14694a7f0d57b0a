'use strict'

// The table of cases (cases/README.md) on functions of this thread.

const test = require('ava')
const { testCases } = require('./cases/ask.js')
const { files } = require('./cases/read.js')
const { functions, servers } = require('./cases/functions.js')
const { serve } = require('./helpers.js')
const { tableOf } = require('../lib/functions.js')

const BUILT_IN = new Set([
  'int', 'number', 'int32', 'float32', 'int64', 'bigint', 'boolean', 'string', 'json', 'bytes', 'header',
  'int[]', 'number[]', 'int64[]', 'bigint[]', 'boolean[]', 'string[]'
])

test('the functions as plain data are those of the servers', (t) => {
  const all = Object.entries(servers(() => {})).map(([name, { options, handler }]) => {
    const { isRoot, functions } = tableOf(handler)
    return [name, { options, isRoot, functions: functions.map(plain) }]
  })
  t.deepEqual(Object.fromEntries(all), functions)
})

function plain({ name, isDeclared, fewest, arguments: declared = [] }) {
  return {
    name,
    isDeclared,
    fewest,
    arguments: declared.map(({ name, type, isOptional, field }) => (
      { name, type: BUILT_IN.has(type) ? type : 'json', isOptional, ...(field && { field }) }
    ))
  }
}

test('there are many cases, and each has a name of its own', (t) => {
  const names = files().flatMap(({ cases }) => cases.map(({ name }) => name))
  t.true(names.length >= 400)
  t.is(new Set(names).size, names.length)
})

testCases(test, (t, name, onError) => {
  const calls = []
  const { options, handler } = servers((...call) => calls.push(call))[name]
  return { running: serve(t, { ...options, onError }, handler), calls, async noted() {} }
})
