'use strict'

// What the commands share: their arguments, and how they fail.

const { parseArgs } = require('node:util')

// The values and positionals of a command line, or nothing where it was about `--help` or is wrong: then that is told.
// `operand` is what the command needs to be told without an option, such as `<module>`.
function parse(args, { usage, options, operand }) {
  let parsed
  try {
    const help = { type: 'boolean', short: 'h' }
    parsed = parseArgs({ args, options: { ...options, help }, allowPositionals: true })
  } catch (error) {
    // What follows is about names that begin with a dash, of which there are none.
    return misused(error.message.replace(/\. To specify a positional .*$/s, '.'), usage)
  }
  if (parsed.values.help) return void console.log(usage)
  const { positionals } = parsed
  const [count, unexpected] = operand === undefined ? [0, positionals[0]] : [1, positionals[1]]
  if (positionals.length < count) return misused(`${operand} is missing.`, usage)
  if (unexpected !== undefined) return misused(`unexpected argument ${JSON.stringify(unexpected)}.`, usage)
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

module.exports = { fail, misused, parse }
