'use strict'

// The package on npm falls back to node:http if its binary does not load, and that would be measured instead.

const uws = require('uWebSockets.js')

if (!/\[native code\]/.test(uws.App)) throw new Error('the binary of uWebSockets.js does not load here')

module.exports = uws
