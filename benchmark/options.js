'use strict'

// The values that the command lines here take.

function positive(text, option) {
  const n = Number(text)
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`${option} takes a positive integer, not ${text}`)
  return n
}

function pick(text, table, option, groups = {}) {
  const names = text === 'all' ? Object.keys(table) : text.split(',').flatMap((name) => groups[name] ?? name)
  return names.map((name) => {
    if (Object.hasOwn(table, name)) return [name, table[name]]
    throw new Error(`${option} takes ${list({ ...table, ...groups })} or all, not ${name}`)
  })
}

function list(table) {
  return Object.keys(table).join(', ')
}

module.exports = { list, pick, positive }
