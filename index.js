'use strict'

const { typed } = require('./lib/functions.js')
const { probe } = require('./lib/probe.js')
const { reply } = require('./lib/reply.js')
const { serverListen } = require('./lib/server.js')

module.exports = { probe, reply, serverListen, typed }
