'use strict'

// What the commands share: their arguments, and how they fail.

const { parseArgs } = require('node:util')

// The values and positionals of a command line, or nothing where it was about `--help` or is wrong: then that is told.
function parse(args, { usage, options, positionals: [min, max] = [0, 0] }) {
  let parsed
  try {
    const help = { type: 'boolean', short: 'h' }
    parsed = parseArgs({ args, options: { ...options, help }, allowPositionals: true })
  } catch (error) {
    return misused(error.message, usage)
  }
  if (parsed.values.help) return void console.log(usage)
  const { length } = parsed.positionals
  if (length < min) return misused('Something is missing.', usage)
  if (length > max) return misused(`Nothing is to be done with ${JSON.stringify(parsed.positionals[max])}.`, usage)
  return parsed
}

function misused(sentence, usage) {
  console.error(`ringcall: ${sentence}\n\n${usage}`)
  process.exitCode = 2
}

function fail(sentence) {
  console.error(`ringcall: ${sentence}`)
  process.exitCode = 1
}

module.exports = { fail, parse }
