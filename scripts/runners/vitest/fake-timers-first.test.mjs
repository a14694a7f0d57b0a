import { expect, test, vi } from 'vitest'
import { ANSWERS, ENGINES, exercise } from '../shared.js'
import { FAKE } from './fake.mjs'

vi.useFakeTimers(FAKE)

test.each(ENGINES)('%s: answers and closes if timers were fake before it was loaded', async (engine) => {
  const { serverListen } = await import('ringcall')
  expect((await exercise({ serverListen }, engine)).answers).toEqual(ANSWERS)
})
