'use strict'

// The limits of what functions by name take, which the engines, the declarations and the description share. `src/values`
// has the same ones.

module.exports = {
  // Of a function that is declared, and of one that is not.
  DECLARED_ARGUMENTS_MAX: 32,
  UNDECLARED_ARGUMENTS_MAX: 64,
  // Making a bigint takes more time than in proportion to its digits.
  BIGINT_DIGITS_MAX: 4096,
  INT32_MAX: 2 ** 31 - 1,
  // The greatest number of 32 bits.
  FLOAT32_MAX: (2 - 2 ** -23) * 2 ** 127
}
