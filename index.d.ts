/// <reference lib="esnext.disposable" />

/**
 * An integer to answer with. A `number` must be a safe integer (`Number.isSafeInteger`); a `bigint` may have any
 * number of digits. `-0` is answered as `0`.
 *
 * A client reads it exactly with `BigInt(await response.text())`: `response.json()` rounds what is beyond 2^53.
 */
export type Reply = number | bigint

/**
 * Called with the `N` of each `POST /N`; what it returns, or what its promise resolves to, is the answer.
 *
 * `N` is a safe integer, or with `bigint: true` a `bigint` of at most 64 bits, signed.
 *
 * A handler that throws, rejects or gives anything but an integer costs that one request a `500` and is told to
 * `onError`.
 *
 * To refuse an `N`, throw an error with a `statusCode` (or `status`) from 400 to 599, which becomes the answer's. The
 * client sees the error's message, up to 1024 characters of it, where the error's `expose` says so, which by default is
 * below 500; where it has no message to see, the status's reason phrase, such as `Not Found`, or from 500 on that the
 * handler failed. Below 500 it is an answer and no error: neither told to `onError` nor counted. This is the convention
 * of the `http-errors` package, whose errors can be thrown here. A library's error may carry a status, too: an HTTP
 * client's `404` would become the answer's, with its message. Wrap such an error if that is not what you want.
 *
 * A promise holds up nobody but later pipelined requests of its own connection, whose answers wait for their turn. One
 * that takes longer than `handlerTimeout` is given up.
 *
 * Each call has an async context of its own. It begins with the stores that every `AsyncLocalStorage` had when
 * `serverListen` was called. What the call changes with `enterWith` is seen by whatever it sets off, and by `onError`
 * when the call fails, but by no other call.
 */
export type Handler<N extends number | bigint = number> = (n: N) => Reply | PromiseLike<Reply>

/** Where to listen, and how. All is optional; a key that is not listed here is refused, whatever its value. */
export interface ListenOptions {
  /**
   * Who does the network's work: `'io_uring'`; `'node'`, which is Node's own http server, several times slower and on
   * every platform; or `'auto'`, which is io_uring and, where the platform, the kernel or its limits refuse it, `'node'`
   * with one process warning, `RINGCALL_FALLBACK`. docs/engines.md lists what differs.
   *
   * @default 'auto'
   */
  engine?: 'auto' | 'io_uring' | 'node' | undefined

  /**
   * The TCP port: an integer from 0 to 65535, where 0 picks a free one, which `server.port` then tells.
   *
   * @default 8000
   */
  port?: number | undefined

  /**
   * The address to listen on, or a name (not empty); no URL, and without the port. A name is resolved before
   * `serverListen` returns, and its first address counts. An IPv6 address may be in brackets; a link-local one needs its
   * zone, which is the name of the network interface: `fe80::1%eth0`.
   *
   * @default every address of the machine: `::`, which takes IPv4 as well, or `0.0.0.0` where there is no IPv6
   */
  host?: string | undefined

  /**
   * The path (not empty) of a Unix domain socket to listen on instead of a TCP port; `host` and `port` are ignored.
   * A socket file that a process left behind is replaced, one that somebody still listens on is not (`EADDRINUSE`). Of
   * several servers that start on one path at the same time, one listens and the others are refused; on Linux they take
   * turns by a name in the abstract namespace, so that processes in different network namespaces do not see each other.
   *
   * The file is removed as soon as `close()` is called, while requests are still being answered, so that a successor can
   * listen there at once; and when the process exits. A relative path keeps its meaning after `process.chdir()`. Another
   * file that has taken the socket's place is left alone.
   *
   * On Linux a path that begins with a NUL is a name in the abstract namespace, which has no file: `'\0ringcall'`. Some
   * versions of Node.js, 20 among them, fill such a name up with NULs, as a client and with the engine `'node'`; then
   * other programs do not meet it under that name. There is no other NUL in a path.
   */
  path?: string | undefined

  /**
   * How many connections the kernel may hold ready before the server accepts them: an integer from 1 to 2147483647.
   * The kernel caps it at `net.core.somaxconn`.
   *
   * @default 1024
   */
  backlog?: number | undefined

  /**
   * Lets several servers, of one process or of many, listen on the same port, all of them with this option. The kernel
   * spreads connections over them (not requests: a kept-alive connection stays where it is). With the engine `'node'`
   * it takes Node.js 22.12, 23.1 or newer, or `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` is thrown.
   *
   * @default false
   */
  reusePort?: boolean | undefined

  /**
   * With an IPv6 `host` such as `::`: do not take IPv4 connections as well.
   *
   * @default false
   */
  ipv6Only?: boolean | undefined

  /**
   * How many threads do the network's work: an integer from 0 to 64. The handler runs on the JavaScript thread, or in
   * the workers, whatever their number. More than one pays where one is busy all the time, with many connections and a
   * quick handler, and there are cores to spare.
   *
   * With 0 the thread that calls `serverListen` does that work, too, between two batches of calls, and Node's event loop
   * wakes it. That is for a single core, and for the least latency of few connections: nothing crosses between threads.
   * While a function of its, or anything else, holds that thread, nothing is read, answered, refused or timed out, as with
   * other servers in Node.js. It takes Node.js itself: `ERR_INVALID_ARG_VALUE` in Bun and Deno.
   *
   * Each has its own io_uring (40 KiB of locked memory, about 1 MiB in all), its own queue of `backlog`
   * connections, and the connections that the kernel gives it, for as long as they last. The limits and the counts are
   * those of the whole server.
   *
   * On a TCP port the threads' sockets share it by `SO_REUSEPORT`. A server without `reusePort` is refused there all
   * the same (`EADDRINUSE`); one of the same user that has `reusePort` is not. The engine `'node'` ignores it.
   *
   * @default 1
   */
  ringThreads?: number | undefined

  /**
   * Advanced, as the next three: the answers are the same whatever they are, and the defaults were measured. How many
   * submissions a ring takes before it has to enter the kernel: a power of two from 8 to 32768. A ring has four times
   * as many completions. Fewer need less locked memory: 256 take 40 KiB, receive buffers included.
   *
   * @default 256
   */
  ringEntries?: number | undefined

  /**
   * How many buffers a ring has for what arrives in one turn, from all of its connections together: a power of two from
   * 8 to 32768. What finds none waits in its socket for the next turn.
   *
   * @default 512
   */
  receiveBuffers?: number | undefined

  /**
   * Bytes of one receive buffer: an integer from 128 to 65536. What is longer takes several.
   *
   * @default 1024
   */
  receiveBufferSize?: number | undefined

  /**
   * How many numbers the JavaScript thread fetches at a time, at most: an integer from 1 to 65536. Of a slow handler it
   * fetches fewer, as many as take about a millisecond, and one at least.
   *
   * @default 1024
   */
  batchSize?: number | undefined

  /**
   * Calls the handler with a `bigint`, which carries every signed 64-bit `N`. Without it an `N` beyond the safe
   * integers, ±(2^53 − 1), is answered `400`. Declared functions do not take it: they declare `int64` or `bigint`.
   *
   * @default false
   */
  bigint?: boolean | undefined

