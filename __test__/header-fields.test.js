'use strict'

// Header arguments, and the request's fields that they are read from.

const test = require('ava')
const { typed } = require('..')
const { connect, serve } = require('./helpers.js')

test('header arguments are read from the fields of their names, or from those that `headers` names', async (t) => {
  const tell = typed('(xRequestID: header, hub: header, DNT?: header) => json', (...values) => values, {
    headers: { hub: 'X-Hub-Signature-256' }
  })
  const server = serve(t, {}, { tell })
  t.deepEqual(server.functions[0].arguments.map(({ field }) => field), ['x-request-id', 'x-hub-signature-256', 'dnt'])
  const client = await connect(t, server)
  const headers = { 'X-Request-ID': 'a', 'x-hub-signature-256': 'b', DNT: '1' }
  t.is((await client.send('/tell', { headers })).body, '["a","b","1"]')
  const { status, body } = await client.send('/tell', { headers: { 'X-Request-Id': 'a', Hub: 'b' } })
  t.is(status, 400)
  t.deepEqual(JSON.parse(body).errors.map(({ pointer }) => pointer), ['#/hub'])
})
