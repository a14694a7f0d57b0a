'use strict'

// What the commands share: their arguments, and how they fail.
//
// A failure ends the process at once: a module that was loaded may hold timers or servers, which would keep it. What is
// written to stderr is there by then, except in a pipe on Windows.

const { parseArgs } = require('node:util')
const { didYouMean, isOfWorkers } = require('../unknown-options.js')

// The values and positionals of a command line, or nothing where it was about `--help`: then that is told.
// `operand` is what the command needs to be told without an option, such as `<module>`.
function parse(args, { command, usage, options, operand }) {
  const known = { ...options, help: { type: 'boolean', short: 'h' } }
  let parsed
  try {
    parsed = parseArgs({ args, options: known, allowPositionals: true })
  } catch (error) {
    return misused(sentenceOf(error, Object.keys(known)), command)
  }
  if (parsed.values.help) return void console.log(usage)
  const { positionals } = parsed
  const [count, unexpected] = operand === undefined ? [0, positionals[0]] : [1, positionals[1]]
  if (count > 0 && !positionals[0]) return misused(`${operand} is missing.`, command)
  if (unexpected !== undefined) return misused(`unexpected argument ${JSON.stringify(unexpected)}.`, command)
  return parsed
}

const OF_WORKERS =
  'It is one of the `workerOptions`, which only serverListen takes: call that in a file of your own.'

// What parseArgs says, with the option that was meant.
function sentenceOf({ message }, names) {
  // What follows is about names that begin with a dash, of which there are none.
  const sentence = message.replace(/\. To specify a positional .*$/s, '.').replaceAll('\n', ' ')
  const [, unknown] = /^Unknown option '--(.*)'\.$/s.exec(sentence) ?? []
  if (unknown === undefined) return sentence
  const flags = new Map(names.map((name) => [camelCase(name), `--${name}`]))
  if (names.includes('workers') && isOfWorkers(camelCase(unknown))) return `${sentence} ${OF_WORKERS}`
  const advice = didYouMean(camelCase(unknown), [...flags.keys()], (name) => flags.get(name))
  return advice === undefined ? sentence : `${sentence} ${advice}`
}

function camelCase(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())
}

// A message of serverListen's, with the names that the options have here, and without what only JavaScript can do.
function inFlags(message, options) {
  const flags = new Map(Object.keys(options).map((name) => [camelCase(name), `--${name}`]))
  const ofCommand = message
    .replace(/ \((?:await its close\(\) |workerOptions\.).*?\)/, '')
    .replace(/ For no workers, .*/, ' For none, leave it out.')
  return ofCommand.replace(/\boptions\.(\w+)|`(\w+)`|(?<=')(\w+)(?=')|\b(\w+)(?= option\b)/g, (text, ...names) => {
    return flags.get(names.find((name) => name !== undefined)) ?? text
  })
}

// The command line is wrong: `command` is the one that it is about.
function misused(sentence, command) {
  const about = command === undefined ? 'ringcall' : `ringcall ${command}`
  end(`${sentence}\nSee \`${about} --help\`.`, 2)
}

function fail(sentence) {
  end(sentence, 1)
}

function end(text, code) {
  printError(text)
  process.exit(code)
}

function printError(text) {
  console.error(`ringcall: ${text}`)
}

module.exports = { camelCase, end, fail, inFlags, misused, parse, printError }