  /**
   * Whose pages may have a browser call the server, besides those of its own origin: `['https://a.example']`, each a
   * scheme, `://` and a host, with or without a port; or `'*'` for all.
   *
   * A browser sends a page's `POST /N` to whatever server the page says, on this machine or in a private network, too,
   * and asks first only where a form could not have sent the same. So what comes from a page of another site
   * (`Sec-Fetch-Site` is neither `same-origin` nor `none`, or without it `Origin` is not `Host`) is answered `403` and
   * not run. For the origins named here it is run, every answer carries the CORS fields by which their pages may read
   * it, and preflights are answered `204`. Cookies are not part of that. Clients that are no browsers send neither
   * field and are not concerned.
   *
   * @default none
   */
  origins?: readonly string[] | '*' | undefined

  /**
   * What `server.openapi()` tells beside the functions, and whether that is served, too: with `false`,
   * `GET /openapi.json` and `GET /` are refused as for any other path. One plain function serves neither, whatever this
   * is.
   *
   * @default true
   */
  openapi?: boolean | OpenapiOptions | undefined

  /**
   * A path, such as `'/livez'`, at which `GET` and `HEAD` tell whether the server is well: `200` with
   * `{"status":"ok"}` while it serves, and `503` with a sentence while it closes or, of a module, has no worker that may
   * be given calls. The thread that has called `serverListen` answers, within a turn of its event loop, so an answer
   * proves that it turns; where it does not within `handlerTimeout`, the ring thread answers `503`. (The engine `'node'`,
   * and with `ringThreads: 0` this one, answers only when it turns again.) It is not refused for `maxInFlight`, and pages
   * of other sites may ask, too.
   *
   * The path has up to 255 letters, digits, slashes and `-`, `.`, `_` or `~`. It may be neither a function's nor a
   * document's, nor, of one plain function, an integer: that is thrown, and where a module has such a function after
   * `reload()`, that rejects.
   *
   * @default none
   */
  health?: string | undefined

  /**
   * How many connections are served at a time: an integer from 1 to 2147483647. Those beyond wait, unread, in the
   * kernel's queue (`backlog`) and are served as others end. Each takes a descriptor of the process (`ulimit -n`); a
   * process that is out of descriptors waits for one in the same way.
   *
   * @default 10000
   */
  maxConnections?: number | undefined

  /**
   * How many requests the handler may have at a time without having answered them: an integer from 1 to 2147483647.
   * Those that wait for the JavaScript thread count, too, also where `handlerTimeout` has answered their clients. Those
   * beyond are answered `503` with `Retry-After` (RFC 9110 section 15.6.4) at once, and their connections go on.
   *
   * @default 10000
   */
  maxInFlight?: number | undefined

  /**
   * Bytes of a request's head, request line and final empty line included: an integer from 64 to 1048576. Beyond it
   * the client gets `431` (RFC 6585 section 5), or `414` (RFC 9110 section 15.5.15) where the request line alone is too
   * long, and the connection is closed.
   *
   * @default 16384
   */
  maxHeaderSize?: number | undefined

  /**
   * Bytes of a request's body: an integer from 0 to 536870888, as JavaScript has no longer strings, or to
   * 9007199254740991 for one plain function, whose bodies are read and ignored. Beyond it the client gets `413` (RFC 9110
   * section 15.5.14) and the connection is closed: before the body arrives where `Content-Length` tells its size, and
   * otherwise once the chunks together exceed it.
   *
   * @default 1048576, or 65536 for one plain function
   */
  maxBodySize?: number | undefined

  /**
   * Bytes of all bodies and arguments together that have arrived and that no function has taken yet: an integer from 1
   * to 9007199254740991, and not less than `maxBodySize`. What would exceed it is answered `503` with `Retry-After`. One
   * plain function ignores it, as its bodies are not kept.
   *
   * @default 67108864
   */
  maxBufferedBytes?: number | undefined

  /**
   * Milliseconds from a request's first byte to the end of its head: an integer from 0, which is for ever, to
   * 2147483647. Then the client gets `408` (RFC 9110 section 15.5.9) and the connection is closed.
   *
   * It runs only while it is the client that the server waits for, not while earlier requests of the connection keep it
   * from reading on. So does `requestTimeout`.
   *
   * @default 10000
   */
  headersTimeout?: number | undefined

  /**
   * Milliseconds from a request's first byte to the end of its body: an integer from 0, which is for ever, to
   * 2147483647. Then the client gets `408` and the connection is closed.
   *
   * @default 30000
   */
  requestTimeout?: number | undefined

  /**
   * Milliseconds that a connection may idle before a request, the first one included: an integer from 0, which is for
   * ever, to 2147483647. Then it is closed without an answer. It should be longer than that of a proxy in front, which
   * must be the one to close; 60000 is usual there.
   *
   * @default 72000
   */
  keepAliveTimeout?: number | undefined

  /**
   * Milliseconds from a request's end to the handler's value, the time that it waits for JavaScript included: an
   * integer from 0, which is for ever, to 2147483647. Then the client gets `503` with `Retry-After` and the connection
   * goes on. A handler that has the request is not stopped; what it gives later is dropped, and told to `onError` if it
   * is an error. But a worker that one call has held for so long, without a promise, is ended and replaced. One that does not have it yet is not called with it any more. With the engine `'io_uring'` a request
   * that waits is answered so before its time, where that leaves less than one and a half times what the handler has
   * usually taken lately, but never in the first quarter of its time.
   *
   * @default 30000
   */
  handlerTimeout?: number | undefined

  /**
   * Milliseconds in which a client that is owed bytes takes none of them: an integer from 0, which is for ever, to
   * 2147483647. Then the connection is closed. A client that reads slowly but goes on is not cut.
   *
   * @default 30000
   */
  sendTimeout?: number | undefined

  /** Closes the server, as `server.close()` does, when it aborts; at once if it has aborted before. */
  signal?: AbortSignal | undefined

  /**
   * Told whatever the handler threw or rejected with, as it is, and a `TypeError` with the code
   * `ERR_INVALID_RETURN_VALUE` when it gave anything but an integer. `n` is what the handler was called with. If
   * `onError` itself throws or rejects, that becomes a process warning with the code `RINGCALL_ON_ERROR`.
   *
   * @default the server's first error becomes a process warning with the code `RINGCALL_HANDLER_ERROR`; all of them
   * are counted in `server.stats().handlerErrors`
   */
  onError?: ((error: unknown, n: number | bigint) => void) | undefined
}

/** What the OpenAPI document of a server's functions says beside them. */
export interface OpenapiOptions {
  /**
   * What they are called together.
   *
   * @default 'Functions'
   */
  title?: string | undefined
  /**
   * Their version.
   *
   * @default '1.0.0'
   */
  version?: string | undefined
  /** What they are for, in Markdown. */
  description?: string | undefined
  /**
   * Where clients find them, from 1 to 100 places: URLs, which may be relative to that of the document, or objects of
   * one and its description. The default is where the document itself is, behind a proxy's path, too.
   *
   * @default ['.']
   */
  servers?: readonly (string | { readonly url: string; readonly description?: string | undefined })[] | undefined
}

/** An OpenAPI 3.1 document, as plain data. Its parts are as https://spec.openapis.org/oas/v3.1.0 has them. */
export interface OpenapiDocument {
  /** The version of the format. */
  openapi: string
  /** What the functions are together. */
  info: { title: string; version: string; description: string }
  /** Where they are. */
  servers: { url: string; description?: string }[]
  /** The functions in their order: `/sum`, called by its body, and where a path can hold that `/sum/{a}/{b}`. */
  paths: { [path: string]: { post: { operationId: string; [name: string]: any } } }
  /** What they have in common. */
  components: { [kind: string]: { [name: string]: any } }
  /** The rest of it, and what is added to it. */
  [name: string]: any
}

