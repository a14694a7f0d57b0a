'use strict'

jest.useFakeTimers()

const ringcall = require('ringcall')
const { ANSWERS, ENGINES, exercise } = require('../shared.js')

test.each(ENGINES)('%s: answers and closes if timers were fake before it was loaded', async (engine) => {
  expect((await exercise(ringcall, engine)).answers).toEqual(ANSWERS)
})
