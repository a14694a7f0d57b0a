'use strict'

// Reads integers from their digits, so that what a double would round is exact or refused.

const { BIGINT_DIGITS_MAX, INT32_MAX } = require('../../limits.js')

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

const DIGITS = /^-?\d+$/
const EXPONENT = /[eE]\+?(\d+)$/
const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

// Each function takes digits, with or without a sign and leading zeros, or a JSON number with an integral value, such
// as `3.0` or `3e0`. It returns the integer, undefined if it is none, and null if it is too large.

function intOf(text) {
  const digits = digitsOf(text, 16)
  if (!digits) return digits
  const n = Number(digits) + 0 // -0 becomes 0.
  return Number.isSafeInteger(n) ? n : null
}

function int32Of(text) {
  const n = intOf(text)
  return Number.isInteger(n) && n >= -INT32_MAX - 1 && n <= INT32_MAX ? n : null
}

function int64Of(text) {
  const digits = digitsOf(text, 19)
  if (!digits) return digits
  const n = BigInt(digits)
  return n >= INT64_MIN && n <= INT64_MAX ? n : null
}

function bigintOf(text) {
  const digits = digitsOf(text, BIGINT_DIGITS_MAX)
  return digits ? BigInt(digits) : digits
}

// How many digits a bigint has beyond the characters of its JSON number.
function addedDigitsOf(number) {
  const exponent = Number(EXPONENT.exec(number)?.[1] ?? 0)
  return exponent > BIGINT_DIGITS_MAX ? 0 : Math.max(0, exponent + 1 - number.length)
}

function isDigits(text) {
  return DIGITS.test(text)
}

// The sign and at most `max` digits without leading zeros.
function digitsOf(text, max) {
  if (isDigits(text)) {
    const sign = text[0] === '-' ? '-' : ''
    return sized(sign, withoutZeros(text.slice(sign.length)), 0, max)
  }
  const [all, sign, whole, fraction = '', exponent = '0'] = NUMBER.exec(text) ?? []
  if (all === undefined) return undefined
  return sized(sign, withoutZeros(whole + fraction), Number(exponent) - fraction.length, max)
}

// The digits with `exponent` zeros appended, or as many digits removed.
function sized(sign, digits, exponent, max) {
  if (digits === '0') return '0'
  if (digits.length + exponent > max) return null
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent)
  const end = digits.length + exponent
  for (let i = Math.max(end, 0); i < digits.length; i++) if (digits[i] !== '0') return undefined
  return sign + digits.slice(0, end)
}

function withoutZeros(digits) {
  let start = 0
  while (start < digits.length - 1 && digits[start] === '0') start++
  return digits.slice(start)
}

module.exports = { addedDigitsOf, bigintOf, int32Of, int64Of, intOf, isDigits }
