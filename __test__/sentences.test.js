'use strict'

// What stands in Rust and in JavaScript, because each engine needs it, is the same in both: read from the sources.

const fs = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { checkArguments } = require('../lib/options.js')
const { root } = require('./helpers.js')

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')

// The sentences that only Node's parser needs, which does not say which of two faults it has met.
const ONLY_NODE = new Set([
  '400 A request must have only one Content-Length, and no Transfer-Encoding beside it.',
  '500 The answer could not be written.'
])

const IN_RUST = /\bRefusal(?:::new\(| \{)\s*(?:status: )?Status::(\w+),\s*(?:message: )?"((?:[^"\\]|\\.)*)"/gs
const IN_NODE = /\brefusal\(\s*(\d{3}),\s*(['"])(.*?)\2\s*\)/gs

// The text of each file of a folder with that ending; of Rust, without its tests.
function sources(folder, ending) {
  return fs.readdirSync(path.join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending) && !name.split(path.sep).includes('tests'))
    .map((name) => read(path.join(folder, name)))
    .join('\n')
}

// `const NAME: u32 = 2 * 1_000;` of Rust, `const NAME = 2 * 1_000` of JavaScript, and such an expression in a field.
function constant(text, name) {
  const [, value] = new RegExp(`const ${name}(?:: \\w+)? = ([\\d_ *]+)`).exec(text) ?? []
  return evaluate(value, name)
}

function field(text, name) {
  const [, value] = new RegExp(`\\b${name}: ([\\d_ *]+),`).exec(text) ?? []
  return evaluate(value, name)
}

function list(text, name) {
  const [, values] = new RegExp(`\\b${name}\\b[^\\[]*\\[([\\d_., \\n]+)\\]`).exec(text) ?? []
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
  t.true(inRust.length > 30 && inNode.length > 30, 'they are not where they were')
  for (const [, status, , text] of inNode) {
    const sentence = `${status} ${text}`
    t.true(told.has(sentence) !== ONLY_NODE.has(sentence), sentence)
  }
})

test('the bounds that have no option are the same on both engines', (t) => {
  const rust = sources('src', '.rs')
  const node = sources('lib/engines/node', '.js')
  for (const name of ['FIELDS_MAX', 'MESSAGE_BYTES_MAX', 'CLOSE_GRACE_MS', 'LINGER_MS']) {
    t.is(constant(node, name), constant(rust, name), name)
  }
  t.is(constant(read('lib/engines/node.js'), 'SWEEP_MS_MAX'), constant(rust, 'TICK_MS_MAX'))
  t.is(constant(read('lib/options.js'), 'RING_THREADS_MAX'), constant(rust, 'RINGS_MAX'))
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

test('histograms have the same bounds on both engines', (t) => {
  const [rust, node] = [read('src/stats/histogram.rs'), read('lib/engines/node/stats.js')]
  t.deepEqual(list(node, 'TIMES').map((milliseconds) => milliseconds * 1000), list(rust, 'static TIMES'))
  t.deepEqual(list(node, 'LENGTHS'), list(rust, 'static LENGTHS'))
})

test('both engines know the same methods', (t) => {
  const methods = (file) => /["'](GET [^;]*VERSION-CONTROL)/.exec(read(file))[1].match(/[A-Z-]+/g)
  t.deepEqual(methods('lib/engines/node/methods.js'), methods('src/http/target.rs'))
})
