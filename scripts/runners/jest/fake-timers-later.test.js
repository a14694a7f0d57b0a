'use strict'

const ringcall = require('ringcall')
const { ANSWERS, ENGINES, exercise } = require('../shared.js')

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

test.each(ENGINES)('%s: answers and closes while timers are fake', async (engine) => {
  expect((await exercise(ringcall, engine)).answers).toEqual(ANSWERS)
})
