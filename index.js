'use strict'

const { probe } = require('./lib/probe.js')
const { serverListen } = require('./lib/server.js')

module.exports = { probe, serverListen }
