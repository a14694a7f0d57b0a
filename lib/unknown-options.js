'use strict'

// Refuses options that do not exist and suggests the one that was meant. An ignored option could leave a server on
// another port or address than its user believes.

const { invalidArgument, invalidType } = require('./errors.js')

// Names that other servers or users give to an option, or to one of two. Other mistakes are found by their spelling.
const SYNONYMS = {
  address: 'host',
  bind: 'host',
  hostname: 'host',
  socket: 'path',
  unix: 'path',
  threads: ['workers', 'ringThreads'],
  workerthreads: 'workers',
  limit: 'maxConnections',
  concurrency: 'maxInFlight',
  maxheaderbytes: 'maxHeaderSize',
  bodylimit: 'maxBodySize',
  idletimeout: 'keepAliveTimeout',
  abort: 'signal',
  cors: 'origins'
}

const NO_ACTIVATION = 'It cannot take over an open socket, as from socket activation: let it listen itself, ' +
  'on a `port` or `path`; with `reusePort` the next process may listen before the last one ends.'
const HANDLER = 'The handler is the second argument.'
const FUNCTIONS = 'The functions are the second argument: serverListen(8000, { sum }).'
const MODULE = "The module is the second argument: serverListen({ port: 8000 }, './functions.js')."
const NO_TLS = 'It does not speak TLS: put a proxy in front of it.'
const OF_WORKERS = 'It belongs in `workerOptions`.'
const OF_RESOURCE_LIMITS = 'It belongs in `workerOptions.resourceLimits`.'
const EXPLAINED = {
  fd: NO_ACTIVATION,
  handle: NO_ACTIVATION,
  callback: HANDLER,
  cb: HANDLER,
  handler: HANDLER,
  module: MODULE,
  cert: NO_TLS,
  key: NO_TLS,
  tls: NO_TLS,
  env: OF_WORKERS,
  argv: OF_WORKERS,
  execargv: OF_WORKERS,
  resourcelimits: OF_WORKERS,
  workerdata: OF_WORKERS,
  loadtimeout: OF_WORKERS,
  maxoldgenerationsizemb: OF_RESOURCE_LIMITS,
  maxyounggenerationsizemb: OF_RESOURCE_LIMITS,
  coderangesizemb: OF_RESOURCE_LIMITS,
  stacksizemb: OF_RESOURCE_LIMITS
}

// A longer name is not a misspelling, and comparing it would take long.
const WORD_LENGTH_MAX = 64

// `options` is the object passed as `argument` to `whose`, which takes the options with these `names`. Inherited
// properties and symbols are ignored, because they may be meant for something else. A name is refused whatever its
// value: one that comes from the environment may be undefined today.
function refuseUnknown(options, names, { argument, expected, whose }) {
  if (!isOptions(options, names)) {
    const cure = typeof options.then === 'function' ? 'It is a promise: `await` it first.' : undefined
    throw invalidType(argument, expected, options, cure)
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw invalidArgument(`${whose} has no option '${unknown}'. ${advice(unknown, names)}`)
}

// An object that is not plain must contain at least one option. A Map, an array or a promise of options contains none,
// and would otherwise mean the defaults. Plain objects of any realm are accepted: `node:vm` makes realms.
function isOptions(value, names) {
  const prototype = Object.getPrototypeOf(value)
  const isPlain = !Array.isArray(value) && (prototype === null || Object.getPrototypeOf(prototype) === null)
  return isPlain || names.some((name) => name in value)
}

function advice(name, names) {
  const word = name.toLowerCase()
  if (names.includes('port') && Object.hasOwn(EXPLAINED, word)) return EXPLAINED[word]
  return didYouMean(name, names, (each) => `'${each}'`) ?? `It takes ${names.join(', ')}.`
}

// Whether it is an option of a worker's thread.
function isOfWorkers(name) {
  const word = name.toLowerCase()
  return Object.hasOwn(EXPLAINED, word) && [OF_WORKERS, OF_RESOURCE_LIMITS].includes(EXPLAINED[word])
}

// A question that suggests the names that may have been meant; undefined if there are none. `show` formats a name.
function didYouMean(name, names, show = (each) => each) {
  const meant = nearest(name.toLowerCase(), names).map(show)
  if (meant.length === 0) return undefined
  return `Did you mean ${[meant.slice(0, -1).join(', '), meant.at(-1)].filter(Boolean).join(' or ')}?`
}

function nearest(word, names) {
  const synonyms = Object.hasOwn(SYNONYMS, word) ? [SYNONYMS[word]].flat().filter((each) => names.includes(each)) : []
  if (synonyms.length > 0) return synonyms
  if (word.length > WORD_LENGTH_MAX) return []
  const [misspelt] = names
    .filter(({ length }) => length <= WORD_LENGTH_MAX)
    .map((name) => ({ name, edits: distance(word, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.min(word.length, name.length) / 3)
    .sort((a, b) => a.edits - b.edits)
  if (misspelt !== undefined) return [misspelt.name]
  if (word.length < 3) return []
  return names.filter((name) => name.toLowerCase().includes(word) || word.includes(name.toLowerCase()))
}

// The number of letters that are missing, superfluous, wrong, or swapped with their neighbour.
function distance(a, b) {
  const rows = [[...b, ''].map((_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const wrong = a[i - 1] === b[j - 1] ? 0 : 1
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + wrong)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1)
    }
    rows.push(row)
  }
  return rows[a.length][b.length]
}

module.exports = { FUNCTIONS, HANDLER, MODULE, didYouMean, isOfWorkers, refuseUnknown }
