// Compiled, never run: `npm run lint` checks that the declarations accept what they should and refuse what they should.

import { subscribe } from 'node:diagnostics_channel'
import {
  probe,
  serverListen,
  type ConnectionErrorMessage,
  type Handler,
  type HandlerErrorMessage,
  type Histogram,
  type IoUringUnavailableError,
  type ListenOptions,
  type Probe,
  type RefusalMessage,
  type Reply,
  type Server,
  type ServerAddress,
  type ServerStats,
} from 'ringcall'
import { contentType, prometheus } from 'ringcall/metrics'

function same<A>() {
  return <B>(..._: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]) => {}
}

// The argument is a number or, by option, a bigint; the value is an integer of either kind, or a promise of one.
serverListen(8000, (n) => (same<typeof n>()<number>(), n))
serverListen({}, (n) => (same<typeof n>()<number>(), BigInt(n)))
serverListen({ bigint: false }, async (n) => (same<typeof n>()<number>(), n))
serverListen({ bigint: undefined }, (n) => (same<typeof n>()<number>(), n))
serverListen({ bigint: true }, (n) => (same<typeof n>()<bigint>(), n))
serverListen({ port: 0, bigint: true }, async (n) => Number(n))
serverListen(0, () => 610)
serverListen(0, (n): PromiseLike<Reply> => Promise.resolve(n))
serverListen(0, (n) => (n > 0 ? n : Promise.resolve(0n)))
const named: Handler = (n) => n
const exact: Handler<bigint> = (n) => n * n
serverListen(8000, named)
serverListen({ bigint: true }, exact)

// Every option.
const options: ListenOptions = {
  engine: 'auto',
  port: 8000,
  host: '::1',
  path: '/run/ringcall.sock',
  backlog: 1024,
  reusePort: true,
  ipv6Only: true,
  ringThreads: 4,
  bigint: false,
  origins: ['https://a.example'],
  health: '/livez',
  maxConnections: 10_000,
  maxInFlight: 10_000,
  maxHeaderSize: 16_384,
  maxBodySize: 65_536,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 72_000,
  handlerTimeout: 30_000,
  sendTimeout: 0,
  signal: AbortSignal.timeout(1000),
  onError: (error, n) => (same<typeof error>()<unknown>(), same<typeof n>()<number | bigint>()),
}
serverListen({ ...options, bigint: false }, named)
serverListen({ origins: '*' }, named)
serverListen({ origins: [] as const }, named)
// @ts-expect-error
serverListen({ origins: 'https://a.example' }, named)
// @ts-expect-error it is a path
serverListen({ health: true }, named)
serverListen({ port: Number(process.env.PORT), host: process.env.HOST }, named)
serverListen(options, (n) => (same<typeof n>()<number | bigint>(), n))
serverListen(Math.random() < 0.5 ? 8000 : options, (n) => n)
serverListen({ bigint: Math.random() < 0.5 }, (n) => (same<typeof n>()<number | bigint>(), n))
const chosen = { port: 8000 } satisfies ListenOptions
serverListen(chosen, named)
// @ts-expect-error it may be called with a bigint
serverListen(options, named)
// @ts-expect-error it may be called with a bigint
serverListen({ bigint: Math.random() < 0.5 }, named)
// @ts-expect-error it is called with a bigint
serverListen({ bigint: true }, named)

// Every member of the server.
async function members(server: Server) {
  same<typeof server.port>()<number | null>()
  same<typeof server.url>()<string>()
  same<typeof server.listening>()<boolean>()
  const address = server.address()
  same<typeof address>()<ServerAddress | string | null>()
  if (address !== null && typeof address !== 'string') {
    same<typeof address.address>()<string>()
    same<typeof address.family>()<'IPv4' | 'IPv6'>()
    same<typeof address.port>()<number>()
  }
  const stats: ServerStats = server.stats()
  const histograms: Histogram[] = [stats.latency, stats.handlerTime, stats.dispatchDelay, stats.batchSizes]
  same<typeof stats.responsesByStatus>()<Record<number, number>>()
  const {
    engine: counted, latency, handlerTime, dispatchDelay, batchSizes, responsesByStatus, functions, workers, ...others
  } = stats
  const counts: Record<string, number> = others
  same<typeof counted>()<typeof server.engine>()
  same<typeof server.engine>()<'io_uring' | 'node'>()
  const bites = [
    stats.overloaded, stats.headersTooLarge, stats.bodiesTooLarge, stats.headersTimeouts, stats.requestTimeouts,
    stats.keepAliveTimeouts, stats.handlerTimeouts, stats.sendTimeouts, stats.acceptPauses,
  ]
  same<typeof bites>()<number[]>()
  same<Server>()<ReturnType<typeof server.ref>>()
  server.unref().ref().closeIdleConnections()
  server.closeAllConnections()
  same<Promise<void>>()<ReturnType<typeof server.close>>()
  await server.close()
  await server.close({ timeout: 1000 })
  await server.close(() => {})
  await server.close({ timeout: 1000 }, () => {})
  await server.close(undefined, (error?: Error) => error)
  // @ts-expect-error: milliseconds
  void server.close(1000)
  // @ts-expect-error no such option
  void server.close({ timeuot: 1000 })
  // @ts-expect-error the options come first
  void server.close(() => {}, {})
  // @ts-expect-error nothing is passed to it
  void server.close((error: Error) => error)
  await server[Symbol.asyncDispose]()
  return { counts, histograms }
}