/** The options of a server of declared functions, or of functions by name: where to listen, and how. */
export interface FunctionsOptions extends Omit<ListenOptions, 'bigint' | 'onError'> {
  /**
   * Told whatever a function threw or rejected with, as it is, and a `TypeError` with the code
   * `ERR_INVALID_RETURN_VALUE` when it gave what does not fit its result. Where the status of what it threw is no integer,
   * or its `headers` are none that HTTP has, that is the `cause` of a `TypeError` `ERR_INVALID_ARG_VALUE`. `call` says
   * which function it was, and what it was called with. If `onError` itself throws or rejects, that becomes a process
   * warning with the code `RINGCALL_ON_ERROR`.
   *
   * @default the server's first error becomes a process warning with the code `RINGCALL_HANDLER_ERROR`; all of them
   * are counted in `server.stats().handlerErrors`
   */
  onError?: ((error: unknown, call: FailedCall) => void) | undefined
}

/** The options of a server of a module: where to listen, and how, and how workers run it. */
export interface ModuleOptions extends Omit<ListenOptions, 'onError'> {
  /**
   * How many worker threads run the module's functions: an integer from 1 to 1024; or `'auto'`, which is one for each
   * core that the ring threads leave, and one at least: one on two cores, with one ring thread. Each loads the module, so its state is its own.
   * One that ends is replaced, and the next one loads the module as it is then; where that has other functions, it is
   * ended again.
   *
   * A call that takes long holds up no other one as long as another worker is free. Where as many take long as there are
   * workers, the rest waits until one ends, or until its `handlerTimeout`. So say 2 or more where functions may hang.
   *
   * @default 'auto'
   */
  workers?: number | 'auto' | undefined

  /**
   * Of a file of WebAssembly, which of its exported functions are served, by their names; see `fromWasm`. A JavaScript
   * module decides that itself: with this option it is refused.
   *
   * @default all of them but the compiler's own
   */
  only?: readonly string[] | undefined

  /** How their threads are started, and for how long they may load the module. */
  workerOptions?: WorkerThreadOptions | undefined

  /**
   * Told, in the thread that called `serverListen`, whatever a function threw or rejected with, as of functions that run
   * there. `call` says which function it was, and what it was called with; of one plain function it is the integer.
   *
   * The error comes from another thread: its name, message, stack, code and cause are those of what was thrown, and it is
   * of the same class where that is one of JavaScript's own. What was thrown and is no error comes as its clone, or as
   * text where it has none; so do the arguments. While 256 failures of a worker wait for this thread, or 8 MiB of
   * them, further ones are counted, but not told.
   *
   * A call that its worker was at when it ended is told with an `Error` `ERR_WORKER_DIED`. What it was called with may be
   * lost with it: then `call` has no arguments, and the integer is `undefined`.
   *
   * @example
   * ```js
   * onError(error, call) {
   *   // Of functions by name, or a declared one, an object; of one plain function the integer, or undefined.
   *   console.error(typeof call === 'object' ? call.function : call, error)
   * }
   * ```
   *
   * @default the server's first error becomes a process warning with the code `RINGCALL_HANDLER_ERROR`; all of them
   * are counted in `server.stats().handlerErrors`
   */
  onError?: ((error: unknown, call: FailedCall | number | bigint | undefined) => void) | undefined
}

/** How worker threads are started: options of `new Worker` (node:worker_threads) by their names there, and one more. */
export interface WorkerThreadOptions {
  /**
   * Their environment: an object of strings, which replaces all of it (`{ ...process.env, NAME: 'value' }` adds to it),
   * or `SHARE_ENV`. Default: a copy of this thread's.
   */
  env?: { readonly [name: string]: string | undefined } | symbol | undefined
  /** What follows the first two elements of `process.argv` there. Default: nothing. */
  argv?: readonly string[] | undefined
  /** The options of Node.js that they are started with, such as `['--no-warnings']`. Default: this thread's. */
  execArgv?: readonly string[] | undefined
  /** How much memory each may have. One that exceeds it ends, and is replaced. Default: as `new Worker` has it. */
  resourceLimits?: WorkerThreadLimits | undefined
  /** What the module finds as `workerData` of node:worker_threads: a clone for each. */
  workerData?: unknown
  /**
   * Milliseconds for a thread to start and to load the module, top-level awaits included: an integer from 1 to
   * 2147483647. Then the first one is an `ERR_WORKER_LOAD` that `serverListen` throws; a later one ends its thread.
   *
   * @default 30000
   */
  loadTimeout?: number | undefined
}

/** How much memory a worker's thread may have, in MiB; what is left out is as `new Worker` has it. */
export interface WorkerThreadLimits {
  /** The main heap, from 8. */
  maxOldGenerationSizeMb?: number | undefined
  /** The heap of young objects, from 1. */
  maxYoungGenerationSizeMb?: number | undefined
  /** Compiled code, from 1 to 1024. */
  codeRangeSizeMb?: number | undefined
  /** The stack, from 1 to 1024. */
  stackSizeMb?: number | undefined
}

/** A call that failed. */
export interface FailedCall {
  /** The function's name. */
  function: string
  /** What it was called with; empty where that has been lost with the worker that the call was in. */
  arguments: unknown[]
}

/** Where a TCP server listens, in the shape of `net.Server`'s `address()`. */
export interface ServerAddress {
  /** The IP address, such as `::` or `127.0.0.1`. */
  address: string
  /** Which of the two it is. */
  family: 'IPv4' | 'IPv6'
  /** The TCP port, also when 0 was asked for. */
  port: number
}

/** How often values fell between which bounds. */
export interface Histogram {
  /** Upper bounds, inclusive and ascending; the same ones for as long as the server lives. */
  bounds: number[]
  /**
   * How many values were within the bound of the same index and not within the one before; one more at the end, for
   * those beyond the last bound.
   */
  counts: number[]
  /** How many values there were: `counts` added up. */
  count: number
  /** The values, added up; `sum / count` is their mean. */
  sum: number
}

/**
 * Counts since the server was started, and three of this moment: `connectionsOpen`, `inFlight` and `oldestInFlight`.
 * The numbers are those of each ring thread's last completed turn, added up; `responsesByStatus` and the histograms may
 * be ahead of them by a turn, and `latency` behind by up to a quarter of a second for answers that the JavaScript thread
 * has sent itself.
 */
