'use strict'

const { typed } = require('./lib/functions.js')
const { probe } = require('./lib/probe.js')
const { reply } = require('./lib/reply.js')
const { serverListen } = require('./lib/server.js')
const { fromWasm } = require('./lib/wasm/index.js')

module.exports = { fromWasm, probe, reply, serverListen, typed }
