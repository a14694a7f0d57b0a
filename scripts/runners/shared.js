'use strict'

// Shared by the test files of both runners: a server and its client in one process, as in the tests of a user of the
// package.

const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')

const ENGINES = ['io_uring', 'node']

// Not fetch(), which waits for timers that may be fake.
async function post(server, n) {
  const request = http.request(`${server.url}/${n}`, { method: 'POST', agent: false }).end()
  const [response] = await once(request, 'response')
  let body = ''
  for await (const piece of response.setEncoding('utf8')) body += piece
  return body
}

// Handlers of each kind: their answers, and the errors that `onError` gets.
async function exercise({ serverListen }, engine) {
  const errors = []
  const handler = (n) => [n, Promise.resolve(n), BigInt(n), 'no integer'][n % 4]
  const onError = (error) => errors.push(error)
  const server = serverListen({ port: 0, host: '127.0.0.1', engine, onError }, handler)
  const answers = await Promise.all(Array.from({ length: 16 }, (_, n) => post(server, n)))
  await server.close({ timeout: 10_000 })
  return { answers, errors }
}

const ANSWERS = Array.from({ length: 16 }, (_, n) => (n % 4 < 3 ? String(n) : 'The function failed.\n'))

// The error that `serverListen` throws if the port is taken.
async function inUse({ serverListen }, engine) {
  const other = net.createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  try {
    return serverListen({ port: other.address().port, host: '127.0.0.1', engine }, (n) => n)
  } catch (error) {
    return error
  } finally {
    other.close()
  }
}

// A client, and the paths that it has sent requests to.
function clientThatCounts(client) {
  const sent = []
  const fetch = async (url) => {
    sent.push(new URL(url).pathname)
    return Response.json(null)
  }
  return { api: client('http://localhost', { fetch }), sent }
}

// A runner's acts on a value that differs from the expected one: it compares, prints and keeps it.
const LOOKS = {
  toBe: (expect, api) => expect(api).toBe(1),
  toEqual: (expect, api) => expect({ api }).toEqual({ api: { sum: 1 } }),
  toStrictEqual: (expect, api) => expect(api).toStrictEqual({}),
  toMatchObject: (expect, api) => expect({ api }).toMatchObject({ api: { sum: 1 } }),
  'an asymmetric matcher': (expect, api) => expect([api]).toEqual([expect.any(String)]),
  toContainEqual: (expect, api) => expect([api]).toContainEqual({ sum: 1 }),
  toMatch: (expect, api) => expect(api).toMatch(/sum/),
  toHaveLength: (expect, api) => expect(api).toHaveLength(1),
  toHaveBeenCalledWith: (expect, api, mock) => {
    mock(api)
    expect(mock).toHaveBeenCalledWith({ sum: 1 })
  },
  toThrow: (expect, api) => expect(() => { throw api }).toThrow('sum'),
  toMatchSnapshot: (expect, api) => expect(api).toMatchSnapshot()
}

module.exports = { ANSWERS, ENGINES, LOOKS, clientThatCounts, exercise, inUse, post }
