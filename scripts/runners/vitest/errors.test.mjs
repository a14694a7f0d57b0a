import { serverListen } from 'ringcall'
import { describe, expect, test } from 'vitest'
import { ENGINES, exercise, inUse } from '../shared.js'

describe.each(ENGINES)('%s', (engine) => {
  test('a wrong argument is a TypeError, or a RangeError', () => {
    expect(() => serverListen({ port: '8000', engine }, (n) => n)).toThrow(TypeError)
    expect(() => serverListen({ port: 65536, engine }, (n) => n)).toThrow(RangeError)
  })

  test('a port that is taken is an Error', async () => {
    const error = await inUse({ serverListen }, engine)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' })
  })

  test('onError gets a TypeError', async () => {
    const { errors } = await exercise({ serverListen }, engine)
    expect(errors).toHaveLength(4)
    for (const error of errors) expect(error).toBeInstanceOf(TypeError)
  })
})
