'use strict'

// `ringcall/metrics`: the counts of servers in Prometheus' text exposition format 0.0.4. docs/metrics.md lists them.

const { invalidType, outOfRange } = require('./errors.js')
const { refuseUnknown } = require('./unknown-options.js')
const { version } = require('../package.json')

const contentType = 'text/plain; version=0.0.4; charset=utf-8'

// Statuses that the server itself answers with. They are exported from the start, so that their rates exist from the
// start.
const OWN_STATUSES = [200, 400, 403, 405, 408, 413, 414, 431, 500, 501, 503, 505]
const STATUSES_BY_NAME = [404, 415]

// There may be a thousand functions, so only these of the histogram bounds, in milliseconds, are exported for each.
const BOUNDS_BY_FUNCTION = new Set([0.05, 0.1, 0.5, 1, 5, 10, 50, 100, 500, 1000, 5000, 10_000])

const OWN_LABELS = ['engine', 'function', 'le', 'limit', 'state', 'status', 'version', 'worker']

const WORKER_STATES = ['starting', 'idle', 'busy', 'down']

// For each option that sets a limit, the count in `stats()` of how often the limit was exceeded.
const LIMITS = {
  maxInFlight: 'overloaded',
  maxHeaderSize: 'headersTooLarge',
  maxBodySize: 'bodiesTooLarge',
  headersTimeout: 'headersTimeouts',
  requestTimeout: 'requestTimeouts',
  keepAliveTimeout: 'keepAliveTimeouts',
  handlerTimeout: 'handlerTimeouts',
  sendTimeout: 'sendTimeouts'
}

const OPTIONS = { whose: 'prometheus', argument: 'options', expected: 'an object of options' }

// `read` returns samples: the suffix of the name, the labels, and the value, which is `undefined` if the engine does
// not count it. A family without samples is left out.
const FAMILIES = [
  gauge('info', 'Always 1; the labels have the version and, if there are several, the engine.', (_, server) => [
    ['', { version, ...(server.engine && { engine: server.engine }) }, 1]
  ], Math.max),
  gauge('connections', 'Connections that are open now.', one('connectionsOpen')),
  counter('connections_accepted_total', 'Connections accepted.', one('connectionsAccepted')),
  counter('connection_errors_total', 'Connections that ended with a reset or another error.', one('connectionErrors')),
  counter('accept_pauses_total', 'How often accepting paused, because of maxConnections or a lack of descriptors or ' +
    'memory.', one('acceptPauses')),
  counter('received_bytes_total', 'Bytes received from clients.', one('bytesReceived')),
  counter('sent_bytes_total', 'Bytes sent to clients.', one('bytesSent')),
  counter('requests_total', 'Requests that were read or refused.', one('requests')),
  counter('responses_total', 'Responses, by status.', responses),
  counter('limits_exceeded_total', 'How often a limit was exceeded, by the option that sets it.', (stats) =>
    Object.entries(LIMITS).map(([limit, name]) => ['', { limit }, stats[name]])),
  counter('handler_errors_total', 'How often a function threw, rejected or returned an invalid value.', one('handlerErrors')),
  counter('function_calls_total', 'Calls of a function by name that have returned or failed, except those that were ' +
    'too late or ended their worker.', byFunction('calls')),
  counter('function_errors_total', 'How often a function threw, rejected or returned a value that does not fit.',
    byFunction('errors')),
  counter('function_refusals_total', 'Requests for a function that were refused for what they sent: 400 and 415.',
    byFunction('refusals')),
  histogramByFunction('function_duration_seconds', "A function's part of handler_duration_seconds, with fewer buckets."),
  gauge('worker_state', '1 for the state that the worker in that place is in, 0 for the others.', byWorker((stats) => (
    WORKER_STATES.map((state) => [{ state }, stats.state === state ? 1 : 0])
  ))),
  counter('worker_calls_total', 'Calls that have begun in that place.', byWorker(({ calls }) => [[{}, calls]])),
  counter('worker_restarts_total', 'How often the worker in that place was replaced because it had ended.',
    byWorker(({ restarts }) => [[{}, restarts]])),
  gauge('worker_heap_bytes', "Bytes of JavaScript's heap that the worker in that place has in use.",
    byWorker(({ heapUsed }) => [[{}, heapUsed]])),
  gauge('requests_in_flight', 'Requests not yet answered by the handler.', one('inFlight')),
  gauge('oldest_request_in_flight_seconds', 'How long the oldest of them has waited for its response.',
    (stats) => [['', {}, seconds(stats.oldestInFlight)]], Math.max),
  histogram('request_duration_seconds', "From the end of a request to its response, for requests given to " +
    'the handler.', (stats) => stats.latency, seconds),
  histogram('handler_duration_seconds', "From the call of a request's batch to its value: the handler's part.", (stats) => stats.handlerTime, seconds),
  histogram('dispatch_delay_seconds', 'How long the first request of a batch waited for the JavaScript thread: its ' +
    "event loop's delay.", (stats) => stats.dispatchDelay, seconds),
  histogram('batch_size', 'Requests that a ring thread handed to JavaScript at once.', (stats) => stats.batchSizes,
    (size) => size),
  counter('ring_turns_total', "Turns of the ring threads' loops, each of which enters the kernel once or more.",
    one('ringTurns')),
  counter('ring_completions_total', 'Operations that the kernel completed for the ring threads.',
    one('ringCompletions')),
  counter('ring_wakeups_total', 'How often a sleeping ring thread was woken by the JavaScript thread.',
    one('ringWakeups')),
  counter('ring_buffer_shortages_total', 'Receives that found no free buffer and were repeated.',
    one('ringBufferShortages'))
]