export interface ServerStats {
  /** Connections that are open now. */
  connectionsOpen: number
  /** Connections accepted so far. */
  connectionsAccepted: number
  /** Connections that a reset or another error ended, not those that either side closed. */
  connectionErrors: number
  /** Complete requests read so far, those that were refused included. */
  requests: number
  /** Answers with a status from 200 to 299. */
  responses2xx: number
  /** Answers with a status from 300 to 399, which only `reply` gives. */
  responses3xx: number
  /** Answers with a status from 400 to 499. */
  responses4xx: number
  /** Answers with a status from 500 to 599. */
  responses5xx: number
  /** Answers by their status: `200`, and of the others those of which there was one. */
  responsesByStatus: Record<number, number>
  /** How often the handler threw, rejected or gave anything but an integer; refusals below 500 do not count. */
  handlerErrors: number
  /**
   * Requests that wait for the handler, or that it has and has not answered, also where the client has left or has been
   * answered meanwhile. A promise counts for `handlerTimeout` at most; what waits for a JavaScript thread that stands
   * still counts until that goes on.
   */
  inFlight: number
  /**
   * For how long the oldest of these has waited, in milliseconds; 0 where there is none. A handler whose promises take
   * long shows here. One that blocks the event loop cannot, as nothing reads `stats()` meanwhile: it shows in
   * `dispatchDelay` afterwards.
   */
  oldestInFlight: number
  /**
   * Milliseconds from a request's end to its answer's being on its way, of the requests that the handler was given;
   * those that were answered for it after `handlerTimeout` included.
   *
   * Times are read once a turn of a ring thread's loop, so they are right to within a turn: some ten microseconds, with
   * thousands of busy connections some milliseconds.
   */
  latency: Histogram
  /**
   * The handler's share of that: milliseconds from the call of the batch that the request was in to the posting of its
   * value, the others of the batch, or what its promise waits for, included. With the engine `'io_uring'` values of
   * promises that come later than `handlerTimeout` are missing.
   */
  handlerTime: Histogram
  /**
   * Milliseconds from the end of the first request of a batch until the JavaScript thread, or a worker, took it: the event
   * loop's delay, as requests see it. With `ringThreads: 0` what comes while that loop stands still is read afterwards, so
   * that does not show here. Empty with the engine `'node'`, as are the rings' counts.
   */
  dispatchDelay: Histogram
  /**
   * Calls from ring threads into JavaScript so far; `requests / batches` is how many requests share one. With the
   * engine `'node'` each request is a call of its own.
   */
  batches: number
  /** How many requests shared one. */
  batchSizes: Histogram
  /** Bytes received from clients. */
  bytesReceived: number
  /** Bytes sent to clients. */
  bytesSent: number
  /**
   * Turns of the ring threads' loops: each enters the kernel once, or more where there is much to submit; with
   * `ringThreads: 0` one that has only answers to take does not.
   */
  ringTurns: number
  /**
   * Operations that the kernel has completed for the ring threads, a send and its wait for room as one;
   * `ringCompletions / ringTurns` is how many at once.
   */
  ringCompletions: number
  /**
   * How often the JavaScript thread woke a ring thread that slept, which costs it a system call; with `ringThreads: 0`
   * how often a worker woke this one.
   */
  ringWakeups: number
  /**
   * Receives that found all receive buffers of their ring thread in use, and began again a turn later. Nothing is lost,
   * but where it happens all the time, more `receiveBuffers` are worth trying.
   */
  ringBufferShortages: number
  /** Requests beyond `maxInFlight` or `maxBufferedBytes`: `503`. */
  overloaded: number
  /** Heads beyond `maxHeaderSize` or of more than 100 fields: `431` or `414`. */
  headersTooLarge: number
  /** Bodies beyond `maxBodySize`: `413`. */
  bodiesTooLarge: number
  /** Heads that took longer than `headersTimeout`: `408`. */
  headersTimeouts: number
  /** Requests that took longer than `requestTimeout`: `408`. */
  requestTimeouts: number
  /** Connections that idled longer than `keepAliveTimeout`: closed. */
  keepAliveTimeouts: number
  /** Requests for which the handler took longer than `handlerTimeout`: `503`. */
  handlerTimeouts: number
  /** Connections whose client took nothing for longer than `sendTimeout`: closed. */
  sendTimeouts: number
  /** How often accepting paused, because of `maxConnections` or for want of descriptors or memory. */
  acceptPauses: number
  /** Who does the network's work. */
  engine: Engine
  /** The same by function, under their names; not there for one plain function. */
  functions?: { [name: string]: FunctionStats }
  /** The workers that run a module's functions now, each in its place; not there where functions were passed. */
  workers?: WorkerStats[]
}

/** A worker's place: the worker that replaces one takes the place of that one. */
export interface WorkerStats {
  /**
   * What it does now: it is `starting` until it has loaded the module; `busy` while it has calls, those included whose
   * promises it awaits; `idle`; or `down`, where it has ended and the next one is not started yet, as
   * all are once the server has closed.
   */
  state: 'starting' | 'idle' | 'busy' | 'down'
  /** Its thread's, as `worker.threadId`; `null` while there is none. */
  threadId: number | null
  /** Calls that have begun in this place since the server was started. */
  calls: number
  /** How often a worker in this place was replaced because it had ended; not by `reload()`. */
  restarts: number
  /** Bytes of JavaScript's heap that it has in use, measured once a second; 0 while there is none. */
  heapUsed: number
}

/** What one function has done since the server was started. */
export interface FunctionStats {
  /** How often it was called, and has returned or failed since. */
  calls: number
  /** How often it threw, rejected or gave what does not fit its result; refusals below 500 do not count. */
  errors: number
  /**
   * Requests for it that were refused for what they passed, so that it was not called: `400` and `415`. Other refusals,
   * such as `405` or `413`, are in `responsesByStatus` alone.
   */
  refusals: number
  /** As the server's `handlerTime`, with the time that schemas took. */
  handlerTime: Histogram
}

/** Who does a server's network work. */
export type Engine = 'io_uring' | 'node'

/**
 * What `diagnostics_channel` tells of on the channel `ringcall:handler-error`, for each failure of the handler, just
 * before `onError`. These messages, and when a server listens, closes and has closed, go to stderr with
 * `NODE_DEBUG=ringcall`.
 */
export interface HandlerErrorMessage {
  /** Whose handler it was. */
  server: Server
  /** What it threw or rejected with, or a `TypeError` about what it gave. */
  error: unknown
  /** What it was called with. */
  n: number | bigint
}

/** The same of a function that is declared, or served by its name. */
export interface FunctionErrorMessage extends FailedCall {
  /** Whose function it was. */
  server: Server
  /** What it threw or rejected with, or a `TypeError` about what it gave. */
  error: unknown
}

/**
 * What `diagnostics_channel` tells of on the channel `ringcall:worker-exit`, for each worker that has ended and was not
 * to. Where nobody listens, the server's first one becomes a process warning with the code `RINGCALL_WORKER_EXIT`.
 */
export interface WorkerExitMessage {
  /** Whose worker it was. */
  server: Server
  /** Its thread's, as `worker.threadId`; `null` where it could not be started. */
  threadId: number | null
  /**
   * What it has not caught; `ERR_WORKER_OUT_OF_MEMORY` beyond its `resourceLimits`; `ERR_WORKER_OVERDUE` where a call has
   * held it for `handlerTimeout`, from its beginning or after an `await`; what was wrong with the module that it was to
   * load; `null` where it has ended without an error, as by `process.exit()`.
   */
  error: unknown
  /** Its exit code; `null` where it could not be started. */
  exitCode: number | null
  /**
   * In how many milliseconds the next one is started: 100 for the first time, then twice as many each time up to 10000,
   * and 100 again after one that could be called for a minute. `null` where there will be none, as the server has closed.
   */
  restartIn: number | null
}

/**
 * What `diagnostics_channel` tells of on the channel `ringcall:refusal`, once a second at most for each server and kind,
 * however many there were, and a last time when the server has closed. What came before the first subscriber did is told
 * with the first message.
 */
export interface RefusalMessage {
  /** Who refused. */
  server: Server
  /** The limit that was met, by the name of its count in `stats()`. */
  kind:
    | 'overloaded'
    | 'headersTooLarge'
    | 'bodiesTooLarge'
    | 'headersTimeouts'
    | 'requestTimeouts'
    | 'handlerTimeouts'
    | 'sendTimeouts'
    | 'acceptPauses'
  /** How many there were since the last such message. */
  count: number
}

/** The same on the channel `ringcall:connection-error`, of connections that a reset or another error ended. */
export interface ConnectionErrorMessage {
  /** Whose connections they were. */
  server: Server
  /** The name of their count in `stats()`. */
  kind: 'connectionErrors'
  /** How many there were since the last such message. */
  count: number
}