// diagnostics_channel does not know the types of its messages.
subscribe('ringcall:refusal', (message) => {
  const { server, kind, count } = message as RefusalMessage
  return `${server.url}: ${count * 1} × ${kind satisfies keyof ServerStats}`
})
subscribe('ringcall:connection-error', (message) => (message as ConnectionErrorMessage).kind satisfies keyof ServerStats)
subscribe('ringcall:handler-error', (message) => same<HandlerErrorMessage['error']>()<unknown>())

// Metrics of one server or of many.
function metrics(server: Server) {
  same<typeof contentType>()<string>()
  const texts: string[] = [
    prometheus(server),
    prometheus([server, server], { labels: (each, index) => ({ port: each.port ?? 0, index }) }),
    prometheus(server, { labels: { zone: 'a' }, prefix: 'app_' }),
    prometheus([] as const, { labels: undefined, prefix: undefined }),
  ]
  // @ts-expect-error its counts are no server
  prometheus(server.stats())
  // @ts-expect-error no such option
  prometheus(server, { label: {} })
  return texts
}

async function disposed() {
  await using server = serverListen(0, named)
  await members(server)
}

function look({ available, engine, binary, features, limits, reason, message, cure }: Probe) {
  same<typeof available>()<boolean>()
  same<typeof engine>()<'io_uring' | 'node'>()
  same<typeof binary.path>()<string | null>()
  same<typeof features>()<{ [name: string]: boolean }>()
  same<typeof limits.memlock.soft>()<number | null>()
  return [reason, message, cure, binary.error]
}
look(probe())

function explain(error: IoUringUnavailableError) {
  same<typeof error.code>()<'ERR_IO_URING_UNAVAILABLE'>()
  same<typeof error.reason>()<'seccomp' | 'sysctl' | 'kernel' | 'memlock' | 'platform' | 'other'>()
  return error.message
}

// What must not compile.
// @ts-expect-error there is no handler
serverListen(8000)
// @ts-expect-error a port is a number
serverListen('8000', named)
// @ts-expect-error a port is a number in the options, too
serverListen({ port: '8000' }, named)
// @ts-expect-error the options come first
serverListen(named, 8000)
// @ts-expect-error no such option
serverListen({ prot: 8000 }, named)
// @ts-expect-error nor one beside others
serverListen({ port: 8000, hostname: '127.0.0.1' }, named)
// @ts-expect-error nor one without a value
serverListen({ fd: undefined }, named)
// @ts-expect-error nor with bigint
serverListen({ bigint: true, prot: 8000 }, exact)
// @ts-expect-error an array is no options
serverListen([8000], named)
// @ts-expect-error there is no callback
serverListen(8000, named, () => {})
// @ts-expect-error no such engine
serverListen({ engine: 'epoll' }, named)
// @ts-expect-error a value is an integer, not its text
serverListen(8000, (n) => String(n))
// @ts-expect-error nor a promise of a text
serverListen(8000, async (n) => String(n))
// @ts-expect-error nor nothing
serverListen(8000, () => {})
// @ts-expect-error a handler for numbers does not take bigints
serverListen({ bigint: true }, named)
// @ts-expect-error a handler for bigints does not take numbers
serverListen({ bigint: false }, exact)
// @ts-expect-error
serverListen(8000, exact)
serverListen(8000, {
  twice(a: number): number { return this.add(a, a) },
  add: (a: number, b: number) => a + b
})
serverListen(8000, {
  // @ts-expect-error `this` is the object, which has no such function
  twice(a: number): number { return this.subtract(a, a) }
})
// @ts-expect-error a time is a number of milliseconds
serverListen({ headersTimeout: '10s' }, named)
// @ts-expect-error 0 turns it off
serverListen({ handlerTimeout: null }, named)
// @ts-expect-error not a signal
serverListen({ signal: new EventTarget() }, named)
// @ts-expect-error the port is read-only
serverListen(0, named).port = 8000

export { disposed, explain, metrics }