function counter(name, help, read) {
  return { name, help, type: 'counter', read, merge: add }
}

function gauge(name, help, read, merge = add) {
  return { name, help, type: 'gauge', read, merge }
}

function histogram(name, help, pick, inUnit) {
  const read = (stats) => {
    const distribution = pick(stats)
    return distribution === undefined ? [] : samplesOf(distribution, inUnit)
  }
  return { name, help, type: 'histogram', read, merge: add }
}

function histogramByFunction(name, help) {
  const read = ({ functions = {} }) => Object.entries(functions).flatMap(([name, { handlerTime }]) => (
    samplesOf(handlerTime, seconds, (bound) => BOUNDS_BY_FUNCTION.has(bound), { function: name })
  ))
  return { name, help, type: 'histogram', read, merge: add }
}

// The buckets of the wanted bounds, and one more for larger values.
function samplesOf({ bounds, counts, sum }, inUnit, isWanted = () => true, labels = {}) {
  let count = 0
  const buckets = counts.flatMap((within, i) => {
    count += within
    if (i < bounds.length && !isWanted(bounds[i])) return []
    return [['_bucket', { ...labels, le: i < bounds.length ? String(inUnit(bounds[i])) : '+Inf' }, count]]
  })
  return [...buckets, ['_sum', labels, inUnit(sum)], ['_count', labels, count]]
}

function one(name) {
  return (stats) => [['', {}, stats[name]]]
}

function byFunction(count) {
  return ({ functions = {} }) => Object.entries(functions).map(([name, stats]) => ['', { function: name }, stats[count]])
}

// The label of a worker is its place, which its replacement inherits, so there are never more labels than places.
function byWorker(read) {
  return ({ workers = [] }) => workers.flatMap((stats, worker) => (
    read(stats).map(([labels, value]) => ['', { worker, ...labels }, value])
  ))
}

function responses({ responsesByStatus, functions }) {
  if (responsesByStatus === undefined) return []
  const own = functions === undefined ? OWN_STATUSES : [...OWN_STATUSES, ...STATUSES_BY_NAME]
  const all = { ...Object.fromEntries(own.map((status) => [status, 0])), ...responsesByStatus }
  return Object.entries(all).map(([status, count]) => ['', { status }, count])
}

// Milliseconds in seconds, without the trailing digits that binary fractions add.
function seconds(milliseconds) {
  return milliseconds === undefined ? undefined : Number((milliseconds / 1000).toPrecision(15))
}

function add(a, b) {
  return a + b
}

function prometheus(oneOrMany, options = {}) {
  const servers = Array.isArray(oneOrMany) ? oneOrMany : [oneOrMany]
  for (const server of servers) {
    if (typeof server?.stats !== 'function') throw invalidType('servers', 'a Server or an array of them', server)
  }
  if (options === null || typeof options !== 'object') throw invalidType('options', 'an object', options)
  refuseUnknown(options, ['labels', 'prefix'], OPTIONS)
  const { prefix = 'ringcall_' } = options
  if (typeof prefix !== 'string') throw invalidType('options.prefix', 'of type string', prefix)
  if (!/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix)) {
    throw outOfRange('options.prefix', 'the beginning of a metric name', prefix)
  }
  const sources = servers.map((server, i) => {
    const { labels = {} } = options
    const own = typeof labels === 'function' ? labels(server, i) : labels
    return { server, stats: server.stats(), labels: checkLabels(own) }
  })
  return FAMILIES.map((family) => exposition(family, prefix + family.name, sources)).join('')
}

// Returns the labels in the order of their names, since Prometheus knows none, and without empty ones, which it does not
// tell from absent ones.
function checkLabels(labels) {
  if (labels === null || typeof labels !== 'object') throw invalidType('options.labels', 'an object', labels)
  for (const [name, value] of Object.entries(labels)) {
    // Prometheus reserves names with two underscores, and the other names are ours.
    if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || OWN_LABELS.includes(name)) {
      throw outOfRange('options.labels', `made of valid label names other than ${OWN_LABELS.join(', ')}`, name)
    }
    if (value !== null && ['object', 'function', 'symbol'].includes(typeof value)) {
      throw invalidType(`options.labels.${name}`, 'a string or a number', value)
    }
  }
  const present = Object.entries(labels).filter(([, value]) => value !== '' && value !== undefined && value !== null)
  return Object.fromEntries(present.sort(([a], [b]) => (a < b ? -1 : 1)))
}

// The counts of servers with the same labels are added up.
function exposition({ help, type, read, merge }, name, sources) {
  const samples = new Map()
  for (const { server, stats, labels } of sources) {
    const common = pairsOf(labels)
    for (const [suffix, own, value] of read(stats, server)) {
      if (value === undefined) continue
      const pairs = [...common, ...pairsOf(own)]
      const sample = name + suffix + (pairs.length === 0 ? '' : `{${pairs.join(',')}}`)
      samples.set(sample, samples.has(sample) ? merge(samples.get(sample), value) : value)
    }
  }
  if (samples.size === 0) return ''
  const lines = [...samples].map(([sample, value]) => `${sample} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function pairsOf(labels) {
  return Object.entries(labels).map(([name, value]) => `${name}="${escape(String(value))}"`)
}

function escape(value) {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

module.exports = { contentType, prometheus }
