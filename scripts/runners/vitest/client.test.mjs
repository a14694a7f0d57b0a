import { client } from 'ringcall/client'
import { expect, test, vi } from 'vitest'
import { LOOKS, clientThatCounts } from '../shared.js'

test.each(Object.keys(LOOKS))('looking at a client sends nothing: %s', async (name) => {
  const { api, sent } = clientThatCounts(client)
  try {
    LOOKS[name](expect, api, vi.fn())
  } catch (error) {
    expect(error.message).toEqual(expect.any(String))
  }
  await new Promise(setImmediate)
  expect(sent).toEqual([])
})
