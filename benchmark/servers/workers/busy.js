'use strict'

// One function, of as many rounds as are asked for.

module.exports = require('../../functions').busy
