import { serverListen } from 'ringcall'
import { expect, test } from 'vitest'
import { ANSWERS, ENGINES, exercise } from '../shared.js'

test.each(ENGINES)('%s: answers and closes', async (engine) => {
  expect((await exercise({ serverListen }, engine)).answers).toEqual(ANSWERS)
})
