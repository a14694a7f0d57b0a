'use strict'

// Calls that are part of a trace (https://www.w3.org/TR/trace-context/): `node examples/tracing.js`, then in another terminal
//
//   $ curl -X POST -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' http://localhost:8000/price/3
//   12.75
//
// The server's log line, and its request to another service, carry the client's trace. With OpenTelemetry the same wrapper
// starts a span: `propagation.extract` reads `{ traceparent }`.

const { AsyncLocalStorage } = require('node:async_hooks')
const { randomBytes } = require('node:crypto')
const { once } = require('node:events')
const { performance } = require('node:perf_hooks')
const { serverListen, typed } = require('ringcall')

/** @typedef {{ traceId: string, spanId: string, parentId?: string, flags: string }} Span */

/** Each call has an async context of its own: what runs for one never sees the span of another. */
const spans = /** @type {AsyncLocalStorage<Span>} */ (new AsyncLocalStorage())

const functions = {
  price: typed('(count: int, traceparent?: header) => number', (count, traceparent) => (
    traced('price', traceparent, async () => count * await rate())
  ))
}

/**
 * Runs `act` as a span of the client's trace, or of a new one.
 * @template T
 * @param {string} name
 * @param {string | undefined} traceparent
 * @param {() => Promise<T>} act
 */
function traced(name, traceparent, act) {
  const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '')
  const [, traceId = randomBytes(16).toString('hex'), parentId, flags = '01'] = parent ?? []
  const span = { traceId, spanId: randomBytes(8).toString('hex'), ...(parentId && { parentId }), flags }
  return spans.run(span, async () => {
    const began = performance.now()
    try {
      return await act()
    } finally {
      console.log(JSON.stringify({ name, ...span, milliseconds: Math.round(performance.now() - began) }))
    }
  })
}

/** What is sent along to the next service. */
function traceparentOf() {
  const span = spans.getStore()
  return span && `00-${span.traceId}-${span.spanId}-${span.flags}`
}

/** As another service would tell: `fetch(url, { headers: { traceparent: traceparentOf() } })`. */
async function rate() {
  await new Promise((resolve) => setImmediate(resolve))
  console.log(JSON.stringify({ name: 'rate', asked: { traceparent: traceparentOf() } }))
  return 4.25
}

async function main() {
  const server = serverListen({ port: Number(process.env.PORT || 8000), host: process.env.HOST || undefined }, functions)
  console.log(`listening on ${server.url} (POST /price/3 answers 12.75)`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await server.close()
}

main()
