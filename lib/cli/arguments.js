'use strict'

// Shared by the commands: parsing arguments, and failing.
//
// A failure ends the process at once, because a loaded module may have timers or servers that would keep it alive. By
// then stderr has been written, except to a pipe on Windows.

const { parseArgs } = require('node:util')
const { didYouMean, isOfWorkers } = require('../unknown-options.js')

// The values and positionals of a command line; nothing if it asked for `--help`, which is printed. `operand` is the
// argument that the command requires, such as `<module>`.
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

// The message of parseArgs, with the option that was probably meant.
function sentenceOf({ message }, names) {
  // Removes advice about operands that begin with a dash: the commands have none.
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

// A message of serverListen with the options named as flags, and without advice that only a JavaScript program can
// follow.
function inFlags(message, options) {
  const flags = new Map(Object.keys(options).map((name) => [camelCase(name), `--${name}`]))
  const ofCommand = message
    .replace(/ \((?:await its close\(\) |workerOptions\.).*?\)/, '')
    .replace(/ For no workers, .*/, ' For none, leave it out.')
  return ofCommand.replace(/\boptions\.(\w+)|`(\w+)`|(?<=')(\w+)(?=')|\b(\w+)(?= option\b)/g, (text, ...names) => {
    return flags.get(names.find((name) => name !== undefined)) ?? text
  })
}

// The command line is wrong. `command` is the subcommand whose help is suggested.
function misused(sentence, command) {
  const about = command === undefined ? 'ringcall' : `ringcall ${command}`
  end(`${sentence}\nSee \`${about} --help\`.`, 2)
}

// Whether it is the error of serverListen for a wrong option. The module's functions have been checked before.
function isMisuse({ code }) {
  return code === 'ERR_OUT_OF_RANGE' || code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE'
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

module.exports = { camelCase, end, fail, inFlags, isMisuse, misused, parse, printError }