/** Options of `close()`. */
export interface CloseOptions {
  /**
   * Milliseconds after which the connections that are left are cut, answered or not; an integer from 0 to 2^31 − 1.
   * Default: they are waited for.
   */
  timeout?: number | undefined
}

/**
 * A listening server. It keeps the process alive until it is closed or `unref`ed, and goes on serving whether or not
 * anybody still holds this object.
 */
export interface Server {
  /** Who does the network's work: what the option of that name came to. */
  readonly engine: Engine

  /** The TCP port it listens on, also when 0 was asked for; `null` for a Unix domain socket. */
  readonly port: number | null

  /**
   * Where a client on this machine finds it: `http://localhost:8000` when it listens on every address, otherwise with
   * the address, such as `http://127.0.0.1:8000` or `http://[::1]:8000`; `unix:/path` for a Unix domain socket. A zone is
   * written as RFC 6874 has it, `http://[fe80::1%25eth0]:8000`: curl takes that, but `fetch` and `new URL()` take no
   * zones. With `node:http`, pass `address().address` as `host`.
   */
  readonly url: string

  /**
   * The functions that it serves, in their order, as plain data; empty for one plain function. Of a module, those of its
   * last `reload()`.
   */
  readonly functions: readonly FunctionDescription[]

  /** Whether it takes new connections: `true` until `close()` is called or `signal` aborts. */
  readonly listening: boolean

  /** As `net.Server`'s: an object for TCP, the path for a Unix domain socket, `null` once `listening` is `false`. */
  address(): ServerAddress | string | null

  /** What it has done so far. A fresh object each time; cheap enough to poll. */
  stats(): ServerStats

  /**
   * The functions as an OpenAPI 3.1 document, the one at `GET /openapi.json`; with the option `openapi: false`, and of
   * one plain function, too, which serve none. A fresh copy each time, which is yours to change; of a module, that of its
   * last `reload()`.
   *
   * The schemas are exact: what fits them is taken, and nothing else, but for what no JSON Schema can say: lone
   * surrogates, more than 128 levels, numbers of more than 4096 digits. A name in `types` is described by its library,
   * where that tells its JSON Schema: zod 4.2, ArkType 2.1.28, Valibot by `toStandardJsonSchema()` of
   * `@valibot/to-json-schema`. Of others the document takes any value, and a process warning, `RINGCALL_OPENAPI`, tells
   * so at the start.
   */
  openapi(): OpenapiDocument

  /**
   * Loads the module anew in fresh workers, and resolves when new requests meet what it is now. Those that have come before
   * are answered by the workers that were there, which end afterwards; no request is lost, and the port stays open. Calls
   * while one runs share one more, which follows it.
   *
   * Rejects where the module does not load, with what it throws, or where its functions cannot be served; then the server
   * goes on as it was. So it is with `ERR_WORKER_LOAD` where four loads of the module still have calls, where it exports
   * one plain function now and did not before, or did and does not, and where the server was passed functions; and
   * with `ERR_SERVER_NOT_RUNNING` where the server is closed, or is meanwhile. A rejection that nobody catches ends the
   * process, as anywhere in Node.js.
   *
   * @example
   * ```js
   * process.on('SIGHUP', () => server.reload().catch((error) => console.error('not reloaded:', error)))
   * ```
   */
  reload(): Promise<void>

  /** Keeps the process alive again after `unref()`. Returns the server. */
  ref(): this

  /** Lets the process exit while the server listens. Returns the server. */
  unref(): this

  /**
   * Stops accepting, answers what is in flight, closes the connections and resolves when the last one is gone, the ring
   * threads have ended and the port is free. Never rejects. Returns the same promise however often it is called.
   *
   * The last answer on each connection says `Connection: close`. A request that has begun to arrive is answered, and so
   * is the next one of a connection that waits for one, if it arrives within half a second; pipelined requests behind
   * those are not run. What may hold it up: a handler's promise that does not settle, until `handlerTimeout`; half a
   * request, until `headersTimeout` or `requestTimeout`; a client that does not read its answer, until `sendTimeout`.
   * `timeout` bounds all of it. Workers end after the last answer: one that something of the module's keeps, such as a
   * timer or a socket, a second later.
   *
   * A listener calls it in a function: `process.once('SIGTERM', () => server.close())`.
   *
   * @param callback Called without arguments when it has closed, as `net.Server`'s is; of a server that has closed
   *   before, too.
   */
  close(options?: CloseOptions | undefined, callback?: (() => void) | undefined): Promise<void>

  /** The same without options. */
  close(callback: () => void): Promise<void>

  /** Closes the connections on which no request is being read or answered. The server goes on listening. */
  closeIdleConnections(): void

