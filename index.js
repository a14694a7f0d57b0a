'use strict'

const { serverListen } = require('./lib/server.js')

module.exports = { serverListen }
