'use strict'

// What several parts of the document call the same.

// Code generators make one class of a tag's operations.
const TAG = 'functions'

module.exports = { TAG }
