'use strict'

// Ten seconds of `npm run soak`, whose twenty minutes are for a person to run.

const test = require('ava')
const { ringThreads, start } = require('./helpers.js')

test('ten seconds of honest and hostile clients: nothing is wrong, lost or left over, and it closes', async (t) => {
  const child = start(t, ['soak/soak.js', '--minutes', '0.17', '--ring-threads', String(ringThreads)])
  for (let line; line !== 'passed' && line !== 'FAILED';) t.log((line = await child.line()))
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})
