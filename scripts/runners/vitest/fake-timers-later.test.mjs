import { serverListen } from 'ringcall'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ANSWERS, ENGINES, exercise } from '../shared.js'
import { FAKE } from './fake.mjs'

beforeEach(() => void vi.useFakeTimers(FAKE))
afterEach(() => void vi.useRealTimers())

test.each(ENGINES)('%s: answers and closes while timers are fake', async (engine) => {
  expect((await exercise({ serverListen }, engine)).answers).toEqual(ANSWERS)
})
