'use strict'

const test = require('ava')
const { load, runAll, watchfulHandler } = require('../conformance/suites.js')
const { assertServes, serve } = require('./helpers.js')

// Every case whole, byte by byte and in two halves; `node conformance/run.js --everywhere` cuts at every byte.
test('the cases of public HTTP/1.1 suites are answered on the wire as their files say', async (t) => {
  const { handler, forbidden } = watchfulHandler()
  const server = serve(t, {}, handler)
  const suites = load()
  await runAll({ host: '127.0.0.1', port: server.port }, suites)
  for (const { suite, cases } of suites) {
    t.true(cases.length > 0, suite)
    for (const { id, name, faults } of cases) t.deepEqual(faults, [], `${suite} ${id}: ${name}`)
  }
  t.deepEqual(forbidden, [], 'requests hidden in others, or sent after the last one, are not run')
  await assertServes(t, server)
})
