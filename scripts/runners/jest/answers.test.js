'use strict'

const ringcall = require('ringcall')
const { ANSWERS, ENGINES, exercise } = require('../shared.js')

test.each(ENGINES)('%s: answers and closes', async (engine) => {
  expect((await exercise(ringcall, engine)).answers).toEqual(ANSWERS)
})