  /** Closes every connection, answered or not. The server goes on listening. */
  closeAllConnections(): void

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** A function as `server.functions` describes it. */
export interface FunctionDescription {
  /** Its name; of a function at the root, the function's own. */
  readonly name: string
  /** Whether it was declared, by `typed` or `fromWasm`. */
  readonly isDeclared: boolean
  /** The arguments that are declared; none for one that is not. */
  readonly arguments: readonly ArgumentDescription[]
  /** The type of its result, as in the signature; not there for one that is not declared. */
  readonly result?: string
  /** How many arguments a request must have, header fields not counted. */
  readonly fewest: number
  /** The signature, as it was declared; of a function of WebAssembly, the one that comes closest. */
  readonly signature?: string
  /** What it does, in a few words. */
  readonly summary?: string
  /** What it does, at length. */
  readonly description?: string
  /** Bodies of requests to it. */
  readonly examples?: readonly unknown[]
  /** Whether callers should look for another one. */
  readonly deprecated: boolean
}

/** An argument of a declared function. */
export interface ArgumentDescription {
  /** Its name. */
  readonly name: string
  /**
   * Its type, as in the signature; of a function of WebAssembly also `int32`, an `int` from -2147483648 to 2147483647, and
   * `float32`, a `number` of 32 bits.
   */
  readonly type: string
  /** Whether a request may leave it out. */
  readonly isOptional: boolean
  /** The header field that it is, for the type `header`. */
  readonly field?: string
}

/**
 * Declares the types of a function: what a request must bring, and what the function returns. Returns a function for
 * `serverListen`, which can be called as the handler can.
 *
 * TypeScript infers the handler's parameters and its result. docs/functions.md has the types, and what they are on the
 * wire.
 *
 * @example
 * ```js
 * const greet = typed('(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`)
 * serverListen(8000, { greet }) // POST /greet/Ada, or the body {"name":"Ada"}
 * ```
 *
 * @param signature Names and types: `int`, `number`, `int64`, `bigint`, `boolean`, `string`, arrays of these such as
 *   `int[]`, `json`, `bytes`, `header`, a name of `options.types`; a result may be `text` or `void`, too.
 * @param handler Called with the arguments; what it returns, or what its promise resolves to, is the answer, or a
 *   `reply`.
 * @param options Schemas of further types, and what the description tells.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: the signature has a mistake, which the message points at, or an option does
 *   not exist.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: an argument, an option or a schema of the wrong type.
 */
export function typed<
  const S extends string,
  R extends Returned<ValueOf<S, T>>,
  const T extends { readonly [name: string]: StandardSchema } = {}
>(
  signature: Signature<S, T>,
  handler: (...values: ArgumentsOf<S, T>) => R,
  options?: TypedOptions<T> | undefined
): TypedFunction<S, ArgumentsOf<S, T>, R, InputsOf<T>>

/** Options of `typed`. */
export interface TypedOptions<T = { readonly [name: string]: StandardSchema }> {
  /**
   * Types for the signature by their names: Standard Schemas, as zod, Valibot and ArkType make them. They check in
   * JavaScript, right before the call; what they make of the value is what the function is called with.
   */
  types?: T | undefined
  /**
   * Which request fields the arguments of the type `header` are, where their names do not say so:
   * `{ signature: 'X-Hub-Signature-256' }`.
   */
  headers?: { readonly [argument: string]: string } | undefined
  /** What the function does, in a few words. */
  summary?: string | undefined
  /** What it does, at length. */
  description?: string | undefined
  /**
   * Bodies of requests to it: arrays of arguments, or objects of them by name. The description has none of a function
   * whose body is its `bytes`.
   */
  examples?: readonly (readonly unknown[] | { readonly [name: string]: unknown })[] | undefined
  /**
   * Whether callers should look for another one.
   *
   * @default false
   */
  deprecated?: boolean | undefined
}

/** A function with its types, as `typed` returns it: it can be called as the handler can. */
export interface TypedFunction<S extends string = string, A extends unknown[] = any[], R = any, I = any>
  extends Declared<S, I> {
  /** Calls the handler, without any check. */
  (...values: A): R
}

/** What `typed` has returned. */
export interface Declared<S extends string = string, I = any> {
  /** The signature, and what its named types take, for the type alone: there is no such property. */
  readonly [declared]: { signature: S; inputs: I }
}

/**
 * The functions that a WebAssembly module exports, with the types that they have there, for `serverListen`. Nothing is to
 * be declared: an `i32` is an `int` of 32 bits with a sign, an `i64` an `int64`, an `f64` a `number`; an `f32` is a `number`
 * that is rounded to 32 bits. What is beyond 32 bits is refused before the function is called, and a `u32` from 2^31 on comes
 * as a negative number: docs/functions.md has what to do. A function without a result is `void`. Arguments have the names
 * that the module's section `name` has for them, and without that `a`, `b`, `c`.
 *
 * Makes one instance of the module, whose memory and globals all calls share. A WASI reactor's `_initialize` is called
 * then, or `__wasm_call_ctors` where that is exported instead; they are not among the functions. Exports that are no
 * functions are left out, and so are those that compilers export of their own, to take memory or move the stack, unless
 * `only` names them: names that begin with `__`, `emscripten_`, `_emscripten_`, `dynCall_`, `asyncify_` or `cabi_`, and the
 * allocators of C and the helpers of Emscripten, which docs/functions.md lists.
 *
 * A call that throws, by a trap, a stack overflow, an exception or an import, is a `500`, told to `onError`, and ends the
 * instance with all that is in its memory and globals: what it has left half done would fail later calls. The next call
 * makes a new one, with the same imports, which starts as the first one did. What keeps that from starting is thrown by the
 * call, and the next one tries again. The functions stay the same. Arguments that WebAssembly does not take, as a `number`
 * for an `i64`, are a `TypeError` and end nothing.
 *
 * @example
 * ```js
 * const { readFileSync } = require('node:fs')
 * const { fromWasm, serverListen } = require('ringcall')
 * serverListen(8000, fromWasm(readFileSync('sum.wasm'))) // POST /sum/3/4 answers 7
 * ```
 * In TypeScript: `fromWasm<{ sum(a: number, b: number): number }>(bytes)`, whose word is taken for it.
 *
 * @param bytes The module, as a compiler has written it.
 * @param imports What the module imports, as for `new WebAssembly.Instance`.
 * @param options Which of the functions are served.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: the bytes are no module that Node.js takes, or it could not be started, each
 *   with the `cause`; an import is missing; it exports no function but its compiler's; or one of the functions cannot be
 *   served: it has other types than these (`v128`, references), several results, more than 32 arguments or a name that a
 *   function cannot have, or it is the `_start` of a program. The message says which one, why, and what to do.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: an argument of the wrong type.
 * @throws what an import throws while the module starts.
 */
export function fromWasm<F extends WasmFunctions<F> = { [name: string]: (...values: any[]) => any }>(
  bytes: Uint8Array | ArrayBuffer | SharedArrayBuffer,
  imports?: { readonly [module: string]: { readonly [name: string]: unknown } } | undefined,
  options?: FromWasmOptions | undefined
): { [N in keyof F]: TypedFunction<string, Parameters<F[N]>, ReturnType<F[N]>> }

/** Options of `fromWasm`. */
export interface FromWasmOptions {
  /**
   * The names of the functions that are served, one at least. The others need not be ones that can be.
   *
   * @default all that the module exports, but for the compiler's own, such as `malloc`, `__new` or `stackAlloc`
   */
  only?: readonly string[] | undefined
}

/** Functions as WebAssembly has them: a `number` is an `i32`, `f32` or `f64`, a `bigint` an `i64`. */
export type WasmFunctions<F> = { [N in keyof F]: (...values: any[]) => number | bigint | void }

/**
 * What a function returns where its value alone does not say enough: another status, header fields.
 *
 * @example
 * ```js
 * const create = typed('(name: string) => json', (name) => reply({ name }, { status: 201, headers: { Location: '/1' } }))
 * ```
 *
 * @param value What it would have returned. It must fit the declared result, but for the statuses 204, 205 and 304, whose
 *   answers have no body.
 * @param options The status and the header fields.
 *
 * @throws RangeError `ERR_OUT_OF_RANGE`: a status below 200 or above 599.
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: a field's name or value that HTTP does not have, or an option that does not
 *   exist.
 */
export function reply<V = undefined>(value?: V, options?: ReplyOptions | undefined): ReplyWith<V>

/** Options of `reply`. */
export interface ReplyOptions {
  /**
   * The answer's status: an integer from 200 to 599.
   *
   * @default 200, or 204 for the result `void`
   */
  status?: number | undefined
  /**
   * Header fields of the answer: an object, whose values may be arrays where a field comes several times, or what
   * iterates over pairs of a name and a value, as `Headers` does. `content-type` takes the place of the one that the
   * result has. Fields that the server writes itself are left out, such as `content-length` and `connection`.
   */
  headers?:
    | { readonly [name: string]: string | number | readonly (string | number)[] | undefined }
    | Iterable<readonly [string, string | number | readonly (string | number)[]]>
    | undefined
}

/** A value with a status and header fields, as `reply` returns it. */
export interface ReplyWith<V> {
  /** The value. */
  readonly value: V
  /** The status that was given, if one was. */
  readonly status: number | undefined
  /** The header fields, their names in lower case. */
  readonly fields: readonly (readonly [string, string])[] | undefined
  /** Only `reply` makes these. There is no such property. */
  readonly [replied]: true
}

/** What zod, Valibot, ArkType and others make: see https://standardschema.dev. */
export interface StandardSchema<Output = unknown> {
  /** What they have in common. */
  readonly '~standard': {
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly output: Output } | undefined
  }
}

/** Functions by name: `POST /name` calls the one of that name, with this object as its `this`. */
export interface Functions {
  /** A function with types, or one that takes JSON values and returns one. */
  readonly [name: string]: UndeclaredFunction | TypedFunction
}

/** A function of JSON values, by position, to a JSON value; a `bigint` is answered as bare digits. */
export type UndeclaredFunction = (...values: any[]) => Returned<JsonValue | bigint>

/**
 * What can be written as JSON, as far as TypeScript tells it: not `undefined`, and no `bigint`, function, promise, `Map`,
 * `Set` or typed array.
 */
export type JsonValue = string | number | boolean | null | JsonObject

