'use strict'

// Checks as one writes them by hand, for the servers that have none of their own. Each takes the parsed body, and
// returns the answer's JSON text, or undefined if the arguments do not fit.

const functions = require('../../functions')

const byName = new Map(Object.entries({
  sum(body) {
    if (!hasOnly(body, 2, 2) || !Number.isFinite(body.a) || !Number.isFinite(body.b)) return undefined
    return String(functions.sum(body.a, body.b))
  },
  greet(body) {
    if (!hasOnly(body, 1, 2) || typeof body.name !== 'string') return undefined
    if (Object.keys(body).length === 2 && typeof body.loud !== 'boolean') return undefined
    return JSON.stringify(functions.greet(body.name, body.loud))
  },
  price(body) {
    return hasOnly(body, 1, 1) && 'order' in body ? JSON.stringify(functions.price(body.order)) : undefined
  },
  priceLines(body) {
    return hasOnly(body, 1, 1) && 'order' in body ? JSON.stringify(functions.priceLines(body.order)) : undefined
  },
  total(body) {
    if (!hasOnly(body, 1, 1) || !Array.isArray(body.values)) return undefined
    const values = doubles(body.values)
    return values && String(functions.total(values))
  },
  busy(body) {
    return hasOnly(body, 1, 1) && Number.isSafeInteger(body.rounds) ? String(functions.busy(body.rounds)) : undefined
  },
  count(body) {
    return hasOnly(body, 1, 1) && typeof body.text === 'string' ? String(functions.count(body.text)) : undefined
  },
  repeat(body) {
    if (!hasOnly(body, 1, 1) || !Number.isSafeInteger(body.count)) return undefined
    return JSON.stringify(functions.repeat(body.count))
  }
}))

// Unknown names count as too many.
function hasOnly(body, fewest, most) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false
  const { length } = Object.keys(body)
  return length >= fewest && length <= most
}

function doubles(values) {
  const array = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) return undefined
    array[i] = values[i]
  }
  return array
}

// `a` and `b` are the segments of /sum/a/b.
function sumOfSegments(a, b) {
  const x = number(a)
  const y = number(b)
  return x === undefined || y === undefined ? undefined : String(functions.sum(x, y))
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function number(segment) {
  if (!NUMBER.test(segment)) return undefined
  const value = Number(segment)
  return Number.isFinite(value) ? value : undefined
}

// Only JSON media types are accepted, so that a page of another site needs a preflight to send one.
function isJson(contentType) {
  return contentType === 'application/json' || /^application\/json *;/i.test(contentType ?? '')
}

module.exports = { byName, isJson, sumOfSegments }
