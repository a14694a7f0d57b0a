'use strict'

const { client } = require('ringcall/client')
const { LOOKS, clientThatCounts } = require('../shared.js')

test.each(Object.keys(LOOKS))('looking at a client sends nothing: %s', async (name) => {
  const { api, sent } = clientThatCounts(client)
  try {
    LOOKS[name](expect, api, jest.fn())
  } catch (error) {
    expect(error.message).toEqual(expect.any(String))
  }
  await new Promise(setImmediate)
  expect(sent).toEqual([])
})
