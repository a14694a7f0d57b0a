'use strict'

// The limits of the arguments of functions by name. The engines, the declarations and the description share them.
// `src/values` has the same ones, which a test compares.

module.exports = {
  // The most arguments of a declared function, and of an undeclared one.
  DECLARED_ARGUMENTS_MAX: 32,
  UNDECLARED_ARGUMENTS_MAX: 64,
  // The time to make a bigint grows faster than its number of digits.
  BIGINT_DIGITS_MAX: 4096,
  INT32_MAX: 2 ** 31 - 1,
  // The largest finite 32-bit float.
  FLOAT32_MAX: (2 - 2 ** -23) * 2 ** 127
}
