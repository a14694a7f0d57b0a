'use strict'

// client.mjs and client.js are made from lib/client.mjs, and small.

const { readFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { root } = require('./helpers.js')
const { makeClient } = require('../scripts/make-client.js')

const BYTES_MAX = 3072

const read = (name) => readFileSync(path.join(root, name), 'utf8')

test('they are up to date: node scripts/make-client.js makes them', async (t) => {
  for (const [name, text] of Object.entries(await makeClient())) t.is(read(name), text, name)
})

test('they have 3 KB at most', (t) => {
  for (const name of ['client.mjs', 'client.js']) t.true(Buffer.byteLength(read(name)) <= BYTES_MAX, name)
})
