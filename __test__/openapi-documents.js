'use strict'

// The documents for others' tools to judge: of functions by name, of each type, and of one function at the root.

const { typed } = require('..')
const { tableOf, transferableTable } = require('../lib/functions.js')
const { openapiOf, textOf } = require('../lib/openapi/index.js')
const { functions } = require('./modules/described.js')

const served = {
  'functions by name': functions,
  'one declared function': typed('(a: int, b?: number) => json', (a) => a),
  'one plain function': function square(n) { return n * n }
}

// Their texts, by what they describe.
const documents = Object.fromEntries(Object.entries(served).map(([name, handler]) => (
  [name, textOf(openapiOf(transferableTable(tableOf(handler), handler)))]
)))

module.exports = { documents }
