'use strict'

// The options for workers: the module in the handler's place, the number of threads, and how they are started.
// index.d.ts documents the defaults.

const { availableParallelism } = require('node:os')
const path = require('node:path')
const { fileURLToPath, pathToFileURL } = require('node:url')
const { SHARE_ENV } = require('node:worker_threads')
const { cureOfText, describe, invalidArgument, invalidType, outOfRange } = require('../errors.js')
const { refuseUnknown } = require('../unknown-options.js')

const WORKERS_MAX = 1024
const LOAD_TIMEOUT = 30_000
const LOAD_TIMEOUT_MAX = 2 ** 31 - 1

const WORKER_OPTIONS = { whose: 'workerOptions', argument: 'options.workerOptions', expected: 'an object of options' }
const RESOURCE_LIMITS = {
  whose: 'workerOptions.resourceLimits',
  argument: 'options.workerOptions.resourceLimits',
  expected: 'an object of numbers'
}

// In MiB. With less, Node.js does not start the thread, or ends the process.
const LIMITS = {
  maxOldGenerationSizeMb: [8, 2 ** 20],
  maxYoungGenerationSizeMb: [1, 2 ** 20],
  codeRangeSizeMb: [1, 1024],
  stackSizeMb: [1, 1024]
}

const HOW =
  "serverListen({ port: 8000, workers: 4 }, new URL('./functions.js', import.meta.url)), or in CommonJS " +
  "path.join(__dirname, 'functions.js')."

// The module's URL as text; undefined if the value is not a module. A path is relative to the working directory, as in
// `new Worker`.
function moduleOf(value) {
  if (typeof value === 'string') return pathToFileURL(checkPath(value)).href
  if (!isURL(value)) return undefined
  if (value.protocol === 'file:') return pathToFileURL(fileURLToPath(value.href)).href
  throw invalidArgument(`A module's URL must be one of a file: file:///functions.js. Received one of ${value.protocol}`)
}

// Whether it can only be meant as a module, not as a host, for example.
function isModuleLike(value) {
  return isURL(value) || (typeof value === 'string' && /^\.{0,2}[/\\]|^file:|\.(?:[cm]?[jt]sx?|wasm)$/.test(value))
}

// Works for objects of any realm.
function isURL(value) {
  const isObject = value !== null && typeof value === 'object'
  return isObject && typeof value.href === 'string' && typeof value.protocol === 'string'
}

function checkPath(value) {
  if (path.isAbsolute(value) || /^\.\.?[/\\]/.test(value)) return path.resolve(value)
  throw invalidArgument(
    `A module's path must be absolute, or begin with ./ or ../. Received ${JSON.stringify(value.slice(0, 99))}. ` +
      cureOfPath(value)
  )
}

function cureOfPath(value) {
  if (value === '') return 'Was it made from an empty variable?'
  if (value === '.' || value === '..') return `Write "${value}/" for that folder's index.js.`
  if (/^~[/\\]/.test(value)) return 'Only shells know ~: path.join(os.homedir(), …) is such a path.'
  return /^file:/.test(value) ? 'Wrap it in `new URL()`.' : `Write ${JSON.stringify(`./${value}`)} if it is one.`
}

// Functions run in the thread that passed them, so these options do not apply to them, nor to any other value.
function refuseWorkers(options, value) {
  const name = ['workers', 'workerOptions', 'only'].find((each) => options[each] !== undefined)
  if (name === undefined) return
  const areFunctions = typeof value === 'function' || Object.values(value).some((each) => typeof each === 'function')
  const passed = areFunctions
    ? "functions were passed, which can't leave their thread. Pass the module that exports them"
    : `${describe(value)} was passed. Pass the module's URL or path itself`
  throw invalidArgument(`The option '${name}' is for a module, which each worker loads, and ${passed}: ${HOW}`)
}

function checkWorkers(value = 'auto', ringThreads) {
  if (value === 'auto') return Math.max(1, availableParallelism() - ringThreads)
  if (typeof value !== 'number') {
    throw invalidType('options.workers', "of type number, or 'auto'", value, cureOfText(value))
  }
  if (Number.isInteger(value) && value >= 1 && value <= WORKERS_MAX) return value
  const cure = value === 0 ? 'For no workers, pass the functions themselves: serverListen(8000, { sum }).' : undefined
  throw outOfRange('options.workers', `an integer >= 1 and <= ${WORKERS_MAX}, or 'auto'`, value, cure)
}

function checkWorkerOptions(options = {}) {
  if (options === null || typeof options !== 'object') {
    throw invalidType(WORKER_OPTIONS.argument, WORKER_OPTIONS.expected, options)
  }
  const { env, argv, execArgv, resourceLimits, workerData, loadTimeout } = options
  const checked = {
    env: checkEnv(env),
    argv: array(argv, 'argv'),
    execArgv: array(execArgv, 'execArgv'),
    resourceLimits: checkResourceLimits(resourceLimits),
    workerData: cloneable(workerData),
    loadTimeout: checkLoadTimeout(loadTimeout)
  }
  refuseUnknown(options, Object.keys(checked), WORKER_OPTIONS)
  return checked
}

function checkEnv(value) {
  if (value === undefined || value === SHARE_ENV) return value
  if (value === null || typeof value !== 'object') {
    throw invalidType('options.workerOptions.env', 'an object, or SHARE_ENV of node:worker_threads', value)
  }
  return { ...value }
}

function array(value, name) {
  if (value === undefined) return undefined
  const place = `options.workerOptions.${name}`
  if (!Array.isArray(value)) throw invalidType(place, 'an array of strings', value)
  const wrong = value.findIndex((each) => typeof each !== 'string')
  if (wrong !== -1) throw invalidType(`${place}[${wrong}]`, 'of type string', value[wrong])
  return [...value]
}

function checkResourceLimits(limits) {
  if (limits === undefined) return undefined
  if (limits === null || typeof limits !== 'object') {
    throw invalidType(RESOURCE_LIMITS.argument, RESOURCE_LIMITS.expected, limits)
  }
  refuseUnknown(limits, Object.keys(LIMITS), RESOURCE_LIMITS)
  return Object.fromEntries(Object.entries(limits).map(([name, value]) => {
    const [min, max] = LIMITS[name]
    const place = `${RESOURCE_LIMITS.argument}.${name}`
    if (value === undefined) return [name, undefined]
    if (typeof value !== 'number') throw invalidType(place, 'of type number', value, cureOfText(value))
    // False for NaN as well.
    if (!(value >= min && value <= max)) throw outOfRange(place, `>= ${min} and <= ${max}, in MiB`, value)
    return [name, value]
  }))
}

function cloneable(value) {
  try {
    structuredClone(value)
  } catch ({ message }) {
    throw invalidArgument(
      `options.workerOptions.workerData is cloned for each worker, and can't be: ${message.replace(/\.?$/, '.')} ` +
        'Pass plain data.'
    )
  }
  return value
}

function checkLoadTimeout(value = LOAD_TIMEOUT) {
  const place = 'options.workerOptions.loadTimeout'
  if (typeof value !== 'number') throw invalidType(place, 'a number of milliseconds', value, cureOfText(value))
  if (Number.isInteger(value) && value >= 1 && value <= LOAD_TIMEOUT_MAX) return value
  throw outOfRange(place, `an integer >= 1 and <= ${LOAD_TIMEOUT_MAX}`, value)
}

module.exports = { checkWorkerOptions, checkWorkers, isModuleLike, moduleOf, refuseWorkers }