/** An object that JSON shows: of any interface or class, but for those whose objects keep what they have to themselves. */
export type JsonObject =
  | { toJSON(...values: any[]): unknown }
  | (object & { [Symbol.toStringTag]?: never; [Symbol.hasInstance]?: never; [replied]?: never })

// TypeScript tells what is wrong with a call by the last of four overloads or more. So that one takes whatever the others
// do, and infers the handler's argument: otherwise each mistake in a handler would be told as one about that. It can do
// so as long as only one of the types that the handler may have is one of functions. With options that are for modules
// alone it takes nothing else.

type ModuleOnly = Pick<ModuleOptions, 'workers' | 'workerOptions' | 'only'>

/**
 * Starts an HTTP/1.1 server on a TCP port: it answers `POST /N` with the integer that `handler` makes of the integer `N`.
 * It listens when the call returns.
 *
 * @example
 * ```js
 * const { serverListen } = require('ringcall')
 * serverListen(8000, (n) => n * n) // curl -X POST http://localhost:8000/12 answers 144
 * ```
 *
 * @param port An integer from 0 to 65535, where 0 picks a free one, which `server.port` then tells.
 * @param handler Called with each `N`; it returns an integer, or a promise of one.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: an argument or option of the wrong type; a port in a string, too.
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: an option that does not exist, a string that is none of an option's values
 *   or can be no `host` or `path`, or a third argument.
 * @throws RangeError `ERR_OUT_OF_RANGE`: a number out of its range, such as a `port` of 65536.
 * @throws Error with `code`, `errno`, `syscall`, `address` and `port` as from `net.Server`: `EADDRINUSE`, `EACCES`,
 *   `EADDRNOTAVAIL`, or `ENOTFOUND` for a `host` that does not resolve.
 * @throws Error {@link IoUringUnavailableError} `ERR_IO_URING_UNAVAILABLE`: this machine does not allow io_uring, and
 *   `engine` is `'io_uring'`.
 */
export function serverListen(port: number, handler: Handler): Server
/**
 * The same with options, and with every signed 64-bit `N`: the handler is called with a `bigint`.
 *
 * @param options Where to listen, and how; with `bigint: true`.
 * @param handler Called with each `N`; it returns an integer, or a promise of one.
 */
export function serverListen(options: ListenOptions & { bigint: true }, handler: Handler<bigint>): Server
/**
 * The same with options.
 *
 * @param options Where to listen, and how.
 * @param handler Called with each `N`; it returns an integer, or a promise of one.
 */
export function serverListen(options: ListenOptions & { bigint?: false | undefined }, handler: Handler): Server
/**
 * Starts a server of functions by name, where `POST /sum/3/4`, or `POST /sum` with the body `[3,4]`, calls `sum`; or of
 * one typed function, whose arguments are the whole path, or the body. docs/functions.md is their reference.
 *
 * @example
 * ```js
 * const { serverListen, typed } = require('ringcall')
 * serverListen(8000, {
 *   sum: (a, b) => a + b, // curl -X POST http://localhost:8000/sum/3/4 answers 7
 *   greet: typed('(name: string) => string', (name) => `Hello, ${name}.`)
 * })
 * ```
 *
 * @param portOrOptions The port, or where to listen, and how.
 * @param functions A plain object of at most 1000 functions, or one function that `typed` has returned.
 */
export function serverListen<F extends Functions | TypedFunction>(
  portOrOptions: number | FunctionsOptions, functions: F & ThisType<F>
): Server
/**
 * Starts a server of the functions of a module, which worker threads run: each of them loads it. What it exports is one
 * function, or functions by name; a default export goes before named ones, and exports that are no functions, or are
 * classes, are not served. This thread waits until the first worker has loaded the module.
 *
 * @example
 * ```js
 * const { serverListen } = require('ringcall')
 * const path = require('node:path')
 * serverListen({ port: 8000, workers: 4 }, path.join(__dirname, 'functions.js')) // exports.sum = (a, b) => a + b
 * ```
 *
 * @param portOrOptions The port, or where to listen, and how.
 * @param module The module's `file:` URL, such as `new URL('./functions.js', import.meta.url)`; or its path: an absolute
 *   one, or one relative to the working directory, which begins with `./` or `../`. It may leave out the ending `.js`,
 *   or be a folder's with an index.js, as for `require`. TypeScript is loaded where Node.js strips types, from
 *   22.18 on. A file of WebAssembly, whose name ends in `.wasm`, is loaded as by `fromWasm`: each worker has an instance.
 *
 * @throws what the module throws when it is loaded: an error of the same name, message, stack, code and cause.
 * @throws Error `MODULE_NOT_FOUND`: there is no such file.
 * @throws Error `ERR_WORKER_LOAD`: the module exports no function, has not been loaded within `loadTimeout`, has ended its
 *   thread, or has started a server of its own there, or it is WebAssembly that cannot be served; the message says which.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`: what it exports cannot be served.
 * @throws Error `ERR_WORKER_INVALID_EXEC_ARGV`, `ERR_WORKER_INIT_FAILED`: as from `new Worker`.
 */
export function serverListen(portOrOptions: number | ModuleOptions, module: URL | string): Server
/**
 * The same where it is not known before whether the handler is called with a `number` or, by `bigint: true`, with a
 * `bigint`: it must take both. Options in a variable say which with `{ … } satisfies ListenOptions`; of the type
 * `ListenOptions` itself, they may have `bigint: true`.
 *
 * @param portOrOptions The port, or where to listen, and how.
 * @param handler Called with each `N`; it returns an integer, or a promise of one. Or functions by name.
 */
export function serverListen<B extends boolean = false, M extends ModuleOnly = {}>(
  portOrOptions: number | (ListenOptions & { bigint?: B | undefined }) | FunctionsOptions | (ModuleOptions & M),
  handler: {} extends M
    ? Handler<B extends true ? bigint : number> | ([B] extends [true] ? never : Functions | Declared) | URL | string
    : URL | string
): Server

/**
 * What `serverListen` throws with `engine: 'io_uring'` where there is no io_uring; the message says what to do about it.
 */
export interface IoUringUnavailableError extends Error {
  /** The same on every machine; `reason` tells them apart. */
  code: 'ERR_IO_URING_UNAVAILABLE'
  /**
   * What stands in the way: a container's `seccomp` profile, the `sysctl` kernel.io_uring_disabled, a `kernel` that is
   * too old or a sandbox without io_uring, too little lockable memory (`memlock`), a `platform` that is not Linux or
   * that the addon was not built for, or something `other`, such as a bundle or a flag, which the message tells.
   */
  reason: UnavailableReason
}

/** What stands in the way of io_uring. */
export type UnavailableReason = 'seccomp' | 'sysctl' | 'kernel' | 'memlock' | 'platform' | 'other'

/**
 * Whether io_uring can run here, and if not, why and what to do. It makes a small ring and lets it go; where the addon
 * does not load, it tells what the rest of the machine does. Never throws.
 */
export function probe(): Probe

