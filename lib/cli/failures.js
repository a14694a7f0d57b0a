'use strict'

// How `ringcall serve` prints failures of functions, of workers, and of modules that do not load.

const path = require('node:path')
const { inspect } = require('node:util')
const { printable } = require('../errors.js')
const { ROOT } = require('../native.js')
const { cureOfExit } = require('../workers/load-errors.js')
const { printError } = require('./arguments.js')

// How arguments are shown.
const BRIEFLY = { breakLength: Infinity, depth: 2, maxArrayLength: 10, maxStringLength: 100 }

const LINE_LENGTH_MAX = 1000

// A position in a file, on the first line of a syntax error's stack or in a stack frame.
const PLACE = /(?:^|\(| at )((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*:\d+)\)?$/

// The user of the command has no other way to hear of failures. `call` is an object except for a plain function: there
// it is the integer, or undefined if the integer was lost. `tables` are the current functions and those that were
// served when the call may have begun.
function printFailure(error, call, tables) {
  let what = call === undefined ? 'the function failed' : `the function failed for ${call}`
  if (typeof call === 'object') what = `${callText(call, tables, error)} failed`
  printError(`${what}: ${textOf(error)}`)
}

// Header fields may be secrets, and others read logs, so they are not printed. If the worker died, the arguments may be
// lost.
function callText({ function: name, arguments: values }, tables, error) {
  const declared = tables.flatMap((functions) => functions.filter((fn) => fn.name === name))
  const areLost = error?.code === 'ERR_WORKER_DIED' && values.length === 0
  if (declared.length === 0 || areLost) return `${name}(…)`
  const texts = values.map((value, i) => {
    const header = declared.map((fn) => fn.arguments[i]).find((argument) => argument?.type === 'header')
    return header === undefined ? inspect(value, BRIEFLY) : `<${header.field}>`
  })
  return `${name}(${texts.join(', ')})`
}

function printWorkerExit({ error, exitCode, restartIn }) {
  const next = restartIn === null ? '' : `; the next one starts in ${restartIn} ms`
  printError(`a worker has ended${next}: ${error === null ? `its exit code is ${exitCode}.` : textOf(error)}`)
  const cure = cureOfExit(error)
  if (cure !== undefined) printError(cure)
}

// With the stack, unless the error was made by ringcall: its stack would help nobody. Why a worker has ended is printed
// on a line of its own.
function textOf(error) {
  if (error?.code === 'ERR_WORKER_DIED') return error.message.split(' The reason is ', 1)[0]
  return typeof error?.code === 'string' && error.code.startsWith('ERR_WORKER_') ? error.message : printable(error)
}

// The error on one line, with its position in a file if that is known.
function summaryOf(error) {
  if (!(error instanceof Error)) return lineOf(printable(error))
  const line = lineOf(String(error))
  const place = placeOf(error)
  return place === undefined ? line : `${line} (${place})`
}

function lineOf(text) {
  return text.split('\n', 1)[0].slice(0, LINE_LENGTH_MAX)
}

// Skips the frames of ringcall itself.
function placeOf({ stack }) {
  const places = String(stack).split('\n').map((line) => PLACE.exec(line.slice(0, LINE_LENGTH_MAX))?.[1])
  return places.find((place) => place !== undefined && !place.includes(path.join(ROOT, 'lib')))
}

module.exports = { summaryOf, printWorkerExit, printFailure }
