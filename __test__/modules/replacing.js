'use strict'

// Replaces the globals of its thread, and has functions. `__test__/globals.test.js` serves it.

const { setTimeout: delay } = require('node:timers/promises')
const { typed } = require('../../index.js')

const refuse = () => {
  throw new Error('It was replaced.')
}

for (const name of Object.getOwnPropertyNames(Atomics)) Atomics[name] = refuse
JSON.parse = JSON.stringify = refuse
for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'queueMicrotask']) {
  globalThis[name] = refuse
}
for (const name of ['Atomics', 'JSON', 'Promise', 'SharedArrayBuffer', 'structuredClone']) globalThis[name] = refuse
require.extensions['.js'] = refuse

module.exports = {
  same: typed('(a: json, b: string, c: string[]) => json', (a, b, c) => [a, b, c]),
  undeclared: (...args) => args,
  length: typed('(a: bytes) => string', (a) => `"${a.length}"`),
  async later(...args) {
    await delay(1)
    return args
  },
  fail() {
    throw new RangeError('no')
  }
}
