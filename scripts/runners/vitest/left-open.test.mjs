import { serverListen } from 'ringcall'
import { expect, test } from 'vitest'
import { ENGINES, post } from '../shared.js'

test.each(ENGINES)('%s: an unreferenced server may be left open', async (engine) => {
  const server = serverListen({ port: 0, host: '127.0.0.1', engine }, (n) => n + 1).unref()
  expect(await post(server, 609)).toBe('610')
})
