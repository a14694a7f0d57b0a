'use strict'

// The functions that the tests of `ringcall/client` call, from Node.js, Bun, Deno and a browser.

const { reply, typed } = require('..')

const same = (value) => value
const echo = (type) => typed(`(value: ${type}) => ${type}`, same)
const types = ['int', 'number', 'int64', 'bigint', 'boolean', 'string', 'json', 'bytes']

const functions = {
  ...Object.fromEntries(types.map((type) => [type, echo(type)])),
  ints: echo('int[]'),
  numbers: echo('number[]'),
  int64s: echo('int64[]'),
  bigints: echo('bigint[]'),
  booleans: echo('boolean[]'),
  strings: echo('string[]'),
  text: typed('(value: string) => text', same),
  nothing: typed('(value: json) => void', same),
  sum: (a, b) => a + b,
  any: same,
  digits: (text) => BigInt(text),
  optional: typed('(a: int, b?: string, c?: int64, d?: json) => json', (a, b = '-', c = '-', d = '-') => (
    [a, b, c, d].map(String)
  )),
  // How a Uint8Array is sent depends on the other arguments.
  several: typed('(data: bytes, name?: string, more?: bytes) => json', (data, name = null, more = null) => (
    [[...data], name, more && [...more]]
  )),
  one: typed('(data?: bytes) => json', (data) => (data ? [...data] : null)),
  stored: typed('(xTenant: header, data: bytes, contentType?: header) => json', (tenant, data, type = null) => (
    [tenant, [...data], type]
  )),
  who: typed('(name: string, authorization: header, xTenant?: header) => json', (name, authorization, tenant = null) => (
    [name, authorization, tenant]
  )),
  refuse: typed('(status: int, message: string) => void', (statusCode, message) => {
    throw Object.assign(new Error(message), { statusCode, headers: { 'x-why': 'because' } })
  }),
  replied: typed('(status: int) => json', (status) => reply({ status }, { status })),
  ofType: typed('(type: string, value: bytes) => bytes', (type, value) => (
    reply(value, { headers: { 'content-type': type } })
  )),
  never: typed('() => void', () => new Promise(() => {})),
  // Names that functions and promises have themselves.
  call: (a) => ['call', a],
  apply: () => 'apply',
  bind: () => 'bind',
  name: () => 'name',
  length: () => 'length',
  inspect: () => 'inspect',
  default: () => 'default',
  $_1: () => '$_1'
}

module.exports = { functions }
