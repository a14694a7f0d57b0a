'use strict'

// One function, of as many rounds as its argument says.

module.exports = require('../../functions').busy
