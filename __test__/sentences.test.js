'use strict'

// Sentences and constants that each engine needs stand in Rust and in JavaScript. The sources must agree on them.

const fs = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { ENTRIES_MAX } = require('../lib/answers/problems.js')
const limits = require('../lib/limits.js')
const { CODES } = require('../lib/openapi/problems.js')
const { NUMBERS, checkArguments } = require('../lib/options.js')
const { root } = require('./helpers.js')

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')

// The sentences of engine node alone. Node's parser does not say which of two faults it has met.
const ONLY_NODE = new Set([
  '400 A request must have only one Content-Length, and no Transfer-Encoding beside it.',
  '500 The answer could not be written.'
])

const IN_RUST = /\bRefusal(?:::new\(| \{)\s*(?:status: )?Status::(\w+),\s*(?:message: )?"((?:[^"\\]|\\.)*)"/gs
const IN_NODE = /\brefusal\(\s*(\d{3}),\s*(['"])(.*?)\2\s*\)/gs

// The texts of all files of a folder with that ending, without the tests of Rust.
function sources(folder, ending) {
  return fs.readdirSync(path.join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending) && !name.split(path.sep).includes('tests'))
    .map((name) => read(path.join(folder, name)))
    .join('\n')
}

// Read `const NAME: u32 = 2 * 1_000;` in Rust, `const NAME = 2 * 1_000` in JavaScript, and such a value in a field.
function constant(text, name) {
  const [, value] = new RegExp(`const ${name}(?:: \\w+)? = (0x\\w+|[\\d_ *<]+)`).exec(text) ?? []
  return evaluate(value, name)
}

function field(text, name) {
  const [, value] = new RegExp(`\\b${name}: ([\\d_ *]+),`).exec(text) ?? []
  return evaluate(value, name)
}

function list(text, name) {
  const [, values] = new RegExp(`\\b${name}\\b[^=]*= [^\\[]*\\[([\\d_., \\n]+)\\]`).exec(text) ?? []
  return evaluate(values && `[${values}]`, name)
}

function evaluate(expression, name) {
  if (expression === undefined) throw new Error(`${name} is not where it was`)
  return Function(`return ${expression}`)()
}

test('each refusal of the engine node is one of the engine io_uring, word for word', (t) => {
  const named = read('src/http/status.rs').matchAll(/^ +(\d{3}) (\w+) "/gm)
  const statuses = new Map([...named].map(([, code, name]) => [name, code]))
  const inRust = [...sources('src', '.rs').matchAll(IN_RUST)]
  const told = new Set(inRust.map(([, name, text]) => `${statuses.get(name)} ${text.replace(/\\\n\s*/g, '')}`))
  const inNode = [...sources('lib/engines/node', '.js').matchAll(IN_NODE)]
  t.true(inRust.length > 30 && inNode.length > 30, 'sentences are missing')
  for (const [, status, , text] of inNode) {
    const sentence = `${status} ${text}`
    t.true(told.has(sentence) !== ONLY_NODE.has(sentence), sentence)
  }
})

test('the bounds that have no option are the same on both engines', (t) => {
  const rust = sources('src', '.rs')
  const node = sources('lib/engines/node', '.js')
  for (const [name, nameInRust = name] of [
    ['FIELDS_MAX'], ['MESSAGE_BYTES_MAX'], ['CLOSE_GRACE_MS'], ['LINGER_MS'], ['EMPTY_LINES_MAX'], ['DEPTH_MAX'],
    ['PIPELINE_DEPTH_MAX'], ['UNCOUNTED_BYTES_MAX', 'UNRESERVED_BYTES_MAX']
  ]) {
    t.is(constant(node, name), constant(rust, nameInRust), name)
  }
  const { BIGINT_DIGITS_MAX, DECLARED_ARGUMENTS_MAX, UNDECLARED_ARGUMENTS_MAX } = limits
  t.is(BIGINT_DIGITS_MAX, constant(rust, 'BIGINT_DIGITS_MAX'))
  t.is(DECLARED_ARGUMENTS_MAX, constant(rust, 'ARGUMENTS_MAX'))
  t.is(UNDECLARED_ARGUMENTS_MAX, constant(rust, 'UNDECLARED_ARGUMENTS_MAX'))
  t.is(ENTRIES_MAX, constant(rust, 'ENTRIES_MAX'))
  t.is(constant(read('lib/engines/node/timeouts.js'), 'SWEEP_MS_MAX'), constant(rust, 'TICK_MS_MAX'))
  t.is(NUMBERS.ringThreads[2], constant(rust, 'RINGS_MAX'))
})

test('the defaults are the same for the Rust tests and in JavaScript', (t) => {
  const limits = read('src/limits.rs')
  const { options } = checkArguments({}, () => 0)
  for (const [option, name] of Object.entries({
    maxConnections: 'connections_max',
    maxInFlight: 'in_flight_max',
    maxHeaderSize: 'head_bytes_max',
    maxBodySize: 'body_bytes_max',
    headersTimeout: 'headers',
    requestTimeout: 'request',
    keepAliveTimeout: 'keep_alive',
    handlerTimeout: 'handler',
    sendTimeout: 'send',
    ringEntries: 'entries',
    receiveBuffers: 'buffers',
    receiveBufferSize: 'buffer_bytes'
  })) {
    t.is(options[option], field(limits, name), option)
  }
})

test('numbers in shared arrays mean the same to JavaScript and the binding', (t) => {
  const columns = read('src/values/columns.rs')
  const named = read('lib/calls/named.js')
  for (const name of ['BY_NAME', 'HOLES', 'UNPACKED']) t.is(constant(named, name), constant(columns, name), name)
  const memory = read('src/seats/memory.rs')
  const batches = read('lib/calls/batches.js')
  const bits = constant(memory, 'COUNT_BITS')
  t.is(constant(batches, 'RESULT'), 1 << bits)
  t.is(constant(batches, 'TAKEN_BACK'), 1 << (2 * bits))
})

test('the codes of problems are the same in Rust, on engine node and in the description', (t) => {
  const codesIn = (text) => [...new Set(text.match(/(?<=")ERR_\w+(?=")|(?<=')ERR_\w+(?=')/g))].sort()
  const codes = [...CODES].sort()
  t.deepEqual(codesIn(read('src/http/problem.rs')), codes)
  const node = codesIn(['arguments', 'handlers', 'health', 'refusals', 'routes'].map((name) => (
    read(`lib/engines/node/${name}.js`)
  )).join('\n'))
  t.deepEqual(node.filter((code) => code !== 'ERR_HTTP_REQUEST_TIMEOUT'), codes)
})

// The default of maxBodySize for functions by name, and for one plain function.
const BODY_SIZES = [{ sum: () => 0 }, () => 0].map((handler) => checkArguments({}, handler).options.maxBodySize)

test('index.d.ts documents the default and the bounds of each option that is a number', (t) => {
  const [, text] = /^export interface ListenOptions \{\n(.*?)^\}/ms.exec(read('index.d.ts'))
  for (const [name, [fallback, min, max]] of Object.entries(NUMBERS)) {
    const [, comment] = new RegExp(`/\\*\\*((?:(?!\\*/).)*)\\*/\\s*${name}\\?:`, 's').exec(text)
    const [, told] = /@default (.*)/.exec(comment)
    const ofBodies = `${BODY_SIZES[0]}, or ${BODY_SIZES[1]} for one plain function`
    t.is(told, fallback === undefined ? ofBodies : String(fallback), name)
    for (const bound of [min, max]) t.regex(comment, new RegExp(`\\b${bound}\\b`), name)
  }
})

test('docs/api.md documents the same defaults', (t) => {
  const UNITS = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, s: 1000 }
  const rows = read('docs/api.md').split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const found = new Set()
  for (const [, names = '', defaults] of rows) {
    const numbers = [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name).filter((name) => name in NUMBERS)
    if (numbers.length === 0 || found.has(numbers[0])) continue
    // In a list, only the last number has a unit.
    const units = [...defaults.matchAll(/(?<=\d )(KiB|MiB|s)\b/g)].map(([unit]) => unit)
    const values = [...defaults.matchAll(/\d+/g)].map(([value], i) => value * UNITS[units[i] ?? units.at(-1) ?? ''])
    for (const [i, name] of numbers.entries()) {
      found.add(name)
      t.is(values[i] ?? values.at(-1), NUMBERS[name][0] ?? BODY_SIZES[1], name)
    }
  }
  t.deepEqual([...found].sort(), Object.keys(NUMBERS).sort())
})

test('histograms have the same bounds on both engines', (t) => {
  const [rust, node] = [read('src/stats/histogram.rs'), read('lib/engines/node/stats.js')]
  t.deepEqual(list(node, 'TIMES').map((milliseconds) => milliseconds * 1000), list(rust, 'static TIMES'))
  t.deepEqual(list(node, 'LENGTHS'), list(rust, 'static LENGTHS'))
})

test('both engines know the same methods', (t) => {
  const methods = (file) => /["'](GET [^;]*VERSION-CONTROL)/.exec(read(file))[1].match(/[A-Z-]+/g)
  t.deepEqual(methods('lib/engines/node/methods.js'), methods('src/http/target.rs'))
})
