'use strict'

// The package on npm falls back to node:http where its binary does not load, and would be measured as that.

const uws = require('uWebSockets.js')

if (!/\[native code\]/.test(uws.App)) throw new Error('the binary of uWebSockets.js does not load here')

module.exports = uws
