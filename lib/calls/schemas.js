'use strict'

// Runs the Standard Schemas (https://standardschema.dev) of a call's arguments, right before the call.

const { ENTRIES_MAX, pointerTo } = require('../answers/problems.js')
const { isThenable } = require('./promises.js')

const MESSAGE_LENGTH_MAX = 200

// Undefined for a function without schemas; otherwise { args }, { errors }, or a promise of one of them. Errors that a
// schema throws are thrown on. An absent optional argument is not checked.
function applySchemas(fn, args, isByName) {
  const results = []
  let hasSchemas = false
  let isAsync = false
  let position = 0
  for (const [i, { name, type, schema }] of fn.arguments.entries()) {
    const key = isByName || type === 'header' ? name : position
    if (type !== 'header') position++
    if (schema === undefined) continue
    hasSchemas = true
    if (args[i] === undefined) continue
    const result = isAsync ? validateLater(schema, args[i]) : schema['~standard'].validate(args[i])
    isAsync ||= isThenable(result)
    results.push({ i, key, result })
  }
  if (!hasSchemas) return undefined
  return isAsync ? concludeLater(args, results) : conclude(args, results)
}

// An error becomes a rejection, because an earlier schema's promise may still reject and needs a listener.
async function validateLater(schema, value) {
  return schema['~standard'].validate(value)
}

async function concludeLater(args, results) {
  const settled = await Promise.all(results.map(({ result }) => result))
  return conclude(args, results.map((each, at) => ({ ...each, result: settled[at] })))
}

function conclude(args, results) {
  const checked = [...args]
  const errors = []
  for (const { i, key, result: { issues, value } } of results) {
    checked[i] = value
    for (const { message, path = [] } of issues ?? []) {
      if (errors.length === ENTRIES_MAX) break
      const keys = Array.from(path, (each) => (Object(each) === each ? each.key : each))
      const detail = String(message).slice(0, MESSAGE_LENGTH_MAX).toWellFormed()
      errors.push({ pointer: pointerTo([key, ...keys]), detail })
    }
  }
  return errors.length > 0 ? { errors } : { args: checked }
}

module.exports = { applySchemas }
