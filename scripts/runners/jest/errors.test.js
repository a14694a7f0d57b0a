'use strict'

// Each test file of jest has its own globals: the package must throw errors of the file's `Error`, not of Node's.

const ringcall = require('ringcall')
const { ENGINES, exercise, inUse } = require('../shared.js')

describe.each(ENGINES)('%s', (engine) => {
  test('a wrong argument is a TypeError, or a RangeError', () => {
    expect(() => ringcall.serverListen({ port: '8000', engine }, (n) => n)).toThrow(TypeError)
    expect(() => ringcall.serverListen({ port: 65536, engine }, (n) => n)).toThrow(RangeError)
  })

  test('a port that is taken is an Error', async () => {
    const error = await inUse(ringcall, engine)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' })
  })

  test('onError gets a TypeError', async () => {
    const { errors } = await exercise(ringcall, engine)
    expect(errors).toHaveLength(4)
    for (const error of errors) expect(error).toBeInstanceOf(TypeError)
  })

  test('the signal of an AbortController closes the server', async () => {
    const controller = new AbortController()
    const server = ringcall.serverListen({ port: 0, engine, signal: controller.signal }, (n) => n)
    controller.abort()
    expect(server.listening).toBe(false)
    await server.close()
  })
})