/** What `probe()` found: plain data. */
export interface Probe {
  /** Whether a server with `engine: 'io_uring'` can start, as far as a small ring shows. */
  available: boolean
  /** What `engine: 'auto'` comes to. */
  engine: Engine
  /** `process.platform`. */
  platform: string
  /** `process.arch`. */
  arch: string
  /** The kernel's release, such as `6.18.5`; `unknown` where the runtime does not tell. */
  kernel: string
  /** The version of Node.js, such as `24.21.0`. */
  node: string
  /** The addon: its file, `null` where there can be none (other platforms, bundles), and why it does not load if so. */
  binary: { path: string | null; error?: string }
  /**
   * What the kernel has of what a server needs, all of it; empty where there is no ring to ask. `io_uring_setup`: rings
   * with deferred task work (Linux 6.1); `operations`: all that the server submits; `buffer_rings`: receive buffers that
   * are shared with the kernel; `restrictions`: rings that refuse all other operations.
   */
  features: { [name: string]: boolean }
  /** This process's limits: lockable memory in bytes, and descriptors; `null` where there is none or it is not known. */
  limits: { memlock: Limit; nofile: Limit }
  /** What stands in the way, in a word; nothing where io_uring is available, as with the next two. */
  reason?: UnavailableReason
  /** What stands in the way, in a sentence. */
  message?: string
  /** What to do about it. */
  cure?: string
}

/** A limit of the process, and how far it may be raised. */
export interface Limit {
  /** The limit that holds now; `null` where there is none or it is not known. */
  soft: number | null
  /** How far the process may raise it itself; `null` as above. */
  hard: number | null
}

// What TypeScript reads out of a signature. A mistake becomes a sentence in the place of the string's type, so that the
// compiler tells it; lib/signature.js finds the same ones, and some more, when the program runs.

declare const declared: unique symbol
declare const replied: unique symbol

type NumberArray =
  | readonly number[] | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array
  | Float32Array | Float64Array
type BigIntArray = readonly bigint[] | BigInt64Array | BigUint64Array

interface ArgumentTypes {
  int: number
  number: number
  int64: bigint
  bigint: bigint
  boolean: boolean
  string: string
  json: any
  bytes: Uint8Array
  header: string
  'int[]': number[]
  'number[]': Float64Array
  'int64[]': BigInt64Array
  'bigint[]': bigint[]
  'boolean[]': boolean[]
  'string[]': string[]
}

interface ResultTypes {
  int: number
  number: number
  int64: bigint
  bigint: bigint
  boolean: boolean
  string: string
  json: JsonValue
  bytes: Uint8Array
  text: string
  void: unknown
  'int[]': NumberArray
  'number[]': NumberArray
  'int64[]': BigIntArray
  'bigint[]': BigIntArray
  'boolean[]': readonly boolean[]
  'string[]': readonly string[]
}

// The signature's own type where it is right, or where only the running program knows it; otherwise the sentence.
type Signature<S extends string, T> =
  string extends S ? S : ReadSignature<S, T> extends Mistake<infer Sentence> ? Sentence : S
type ArgumentsOf<S extends string, T> =
  string extends S ? any[] : ReadSignature<S, T> extends { arguments: infer A extends unknown[] } ? A : any[]
type ValueOf<S extends string, T> =
  string extends S ? any : ReadSignature<S, T> extends { result: infer R } ? R : any
type Returned<V> = V | ReplyWith<V> | PromiseLike<V | ReplyWith<V>>

interface Mistake<Sentence extends string> {
  mistake: Sentence
}

type ReadSignature<S extends string, T> =
  Trim<S> extends `(${infer List})${infer After}`
    ? Trim<After> extends `=>${infer Result}`
      ? ReadArguments<Trim<List> extends '' ? '' : `${List},`, T> extends infer Read
        ? Read extends { arguments: infer A } ? WithResult<A, TypeOf<Result, ResultTypes, T, 'a result'>> : Read
        : never
      : Mistake<"behind the arguments there must be '=>' and the type of the result">
    : Mistake<"a signature is written as in '(a: int, b?: string) => json'">
type WithResult<A, Found> = Found extends { type: infer R } ? { arguments: A; result: R } : Found

// `List` has a comma behind each argument.
type ReadArguments<
  List extends string, T, Found extends unknown[] = [], Names extends string = never, IsAfter extends boolean = false
> =
  List extends `${infer First},${infer Rest}`
    ? ReadArgument<First, T, Names, IsAfter> extends infer One
      ? One extends { name: infer Name extends string; type: infer V; isOptional: infer IsOptional extends boolean }
        ? ReadArguments<Rest, T, IsOptional extends true ? [...Found, V?] : [...Found, V], Names | Name, IsOptional>
        : One
      : never
    : { arguments: Found }

type ReadArgument<S extends string, T, Names extends string, IsAfter extends boolean> =
  Trim<S> extends `${infer Left}:${infer Type}`
    ? Trim<Left> extends `${infer Name}?`
      ? ReadNamed<Trim<Name>, true, Type, T, Names, IsAfter>
      : ReadNamed<Trim<Left>, false, Type, T, Names, IsAfter>
    : Mistake<Trim<S> extends ''
      ? 'there is a comma without an argument'
      : `'${Trim<S>}' is no argument: write a name, a colon and a type, such as 'a: int'`>

type ReadNamed<
  Name extends string, IsOptional extends boolean, Type extends string, T, Names extends string, IsAfter extends boolean
> =
  Name extends `${string}-${string}`
    ? Mistake<`'${Name}' has a dash: write 'xTenant: header' for X-Tenant, or use 'headers'`>
  : Name extends '' | `${string}${Space | '.' | '{' | '['}${string}` ? Mistake<`'${Name}' is no name of an argument`>
  : Name extends Names ? Mistake<`there are two arguments of the name '${Name}'`>
  : [IsAfter, IsOptional] extends [true, false] ? Mistake<`'${Name}' is required behind an optional argument`>
  : WithName<Name, IsOptional, TypeOf<Type, ArgumentTypes, T, 'an argument'>>
type WithName<Name extends string, IsOptional extends boolean, Found> =
  Found extends { type: infer V } ? { name: Name; type: V; isOptional: IsOptional } : Found

type TypeOf<S extends string, Known, T, What extends string> =
  TypeName<S> extends infer Name extends string
    ? Name extends keyof Known ? { type: Known[Name] }
    : Name extends keyof T ? { type: OutputOf<T[Name]> }
    : Mistake<
        Name extends keyof ArgumentTypes | keyof ResultTypes ? `'${Name}' is no type of ${What}`
        : Name extends `${string}|${string}` ? `there are no unions: declare 'json', or a schema in 'types'`
        : Name extends `${string}[]` ? `there is no type '${Name}': declare 'json', or a schema in 'types'`
        : `there is no type '${Name}': it is ${What extends 'a result' ? Results : Arguments}, or a name in 'types'`
      >
    : never

// `int [ ]` is `int[]`.
type TypeName<S extends string> =
  Trim<S> extends `${infer Of}[${infer Inside}]` ? (Trim<Inside> extends '' ? `${Trim<Of>}[]` : Trim<S>) : Trim<S>

type OutputOf<S> =
  S extends { readonly '~standard': { readonly types?: infer Inferred } }
    ? NonNullable<Inferred> extends { readonly output: infer Output } ? Output : unknown
    : unknown

// What requests bring for the types in `types`, by their names.
type InputsOf<T> = { readonly [Name in keyof T]: InputOf<T[Name]> }
type InputOf<S> =
  S extends { readonly '~standard': { readonly types?: infer Inferred } }
    ? NonNullable<Inferred> extends { readonly input: infer Input } ? Input : unknown
    : unknown

type Arguments = 'one of int, number, int64, bigint, boolean, string, json, bytes, header, an array such as int[]'
type Results = 'one of int, number, int64, bigint, boolean, string, json, bytes, text, void, an array such as int[]'

type Space = ' ' | '\n' | '\t' | '\r'
type Trim<S extends string> =
  S extends `${Space}${infer Rest}` ? Trim<Rest> : S extends `${infer Rest}${Space}` ? Trim<Rest> : S

// Nothing else is exported.
export {}
