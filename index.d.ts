/// <reference lib="esnext.disposable" />

/**
 * The integer of a response. A `number` must be a safe integer (`Number.isSafeInteger`); a `bigint` may have any number of
 * digits. `-0` is sent as `0`.
 *
 * A client reads it exactly with `BigInt(await response.text())`: `response.json()` rounds integers beyond 2^53.
 */
export type Reply = number | bigint

/**
 * Called with the `N` of each `POST /N`; the integer that it returns, or that its promise resolves to, is the response.
 *
 * `N` is a safe integer, or with `bigint: true` a `bigint` of at most 64 bits, signed.
 *
 * If the handler throws, rejects or returns anything but an integer, the request is answered with `500` and the error is
 * reported to `onError`.
 *
 * To refuse an `N`, throw an error with a `statusCode` (or `status`) from 400 to 599, which becomes the status of the
 * response. The client sees the message, up to 1024 characters, if the status is below 500; `expose` overrides this. Without
 * a visible message it sees the reason phrase of the status, such as `Not Found`, or from 500 on that the function failed. A
 * status below 500 is not a failure: it is neither reported to `onError` nor counted. This is the convention of the
 * `http-errors` package, whose errors can be thrown here. A library's error may also have a status: the `404` of an HTTP
 * client would become your response, with its message. Wrap such an error if you do not want that.
 *
 * While a promise is pending, only later pipelined requests on that connection wait. A promise that takes longer than
 * `handlerTimeout` is given up.
 *
 * Each call has its own async context. It starts with the stores that every `AsyncLocalStorage` had when `serverListen` was
 * called. A change by `enterWith` is visible to everything that the call starts, and to `onError` if the call fails, but to
 * no other call.
 */
export type Handler<N extends number | bigint = number> = (n: N) => Reply | PromiseLike<Reply>

/** Where and how to listen. Everything is optional; a key that is not listed here is an error, whatever its value. */
export interface ListenOptions {
  /**
   * What does the network's work: `'io_uring'`; `'node'`, which is Node's own http server, several times slower and on
   * every platform; or `'auto'`, which is io_uring, or, if the platform, the kernel or its limits refuse it, `'node'` with
   * one process warning, `RINGCALL_FALLBACK`. docs/engines.md lists the differences.
   *
   * @default 'auto'
   */
  engine?: 'auto' | 'io_uring' | 'node' | undefined

  /**
   * The TCP port: an integer from 0 to 65535; 0 picks a free one, which is then in `server.port`.
   *
   * @default 8000
   */
  port?: number | undefined

  /**
   * The address or name (not empty) to listen on; not a URL, and without the port. A name is resolved before
   * `serverListen` returns; if it resolves to several addresses, the first one is used. An IPv6 address may be in brackets;
   * a link-local one needs its zone, which is the name of the network interface: `fe80::1%eth0`.
   *
   * @default every address of the machine: `::`, which also accepts IPv4, or `0.0.0.0` if there is no IPv6
   */
  host?: string | undefined

  /**
   * The path (not empty) of a Unix domain socket to listen on instead of a TCP port; `host` and `port` are ignored.
   * A socket file that a process left behind is replaced; a socket that is still in use is not (`EADDRINUSE`). If several
   * servers start on one path at the same time, one listens and the others fail. On Linux a lock in the abstract namespace
   * ensures that, so processes in different network namespaces do not see each other.
   *
   * The file is removed as soon as `close()` is called, while requests are still being answered, so that a successor can
   * listen there at once; and when the process exits. A relative path keeps its meaning after `process.chdir()`. Another
   * file that has taken the socket's place is not touched.
   *
   * On Linux a path that begins with a NUL is a name in the abstract namespace, which has no file: `'\0ringcall'`. Some
   * versions of Node.js, 20 among them, pad such a name with NULs, as a client and with the engine `'node'`; then other
   * programs do not find it under that name. A path may not contain any other NUL.
   */
  path?: string | undefined

  /**
   * How many connections the kernel may queue before the server accepts them: an integer from 1 to 2147483647.
   * The kernel caps it at `net.core.somaxconn`. Each ring thread has such a queue. While it is full, the kernel has new
   * clients try again after 1 s, 3 s and so on, and refuses them on a Unix socket.
   *
   * @default 1024
   */
  backlog?: number | undefined

  /**
   * Lets several servers, in one process or in many, listen on the same port, if all of them have this option. The kernel
   * distributes connections over them (not requests: a kept-alive connection stays where it is). With the engine `'node'`
   * it needs Node.js 22.12, 23.1 or newer; otherwise `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` is thrown.
   *
   * @default false
   */
  reusePort?: boolean | undefined

  /**
   * With an IPv6 `host` such as `::`: do not accept IPv4 connections.
   *
   * @default false
   */
  ipv6Only?: boolean | undefined

  /**
   * How many threads do the network's work: an integer from 0 to 64. The handler runs on the JavaScript thread, or in the
   * workers, whatever their number. More than one helps if one is always busy, with many connections and a quick handler,
   * and there are spare cores.
   *
   * With 0 the thread that calls `serverListen` also does that work, between batches of calls; Node's event loop wakes it.
   * That is for a single core, and for the least latency with few connections: nothing crosses between threads. While a
   * function, or anything else, blocks that thread, nothing is read, answered, refused or timed out, as with other servers
   * in Node.js. It needs Node.js itself: `ERR_INVALID_ARG_VALUE` in Bun and Deno.
   *
   * Each thread has its own io_uring (48 KiB of locked memory, 1 to 2 MiB in all), its own queue of `backlog` connections,
   * and the connections that the kernel gives it, for their lifetime. The limits and the counts apply to the whole server.
   *
   * On a TCP port the threads' sockets share the port by `SO_REUSEPORT`. A server without `reusePort` is still refused there
   * (`EADDRINUSE`); one of the same user with `reusePort` is not. The engine `'node'` ignores this option.
   *
   * @default 1
   */
  ringThreads?: number | undefined

  /**
   * Advanced, like the next three options: they do not change the responses, and the defaults were measured. The entries of
   * a ring's submission queue, which it fills before it has to enter the kernel: a power of two from 8 to 32768. Its
   * completion queue has four times as many. Fewer need less locked memory: 256 take 48 KiB, with 512 receive buffers, of
   * which each takes 16 bytes of that.
   *
   * @default 256
   */
  ringEntries?: number | undefined

  /**
   * How many buffers a ring has for the data that arrives in one turn, on all its connections together: a power of two from
   * 8 to 32768. Data without a free buffer waits in its socket for the next turn. For each 16 of them (and for 8) a ring has
   * a large one, for connections that send much at once.
   *
   * @default 512
   */
  receiveBuffers?: number | undefined

  /**
   * Bytes of one receive buffer: an integer from 128 to 65536. Longer data takes several buffers, or large ones, of 32 times
   * as many bytes, but 64 KiB at most. A buffer takes memory when it is used for the first time, and keeps it: by default
   * 1.5 MiB in all, for each ring thread.
   *
   * @default 1024
   */
  receiveBufferSize?: number | undefined

  /**
   * The most calls that the JavaScript thread fetches at a time: an integer from 1 to 65536. For a slow handler it fetches
   * fewer, as many as take about a millisecond, and at least one.
   *
   * @default 1024
   */
  batchSize?: number | undefined

  /**
   * Calls the handler with a `bigint`, which can hold every signed 64-bit `N`. Without it, an `N` beyond the safe integers,
   * ±(2^53 − 1), is answered with `400`. It is an error for declared functions, which declare `int64` or `bigint` instead.
   *
   * @default false
   */
  bigint?: boolean | undefined

  /**
   * The origins whose pages may call the server from a browser, besides its own origin: `['https://a.example']`, each a
   * scheme, `://` and a host, with or without a port; or `'*'` for all.
   *
   * A browser sends a page's `POST /N` to any server that the page names, also on this machine or in a private network, and
   * sends a preflight only if a form could not have sent the same. So a request from a page of another site
   * (`Sec-Fetch-Site` is neither `same-origin` nor `none`, or without that field `Origin` differs from `Host`) is answered
   * with `403` and not run. For the origins named here it is run, every response has the CORS fields that let their pages
   * read it, and preflights are answered with `204`. Cookies are not included. Clients other than browsers send neither
   * field and are not affected.
   *
   * @default none
   */
  origins?: readonly string[] | '*' | undefined

  /**
   * The parts of `server.openapi()` that do not come from the functions, or whether the document is served: with `false`,
   * `GET /openapi.json` and `GET /` are refused like any other path. One plain function never serves them.
   *
   * @default true
   */
  openapi?: boolean | OpenapiOptions | undefined

  /**
   * A path, such as `'/livez'`, at which `GET` and `HEAD` report the health of the server: `200` with `{"status":"ok"}`
   * while it serves, and `503` with a sentence while it is closing or, for a module, has no worker that can take calls. The
   * thread that called `serverListen` answers, within a turn of its event loop, so a response proves that the loop runs; if
   * it does not run for `handlerTimeout`, the ring thread answers with `503`. (The engine `'node'`, and this engine with
   * `ringThreads: 0`, answer only when the loop runs again.) `maxInFlight` does not apply to it, and pages of other sites
   * may request it.
   *
   * The path has up to 255 letters, digits, slashes and `-`, `.`, `_` or `~`. It may be neither the path of a function or a
   * document nor, for one plain function, an integer: otherwise `serverListen` throws, and `reload()` rejects if the new
   * module has such a function.
   *
   * @default none
   */
  health?: string | undefined

  /**
   * How many connections are served at a time: an integer from 1 to 2147483647. Further ones wait, unread, in the kernel's
   * queue (`backlog`) and are served as others end. Each connection needs a descriptor of the process (`ulimit -n`); without
   * a free descriptor, connections wait in the same way.
   *
   * @default 10000
   */
  maxConnections?: number | undefined

  /**
   * The most requests not yet answered by the handler: an integer from 1 to 2147483647. Requests that wait for the
   * JavaScript thread count, too, even if `handlerTimeout` has already answered their clients. Further requests are answered
   * with `503` and `Retry-After` (RFC 9110 section 15.6.4) at once, and their connections stay open.
   *
   * @default 10000
   */
  maxInFlight?: number | undefined

  /**
   * Bytes of a request's head, including the request line and the final empty line: an integer from 64 to 1048576. Beyond
   * it the client gets `431` (RFC 6585 section 5), or `414` (RFC 9110 section 15.5.15) if the request line alone is too long,
   * and the connection is closed.
   *
   * @default 16384
   */
  maxHeaderSize?: number | undefined

  /**
   * Bytes of a request's body: an integer from 0 to 536870888, the longest string in JavaScript, or to 9007199254740991 for
   * one plain function, whose bodies are read and ignored. Beyond it the client gets `413` (RFC 9110 section 15.5.14) and the
   * connection is closed: before the body arrives if `Content-Length` announces its size, and otherwise once the chunks
   * together exceed it.
   *
   * @default 1048576, or 65536 for one plain function
   */
  maxBodySize?: number | undefined

  /**
   * Bytes of all bodies and arguments together that have arrived and that no function has taken yet: an integer from 1 to
   * 9007199254740991. Where functions take bodies, it is not less than `maxBodySize`. Requests that would exceed it are
   * answered with `503` and `Retry-After`, and their connection closes if the body has not arrived whole. One plain function
   * ignores it, because its bodies are not kept.
   *
   * @default 67108864
   */
  maxBufferedBytes?: number | undefined

  /**
   * Milliseconds from a request's first byte to the end of its head: an integer from 0, which disables it, to 2147483647.
   * Then the client gets `408` (RFC 9110 section 15.5.9) and the connection is closed.
   *
   * Like `requestTimeout`, it runs only while the server waits for the client, not while earlier requests of the connection
   * prevent the server from reading.
   *
   * @default 10000
   */
  headersTimeout?: number | undefined

  /**
   * Milliseconds from a request's first byte to the end of its body: an integer from 0, which disables it, to 2147483647.
   * Then the client gets `408` and the connection is closed.
   *
   * @default 30000
   */
  requestTimeout?: number | undefined

  /**
   * Milliseconds that a connection may be idle before a request, including the first one: an integer from 0, which disables
   * it, to 2147483647. Then the connection is closed without a response. It should be longer than that of a proxy in front,
   * so that the proxy closes first; 60000 is usual there.
   *
   * @default 72000
   */
  keepAliveTimeout?: number | undefined

  /**
   * Milliseconds from the end of a request to the handler's value, including the wait for JavaScript: an integer from 0,
   * which disables it, to 2147483647. Then the client gets `503` with `Retry-After` and the connection stays open. A handler
   * that is running is not stopped; its later value is dropped, and a later error is reported to `onError`. But a worker
   * that one call has held for that long, without a promise, is ended and replaced. A handler that has not been called yet is
   * not called. With the engine `'io_uring'` a waiting request gets its `503` early, if the time left is less than one and a
   * half times what the handler has usually taken lately, but never in the first quarter of its time.
   *
   * @default 30000
   */
  handlerTimeout?: number | undefined

  /**
   * Milliseconds in which a client reads none of the bytes that it is owed: an integer from 0, which disables it, to
   * 2147483647. Then the connection is closed. A client that reads slowly but steadily is not cut.
   *
   * @default 30000
   */
  sendTimeout?: number | undefined

  /** Closes the server, like `server.close()`, when it aborts; at once if it has already aborted. */
  signal?: AbortSignal | undefined

  /**
   * Receives whatever the handler threw or rejected with, as it is, or a `TypeError` with the code
   * `ERR_INVALID_RETURN_VALUE` if it returned anything but an integer. `n` is the handler's argument. If `onError` itself
   * throws or rejects, that becomes a process warning with the code `RINGCALL_ON_ERROR`.
   *
   * @default the server's first error becomes a process warning with the code `RINGCALL_HANDLER_ERROR`; all of them
   * are counted in `server.stats().handlerErrors`
   */
  onError?: ((error: unknown, n: number | bigint) => void) | undefined
}

/** The parts of the OpenAPI document that do not come from the functions. */
export interface OpenapiOptions {
  /**
   * The name of the API.
   *
   * @default 'Functions'
   */
  title?: string | undefined
  /**
   * The version of the API.
   *
   * @default '1.0.0'
   */
  version?: string | undefined
  /** The purpose of the API, in Markdown. */
  description?: string | undefined
  /**
   * The addresses of the API, from 1 to 100: URLs, which may be relative to that of the document, or objects of a URL and
   * a description. The default is the location of the document itself, also behind a proxy's path.
   *
   * @default ['.']
   */
  servers?: readonly (string | { readonly url: string; readonly description?: string | undefined })[] | undefined
}

/** An OpenAPI 3.1 document, as plain data. Its parts are those of https://spec.openapis.org/oas/v3.1.0. */
export interface OpenapiDocument {
  /** The version of the format. */
  openapi: string
  /** The name, version and purpose of the API. */
  info: { title: string; version: string; description: string }
  /** The addresses of the API. */
  servers: { url: string; description?: string }[]
  /** The functions in their order: `/sum`, called with a body, and `/sum/{a}/{b}` if a path can hold the arguments. */
  paths: { [path: string]: { post: { operationId: string; [name: string]: any } } }
  /** Shared parts. */
  components: { [kind: string]: { [name: string]: any } }
  /** Other fields, and any that you add. */
  [name: string]: any
}

/** The options of a server of declared functions, or of functions by name: where and how to listen. */
export interface FunctionsOptions extends Omit<ListenOptions, 'bigint' | 'onError'> {
  /**
   * Receives whatever a function threw or rejected with, as it is, or a `TypeError` with the code
   * `ERR_INVALID_RETURN_VALUE` if its value does not fit its result type. If the status of a thrown error is not an
   * integer, or its `headers` are not valid in HTTP, the error is the `cause` of a `TypeError` `ERR_INVALID_ARG_VALUE`.
   * `call` has the function and its arguments. If `onError` itself throws or rejects, that becomes a process warning with
   * the code `RINGCALL_ON_ERROR`.
   *
   * @default the server's first error becomes a process warning with the code `RINGCALL_HANDLER_ERROR`; all of them
   * are counted in `server.stats().handlerErrors`
   */
  onError?: ((error: unknown, call: FailedCall) => void) | undefined
}

/** The options of a server of a module: where and how to listen, and how workers run it. */
export interface ModuleOptions extends Omit<ListenOptions, 'onError'> {
  /**
   * How many worker threads run the module's functions: an integer from 1 to 1024; or `'auto'`, which is one for each
   * core not used by a ring thread, and at least one: one on two cores, with one ring thread. Each worker loads the
   * module, so its state is its own. A worker that ends is replaced, and the next one loads the module as it is then; if
   * that has other functions, the new worker is ended again.
   *
   * A slow call delays no other call as long as another worker is free. If there are as many slow calls as workers, the
   * rest wait until one ends, or until their `handlerTimeout`. So set 2 or more if functions may hang.
   *
   * @default 'auto'
   */
  workers?: number | 'auto' | undefined

  /**
   * For a WebAssembly file: the names of the exported functions to serve; see `fromWasm`. A JavaScript module decides that
   * itself, so the option is an error for it.
   *
   * @default all of them except the compiler's own
   */
  only?: readonly string[] | undefined

  /** How the worker threads are started, and how long they may take to load the module. */
  workerOptions?: WorkerThreadOptions | undefined

  /**
   * Receives, in the thread that called `serverListen`, whatever a function threw or rejected with, as for functions that
   * run there. `call` has the function and its arguments; for one plain function it is the integer.
   *
   * The error comes from another thread. It has the name, message, stack, code and cause of what was thrown, and the same
   * class if that is one of JavaScript's own. A thrown value that is not an error arrives as its clone, or as text if it
   * has none; so do the arguments. While 256 failures of a worker wait for this thread, or 8 MiB of them, further ones are
   * counted, but not reported.
   *
   * A call that was running when its worker ended is reported with an `Error` `ERR_WORKER_DIED`. Its arguments may be lost:
   * then `call` has no arguments, and the integer is `undefined`.
   *
   * @example
   * ```js
   * onError(error, call) {
   *   // For functions by name, or a declared one, an object; for one plain function the integer, or undefined.
   *   console.error(typeof call === 'object' ? call.function : call, error)
   * }
   * ```
   *
   * @default the server's first error becomes a process warning with the code `RINGCALL_HANDLER_ERROR`; all of them
   * are counted in `server.stats().handlerErrors`
   */
  onError?: ((error: unknown, call: FailedCall | number | bigint | undefined) => void) | undefined
}

/** How worker threads are started: options of `new Worker` (node:worker_threads) by the same names, and one more. */
export interface WorkerThreadOptions {
  /**
   * Their environment: an object of strings, which replaces the whole environment (`{ ...process.env, NAME: 'value' }`
   * adds to it), or `SHARE_ENV`. Default: a copy of this thread's.
   */
  env?: { readonly [name: string]: string | undefined } | symbol | undefined
  /** The elements of `process.argv` after the first two. Default: none. */
  argv?: readonly string[] | undefined
  /** The Node.js options of the threads, such as `['--no-warnings']`. Default: this thread's. */
  execArgv?: readonly string[] | undefined
  /** How much memory each may use. One that exceeds it ends, and is replaced. Default: as for `new Worker`. */
  resourceLimits?: WorkerThreadLimits | undefined
  /** The `workerData` of node:worker_threads in the module: a clone for each worker. */
  workerData?: unknown
  /**
   * Milliseconds for a thread to start and to load the module, top-level awaits included: an integer from 1 to
   * 2147483647. If the first one takes longer, `serverListen` throws `ERR_WORKER_LOAD`; a later one is ended.
   *
   * @default 30000
   */
  loadTimeout?: number | undefined
}

/** How much memory a worker's thread may use, in MiB; a limit that is left out is as for `new Worker`. */
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
  /** Its arguments; empty if they were lost with the worker that ran the call. */
  arguments: unknown[]
}

/** The address of a TCP server, in the shape of `net.Server`'s `address()`. */
export interface ServerAddress {
  /** The IP address, such as `::` or `127.0.0.1`. */
  address: string
  /** The address family. */
  family: 'IPv4' | 'IPv6'
  /** The TCP port that it listens on, also if 0 was requested. */
  port: number
}

/** How many values fell between each pair of bounds. */
export interface Histogram {
  /** Upper bounds, inclusive and ascending; the same ones for the lifetime of the server. */
  bounds: number[]
  /**
   * How many values were within the bound of the same index and above the one before; the last count is that of values
   * beyond the last bound.
   */
  counts: number[]
  /** The number of values: the sum of `counts`. */
  count: number
  /** The sum of the values; `sum / count` is their mean. */
  sum: number
}

/**
 * Counts since the start of the server, and three current values: `connectionsOpen`, `inFlight` and `oldestInFlight`. The
 * numbers are the sum over the ring threads, each as of its last completed turn. `responsesByStatus` and the histograms may
 * be ahead of them by a turn. Only `latency` may be behind, by up to a quarter of a second, because a ring thread learns
 * that late of responses that the JavaScript thread has sent itself. A response counts when it is made, whether or not its
 * client reads it.
 */
export interface ServerStats {
  /** Connections that are open now. */
  connectionsOpen: number
  /** Connections accepted so far. */
  connectionsAccepted: number
  /** Connections that ended with a reset or another error, not those that either side closed. */
  connectionErrors: number
  /** Requests that were read or refused. Each has a response, or will have one, unless its connection ends before. */
  requests: number
  /** Responses with a status from 200 to 299. */
  responses2xx: number
  /** Responses with a status from 300 to 399, which only `reply` sets. */
  responses3xx: number
  /** Responses with a status from 400 to 499. */
  responses4xx: number
  /** Responses with a status from 500 to 599. */
  responses5xx: number
  /** Responses by status: `200`, and every other status that has occurred. */
  responsesByStatus: Record<number, number>
  /** How often a function threw, rejected or returned an invalid value; refusals below 500 do not count. */
  handlerErrors: number
  /**
   * Requests that wait for the handler, and requests not yet answered by the handler, even if the client has left or has
   * been answered meanwhile. A promise counts for `handlerTimeout` at most; a request that waits for a blocked JavaScript
   * thread counts until the thread continues.
   */
  inFlight: number
  /**
   * How long the oldest of these has waited, in milliseconds; 0 if there is none. It shows a handler whose promises take
   * long. It cannot show one that blocks the event loop, because nothing reads `stats()` meanwhile: that shows in
   * `dispatchDelay` afterwards.
   */
  oldestInFlight: number
  /**
   * Milliseconds from the end of a request until its response is sent, for the requests that the handler was given,
   * including those answered by the server after `handlerTimeout`.
   *
   * Times are read once per turn of a ring thread's loop, so they are accurate to one turn: about ten microseconds, or
   * some milliseconds with thousands of busy connections.
   */
  latency: Histogram
  /**
   * The handler's share of that: milliseconds from the call of the request's batch until its value is posted. This
   * includes the others of the batch, and everything that its promise waits for. With the engine `'io_uring'`, values of
   * promises that come later than `handlerTimeout` are missing.
   */
  handlerTime: Histogram
  /**
   * Milliseconds from the end of the first request of a batch until the JavaScript thread, or a worker, took it: the
   * event loop's delay, as requests see it. With `ringThreads: 0`, requests that arrive while that loop is blocked are
   * read afterwards, so the delay does not show here. Empty with the engine `'node'`, like the rings' counts.
   */
  dispatchDelay: Histogram
  /**
   * Calls from ring threads into JavaScript so far; `requests / batches` is the mean number of requests per call. With the
   * engine `'node'` each request is a call of its own.
   */
  batches: number
  /** How many requests shared a call. */
  batchSizes: Histogram
  /** Bytes received from clients. */
  bytesReceived: number
  /** Bytes sent to clients. */
  bytesSent: number
  /**
   * Turns of the ring threads' loops. Each turn enters the kernel once, or more often if there is much to submit; with
   * `ringThreads: 0` a turn that only takes in values does not.
   */
  ringTurns: number
  /**
   * Operations that the kernel has completed for the ring threads, where a send and its wait for buffer space count as
   * one; `ringCompletions / ringTurns` is the mean number per turn.
   */
  ringCompletions: number
  /**
   * How often the JavaScript thread woke a sleeping ring thread, which costs a system call; with `ringThreads: 0`, how
   * often a worker woke this thread.
   */
  ringWakeups: number
  /**
   * Receives that found all receive buffers of their ring thread in use, or all large ones, and were repeated a turn later.
   * Nothing is lost. If more clients than there are large buffers (32 by default) send long bodies at once, it happens all
   * the time, and costs some percent of CPU, which more `receiveBuffers` save.
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
  /** Connections whose client read nothing for longer than `sendTimeout`: closed. */
  sendTimeouts: number
  /** How often accepting paused, because of `maxConnections` or a lack of descriptors or memory. */
  acceptPauses: number
  /** What does the network's work. */
  engine: Engine
  /** The counts of each function, by name; absent for one plain function. */
  functions?: { [name: string]: FunctionStats }
  /** The workers that currently run a module's functions, by place; absent for functions that were passed directly. */
  workers?: WorkerStats[]
}

/** A worker's place: a replacement takes the place of the worker that ended. */
export interface WorkerStats {
  /**
   * Its current state: `starting` until it has loaded the module; `busy` while it has calls, including those whose
   * promises it awaits; `idle`; or `down`, while it has ended and the next one has not started, and after the server has
   * closed.
   */
  state: 'starting' | 'idle' | 'busy' | 'down'
  /** The thread's `worker.threadId`; `null` while there is none. */
  threadId: number | null
  /** Calls that have begun in this place since the start of the server. */
  calls: number
  /** How often a worker in this place was replaced because it had ended; `reload()` does not count. */
  restarts: number
  /** Bytes of JavaScript's heap in use, measured once a second; 0 while there is no worker. */
  heapUsed: number
}

/** The counts of one function since the start of the server. */
export interface FunctionStats {
  /**
   * Calls that have returned or failed. Those that ended their worker are only in `errors`. With the engine `'io_uring'`, so
   * are those that failed after `handlerTimeout`, and those that returned after it are missing.
   */
  calls: number
  /** How often it threw, rejected or returned a value that does not fit its result type; refusals below 500 do not count. */
  errors: number
  /**
   * Requests for it that were refused for their arguments or media type, without calling it: `400` and `415`. Other
   * refusals, such as `405` or `413`, are only in `responsesByStatus`.
   */
  refusals: number
  /** Like the server's `handlerTime`, including the time of schemas. */
  handlerTime: Histogram
}

/** What does a server's network work. */
export type Engine = 'io_uring' | 'node'

/**
 * The message on the `diagnostics_channel` `ringcall:handler-error`, for each failure of the handler, just before
 * `onError`. With `NODE_DEBUG=ringcall` these messages are printed to stderr, and also when a server listens, begins to
 * close and has closed.
 */
export interface HandlerErrorMessage {
  /** The handler's server. */
  server: Server
  /** What the handler threw or rejected with, or a `TypeError` about what it returned. */
  error: unknown
  /** The handler's argument. */
  n: number | bigint
}

/** The same for a function that is declared, or served by name. */
export interface FunctionErrorMessage extends FailedCall {
  /** The function's server. */
  server: Server
  /** What the function threw or rejected with, or a `TypeError` about what it returned. */
  error: unknown
}

/**
 * The message on the `diagnostics_channel` `ringcall:worker-exit`, for each worker that ended unintentionally. If nothing
 * subscribes, the server's first one becomes a process warning with the code `RINGCALL_WORKER_EXIT`.
 */
export interface WorkerExitMessage {
  /** The worker's server. */
  server: Server
  /** The thread's `worker.threadId`; `null` if the worker could not be started. */
  threadId: number | null
  /**
   * The uncaught error; `ERR_WORKER_OUT_OF_MEMORY` if it exceeded its `resourceLimits`; `ERR_WORKER_OVERDUE` if a call has
   * held it for `handlerTimeout`, from its beginning or after an `await`; the error of the module, if it did not load;
   * `null` if it ended without an error, as by `process.exit()`.
   */
  error: unknown
  /** Its exit code; `null` if it could not be started. */
  exitCode: number | null
  /**
   * Milliseconds until the next one is started: 100 the first time, then doubled each time up to 10000, and 100 again after
   * a worker that was available for a minute. `null` if there will be none, because the server has closed.
   */
  restartIn: number | null
}

/**
 * The message on the `diagnostics_channel` `ringcall:refusal`: at most one a second for each server and kind, however many
 * refusals there were, and a last one when the server has closed. The first message also counts refusals from before the
 * first subscriber.
 */
export interface RefusalMessage {
  /** The server that refused. */
  server: Server
  /** The limit that was exceeded, by the name of its count in `stats()`. */
  kind:
    | 'overloaded'
    | 'headersTooLarge'
    | 'bodiesTooLarge'
    | 'headersTimeouts'
    | 'requestTimeouts'
    | 'handlerTimeouts'
    | 'sendTimeouts'
    | 'acceptPauses'
  /** How many there were since the last message of this kind. */
  count: number
}

/** The same on the channel `ringcall:connection-error`, for connections that ended with a reset or another error. */
export interface ConnectionErrorMessage {
  /** The server of the connections. */
  server: Server
  /** The name of their count in `stats()`. */
  kind: 'connectionErrors'
  /** How many there were since the last message of this kind. */
  count: number
}

/** Options of `close()`. */
export interface CloseOptions {
  /**
   * Milliseconds after which the remaining connections are cut, with or without pending requests; an integer from 0 to
   * 2^31 − 1. Default: no limit.
   */
  timeout?: number | undefined
}

/**
 * A listening server. It keeps the process alive until it is closed or `unref`ed, and keeps serving even if nothing
 * references this object any more.
 */
export interface Server {
  /** What does the network's work: the outcome of the option of the same name. */
  readonly engine: Engine

  /** The TCP port that it listens on, also if 0 was requested; `null` for a Unix domain socket. */
  readonly port: number | null

  /**
   * The URL for clients on this machine: `http://localhost:8000` if it listens on every address, otherwise with the
   * address, such as `http://127.0.0.1:8000` or `http://[::1]:8000`; `unix:/path` for a Unix domain socket. A zone is
   * written as in RFC 6874, `http://[fe80::1%25eth0]:8000`: curl accepts that, but `fetch` and `new URL()` accept no zones.
   * With `node:http`, pass `address().address` as `host`.
   */
  readonly url: string

  /**
   * The functions that it serves, in their order, as plain data; empty for one plain function. For a module, those of the
   * last `reload()`.
   */
  readonly functions: readonly FunctionDescription[]

  /** Whether it accepts new connections: `true` until `close()` is called or `signal` aborts. */
  readonly listening: boolean

  /** As for `net.Server`: an object for TCP, the path for a Unix domain socket, `null` once `listening` is `false`. */
  address(): ServerAddress | string | null

  /** What the server has done so far. A fresh object each time; cheap enough to poll. */
  stats(): ServerStats

  /**
   * The functions as an OpenAPI 3.1 document, the one at `GET /openapi.json`. It also works with the option
   * `openapi: false`, and for one plain function, which do not serve it. A fresh copy each time, which you may change; for
   * a module, that of the last `reload()`.
   *
   * The schemas are exact: a value that fits them is accepted, and no other value is, except where JSON Schema cannot
   * express it: lone surrogates, more than 128 levels, numbers of more than 4096 digits. A name in `types` is described by
   * its library, if that provides its JSON Schema: zod 4.2, ArkType 2.1.28, Valibot through `toStandardJsonSchema()` of
   * `@valibot/to-json-schema`. For other types the document allows any value, and a process warning, `RINGCALL_OPENAPI`,
   * says so at the start.
   */
  openapi(): OpenapiDocument

  /**
   * Loads the module again in new workers, and resolves when new requests go to them. Earlier requests are answered by the
   * old workers, which end afterwards; no request is lost, and the port stays open. Calls during a reload share one
   * further reload, which follows it.
   *
   * Rejects if the module does not load, with what it throws, or if its functions cannot be served; then the server
   * continues as before. It also rejects with `ERR_WORKER_LOAD` if four loads of the module still have calls, if the
   * module changes between one plain function and other functions, and if the server was passed functions; and with
   * `ERR_SERVER_NOT_RUNNING` if the server is closed, or is closed meanwhile. An unhandled rejection ends the process, as
   * anywhere in Node.js.
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
   * Stops accepting, finishes pending requests, closes the connections, and resolves when the last one is closed, the ring
   * threads have ended and the port is free. Never rejects. Returns the same promise each time.
   *
   * The last response on each connection has `Connection: close`. A request that has begun to arrive is answered, and so
   * is the next request of an idle connection, if it arrives within half a second; requests pipelined after these are not
   * run. These may delay it: a handler's promise that does not settle, until `handlerTimeout`; an incomplete request, until
   * `headersTimeout` or `requestTimeout`; a client that does not read its response, until `sendTimeout`. `timeout` bounds
   * all of it. Workers end after the last response; a worker that the module keeps alive, by a timer or a socket, ends a
   * second later.
   *
   * In a listener, call it in a function: `process.once('SIGTERM', () => server.close())`.
   *
   * @param callback Called without arguments when the server has closed, as for `net.Server`; also if it had closed before.
   */
  close(options?: CloseOptions | undefined, callback?: (() => void) | undefined): Promise<void>

  /** The same without options. */
  close(callback: () => void): Promise<void>

  /** Closes idle connections, on which no request is being read or answered. The server keeps listening. */
  closeIdleConnections(): void

  /** Closes all connections, with or without pending requests. The server keeps listening. */
  closeAllConnections(): void

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** A function as `server.functions` describes it. */
export interface FunctionDescription {
  /** Its name; for a function at the root, the function's own name. */
  readonly name: string
  /** Whether it was declared, by `typed` or `fromWasm`. */
  readonly isDeclared: boolean
  /** The declared arguments; empty for an undeclared function. */
  readonly arguments: readonly ArgumentDescription[]
  /** The type of its result, as in the signature; absent for an undeclared function. */
  readonly result?: string
  /** The fewest arguments that a request must have, without header fields. */
  readonly fewest: number
  /** The signature as declared; for a WebAssembly function, the closest one. */
  readonly signature?: string
  /** A summary of a few words. */
  readonly summary?: string
  /** A longer description. */
  readonly description?: string
  /** Example bodies of requests. */
  readonly examples?: readonly unknown[]
  /** Whether callers should use another function. */
  readonly deprecated: boolean
}

/** An argument of a declared function. */
export interface ArgumentDescription {
  /** Its name. */
  readonly name: string
  /**
   * Its type, as in the signature; for a WebAssembly function also `int32`, an `int` from -2147483648 to 2147483647, and
   * `float32`, a `number` of 32 bits.
   */
  readonly type: string
  /** Whether a request may omit it. */
  readonly isOptional: boolean
  /** The header field, for an argument of the type `header`. */
  readonly field?: string
}

/**
 * Declares the types of a function: the arguments that a request must have, and the function's result. Returns a function
 * for `serverListen`, which can be called like the handler.
 *
 * TypeScript infers the handler's parameters and its result. docs/functions.md has the types, and their form in requests
 * and responses.
 *
 * @example
 * ```js
 * const greet = typed('(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`)
 * serverListen(8000, { greet }) // POST /greet/Ada, or the body {"name":"Ada"}
 * ```
 *
 * @param signature Names and types: `int`, `number`, `int64`, `bigint`, `boolean`, `string`, arrays of these such as
 *   `int[]`, `json`, `bytes`, `header`, or a name of `options.types`; a result may also be `text` or `void`.
 * @param handler Called with the arguments; it returns the result or a `reply`, or a promise of either.
 * @param options Schemas of further types, and texts for the description.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: the signature has a mistake, which the message points out, or an option does
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
   * Types for the signature by name: Standard Schemas, as made by zod, Valibot and ArkType. They run in JavaScript, right
   * before the call; the function is called with their output.
   */
  types?: T | undefined
  /**
   * The request fields of arguments of the type `header` whose names differ from the field:
   * `{ signature: 'X-Hub-Signature-256' }`.
   */
  headers?: { readonly [argument: string]: string } | undefined
  /** A summary of a few words. */
  summary?: string | undefined
  /** A longer description. */
  description?: string | undefined
  /**
   * Example bodies of requests: arrays of arguments, or objects of arguments by name. The description shows none for a
   * function whose body is its `bytes`.
   */
  examples?: readonly (readonly unknown[] | { readonly [name: string]: unknown })[] | undefined
  /**
   * Whether callers should use another function.
   *
   * @default false
   */
  deprecated?: boolean | undefined
}

/** A function with its types, as `typed` returns it: it can be called like the handler. */
export interface TypedFunction<S extends string = string, A extends unknown[] = any[], R = any, I = any>
  extends Declared<S, I> {
  /** Calls the handler, without any check. */
  (...values: A): R
}

/** The result of `typed`. */
export interface Declared<S extends string = string, I = any> {
  /** The signature, and the inputs of its named types. This is only a type: there is no such property. */
  readonly [declared]: { signature: S; inputs: I }
}

/**
 * The functions that a WebAssembly module exports, with their types from the module, for `serverListen`. There is nothing
 * to declare: an `i32` is a signed `int` of 32 bits, an `i64` an `int64`, an `f64` a `number`; an `f32` is a `number`
 * rounded to 32 bits. An argument beyond 32 bits is refused before the function is called, and a `u32` from 2^31 on is
 * returned as a negative number: docs/functions.md has the remedy. A function without a result is `void`. The names of
 * arguments come from the module's `name` section; without one they are `a`, `b`, `c`.
 *
 * Creates one instance of the module, whose memory and globals all calls share. A WASI reactor's `_initialize` is called
 * then, or `__wasm_call_ctors` if that is exported instead; they are not among the functions. Exports that are not
 * functions are left out, and so are those of the compiler itself, which allocate memory or move the stack, unless `only`
 * names them: names that begin with `__`, `emscripten_`, `_emscripten_`, `dynCall_`, `asyncify_` or `cabi_`, and the
 * allocators of C and the helpers of Emscripten, which docs/functions.md lists.
 *
 * A call that throws, by a trap, a stack overflow, an exception or an import, is answered with `500` and reported to
 * `onError`. It ends the instance with its memory and globals, because it may have left them inconsistent. The next call
 * creates a new instance, with the same imports, which starts as the first one did. If it cannot start, that call throws
 * the reason, and the next one tries again. The functions stay the same. Arguments that WebAssembly does not accept, such
 * as a `number` for an `i64`, are a `TypeError` and do not end the instance.
 *
 * @example
 * ```js
 * const { readFileSync } = require('node:fs')
 * const { fromWasm, serverListen } = require('ringcall')
 * serverListen(8000, fromWasm(readFileSync('sum.wasm'))) // POST /sum/3/4 answers 7
 * ```
 * In TypeScript: `fromWasm<{ sum(a: number, b: number): number }>(bytes)`, which TypeScript does not check.
 *
 * @param bytes The module, as written by a compiler.
 * @param imports The module's imports, as for `new WebAssembly.Instance`.
 * @param options Which functions are served.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: the bytes are not a module that Node.js accepts, or it could not be started,
 *   each with the `cause`; an import is missing; it exports no function except its compiler's; or one of the functions
 *   cannot be served: it has other types than these (`v128`, references), several results, more than 32 arguments or a name
 *   that a function cannot have, or it is the `_start` of a program. The message says which one, why, and what to do.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: an argument of the wrong type.
 * @throws whatever an import throws while the module starts.
 */
export function fromWasm<F extends WasmFunctions<F> = { [name: string]: (...values: any[]) => any }>(
  bytes: Uint8Array | ArrayBuffer | SharedArrayBuffer,
  imports?: { readonly [module: string]: { readonly [name: string]: unknown } } | undefined,
  options?: FromWasmOptions | undefined
): { [N in keyof F]: TypedFunction<string, Parameters<F[N]>, ReturnType<F[N]>> }

/** Options of `fromWasm`. */
export interface FromWasmOptions {
  /**
   * The names of the functions to serve, at least one. Functions that cannot be served may be left out in this way.
   *
   * @default all that the module exports, except the compiler's own, such as `malloc`, `__new` or `stackAlloc`
   */
  only?: readonly string[] | undefined
}

/** Functions of WebAssembly: a `number` is an `i32`, `f32` or `f64`, a `bigint` an `i64`. */
export type WasmFunctions<F> = { [N in keyof F]: (...values: any[]) => number | bigint | void }

/**
 * A result with another status, or with header fields.
 *
 * @example
 * ```js
 * const create = typed('(name: string) => json', (name) => reply({ name }, { status: 201, headers: { Location: '/1' } }))
 * ```
 *
 * @param value The result. It must fit the declared result type, except for the statuses 204, 205 and 304, whose responses
 *   have no body.
 * @param options The status and the header fields.
 *
 * @throws RangeError `ERR_OUT_OF_RANGE`: a status below 200 or above 599.
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: the name or value of a field is not valid in HTTP, or an option does not
 *   exist.
 */
export function reply<V = undefined>(value?: V, options?: ReplyOptions | undefined): ReplyWith<V>

/** Options of `reply`. */
export interface ReplyOptions {
  /**
   * The status of the response: an integer from 200 to 599.
   *
   * @default 200, or 204 for the result `void`
   */
  status?: number | undefined
  /**
   * Header fields of the response: an object, whose values may be arrays for a field of several lines, or an iterable of
   * pairs of a name and a value, such as `Headers`. `content-type` replaces that of the result. Fields that the server sets
   * itself, such as `content-length` and `connection`, are left out.
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
  /** The status, if one was given. */
  readonly status: number | undefined
  /** The header fields, their names in lower case. */
  readonly fields: readonly (readonly [string, string])[] | undefined
  /** Only `reply` creates these. There is no such property. */
  readonly [replied]: true
}

/** A schema of zod, Valibot, ArkType or another library: see https://standardschema.dev. */
export interface StandardSchema<Output = unknown> {
  /** The common interface of these libraries. */
  readonly '~standard': {
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly output: Output } | undefined
  }
}

/** Functions by name: `POST /name` calls the function of that name, with this object as its `this`. */
export interface Functions {
  /** A function with types, or one that takes JSON values and returns one. */
  readonly [name: string]: UndeclaredFunction | TypedFunction
}

/** A function of JSON values, by position, that returns a JSON value; a `bigint` becomes bare digits. */
export type UndeclaredFunction = (...values: any[]) => Returned<JsonValue | bigint>

/**
 * A value that can be written as JSON, as far as TypeScript can tell: not `undefined`, and no `bigint`, function, promise,
 * `Map`, `Set` or typed array.
 */
export type JsonValue = string | number | boolean | null | JsonObject

/** An object that JSON can represent: of any interface or class, except those whose objects have no visible properties. */
export type JsonObject =
  | { toJSON(...values: any[]): unknown }
  | (object & { [Symbol.toStringTag]?: never; [Symbol.hasInstance]?: never; [replied]?: never })

// TypeScript reports a mistake in a call by the last of four overloads or more. So the last one accepts everything that the
// others do, and infers the handler's argument: otherwise each mistake in a handler would be reported as one about that. This
// works as long as only one of the types that the handler may have is a function type. With options that are only for modules
// it accepts nothing else.

type ModuleOnly = Pick<ModuleOptions, 'workers' | 'workerOptions' | 'only'>

/**
 * Starts an HTTP/1.1 server on a TCP port: it answers `POST /N` with the integer that `handler` returns for the integer `N`.
 * It is listening when the call returns.
 *
 * @example
 * ```js
 * const { serverListen } = require('ringcall')
 * serverListen(8000, (n) => n * n) // curl -X POST http://localhost:8000/12 answers 144
 * ```
 *
 * @param port An integer from 0 to 65535; 0 picks a free one, which is then in `server.port`.
 * @param handler Called with each `N`; it returns an integer, or a promise of one.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: an argument or option of the wrong type, including a port in a string.
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: an option that does not exist, a string that is not one of an option's values
 *   or cannot be a `host` or `path`, or a third argument.
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
 * @param options Where and how to listen; with `bigint: true`.
 * @param handler Called with each `N`; it returns an integer, or a promise of one.
 */
export function serverListen(options: ListenOptions & { bigint: true }, handler: Handler<bigint>): Server
/**
 * The same with options.
 *
 * @param options Where and how to listen.
 * @param handler Called with each `N`; it returns an integer, or a promise of one.
 */
export function serverListen(options: ListenOptions & { bigint?: false | undefined }, handler: Handler): Server
/**
 * Starts a server of functions by name, where `POST /sum/3/4`, or `POST /sum` with the body `[3,4]`, calls `sum`; or of
 * one typed function, whose arguments are the whole path or the body. docs/functions.md is the reference.
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
 * @param portOrOptions The port, or where and how to listen.
 * @param functions A plain object of at most 1000 functions, or one function returned by `typed`.
 */
export function serverListen<F extends Functions | TypedFunction>(
  portOrOptions: number | FunctionsOptions, functions: F & ThisType<F>
): Server
/**
 * Starts a server of the functions of a module. Worker threads load the module and run the functions. It exports one
 * function, or functions by name; a default export takes precedence over named ones, and exports that are not functions, or
 * are classes, are not served. This thread waits until the first worker has loaded the module.
 *
 * @example
 * ```js
 * const { serverListen } = require('ringcall')
 * const path = require('node:path')
 * serverListen({ port: 8000, workers: 4 }, path.join(__dirname, 'functions.js')) // exports.sum = (a, b) => a + b
 * ```
 *
 * @param portOrOptions The port, or where and how to listen.
 * @param module The module's `file:` URL, such as `new URL('./functions.js', import.meta.url)`; or its path: an absolute
 *   path, or one relative to the working directory, which begins with `./` or `../`. It may omit the ending `.js`, or name a
 *   folder with an index.js, as for `require`. TypeScript is loaded if Node.js strips types, from 22.18 on. A WebAssembly
 *   file, whose name ends in `.wasm`, is loaded as by `fromWasm`: each worker has its own instance.
 *
 * @throws whatever the module throws when it is loaded: an error of the same name, message, stack, code and cause.
 * @throws Error `MODULE_NOT_FOUND`: there is no such file.
 * @throws Error `ERR_WORKER_LOAD`: the module exports no function, has not been loaded within `loadTimeout`, has ended its
 *   thread or started its own server there, or it is WebAssembly that cannot be served; the message says which.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`: its exports cannot be served.
 * @throws Error `ERR_WORKER_INVALID_EXEC_ARGV`, `ERR_WORKER_INIT_FAILED`: as from `new Worker`.
 */
export function serverListen(portOrOptions: number | ModuleOptions, module: URL | string): Server
/**
 * The same if TypeScript does not know whether the handler is called with a `number` or, with `bigint: true`, with a
 * `bigint`: it must accept both. To make it known for options in a variable, use `{ … } satisfies ListenOptions`; options of
 * the type `ListenOptions` itself may have `bigint: true`.
 *
 * @param portOrOptions The port, or where and how to listen.
 * @param handler Called with each `N`; it returns an integer, or a promise of one. Or functions by name.
 */
export function serverListen<B extends boolean = false, M extends ModuleOnly = {}>(
  portOrOptions: number | (ListenOptions & { bigint?: B | undefined }) | FunctionsOptions | (ModuleOptions & M),
  handler: {} extends M
    ? Handler<B extends true ? bigint : number> | ([B] extends [true] ? never : Functions | Declared) | URL | string
    : URL | string
): Server

/**
 * Thrown by `serverListen` with `engine: 'io_uring'` if there is no io_uring; the message says what to do about it.
 */
export interface IoUringUnavailableError extends Error {
  /** Always this code; `reason` distinguishes the cases. */
  code: 'ERR_IO_URING_UNAVAILABLE'
  /**
   * What prevents io_uring: a container's `seccomp` profile, the `sysctl` kernel.io_uring_disabled, a `kernel` that is too
   * old or a sandbox without io_uring, too little lockable memory (`memlock`), a `platform` that is not Linux or that the
   * addon was not built for, or something `other`, such as a bundle or a flag, named in the message.
   */
  reason: UnavailableReason
}

/** What prevents io_uring. */
export type UnavailableReason = 'seccomp' | 'sysctl' | 'kernel' | 'memlock' | 'platform' | 'other'

/**
 * Reports whether io_uring can run here, and if not, why and what to do. It creates a small ring and releases it; if the
 * addon does not load, it reports the rest of the machine. Never throws.
 */
export function probe(): Probe

/** The result of `probe()`: plain data. */
export interface Probe {
  /** Whether a server with `engine: 'io_uring'` can start, as far as a small ring shows. */
  available: boolean
  /** The engine that `engine: 'auto'` selects. */
  engine: Engine
  /** `process.platform`. */
  platform: string
  /** `process.arch`. */
  arch: string
  /** The kernel's release, such as `6.18.5`; `unknown` if the runtime does not report it. */
  kernel: string
  /** The version of Node.js, such as `24.21.0`. */
  node: string
  /** The addon's file, `null` if there can be none (other platforms, bundles); and the error, if it does not load. */
  binary: { path: string | null; error?: string }
  /**
   * Each kernel feature that a server needs, and whether the kernel has it; empty if there is no ring to ask.
   * `io_uring_setup`: rings with deferred task work (Linux 6.1); `operations`: everything that the server submits;
   * `buffer_rings`: receive buffers shared with the kernel; `restrictions`: rings that refuse all other operations.
   */
  features: { [name: string]: boolean }
  /** This process's limits: lockable memory in bytes, and descriptors; `null` if there is none or it is unknown. */
  limits: { memlock: Limit; nofile: Limit }
  /** What prevents io_uring, in one word; like the next two, absent if io_uring is available. */
  reason?: UnavailableReason
  /** What prevents io_uring, in a sentence. */
  message?: string
  /** What to do about it. */
  cure?: string
}

/** A limit of the process, and how far it may be raised. */
export interface Limit {
  /** The current limit; `null` if there is none or it is unknown. */
  soft: number | null
  /** How far the process may raise it itself; `null` as above. */
  hard: number | null
}

// The signature, parsed by TypeScript. A mistake replaces the string's type with a sentence, which the compiler then reports;
// lib/functions/signature.js finds the same mistakes, and some more, at run time.

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

// The signature's own type if it is correct, or known only at run time; otherwise the sentence.
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
      : Mistake<"after the arguments there must be '=>' and the type of the result">
    : Mistake<"a signature is written as in '(a: int, b?: string) => json'">
type WithResult<A, Found> = Found extends { type: infer R } ? { arguments: A; result: R } : Found

// `List` has a comma after each argument.
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
      : `'${Trim<S>}' is not an argument: write a name, a colon and a type, such as 'a: int'`>

type ReadNamed<
  Name extends string, IsOptional extends boolean, Type extends string, T, Names extends string, IsAfter extends boolean
> =
  Name extends `${string}-${string}`
    ? Mistake<`'${Name}' has a dash: write 'xTenant: header' for X-Tenant, or use 'headers'`>
  : Name extends '' | `${string}${Space | '.' | '{' | '['}${string}` ? Mistake<`'${Name}' is not a name for an argument`>
  : Name extends Names ? Mistake<`there are two arguments named '${Name}'`>
  : [IsAfter, IsOptional] extends [true, false] ? Mistake<`'${Name}' is required after an optional argument`>
  : WithName<Name, IsOptional, TypeOf<Type, ArgumentTypes, T, 'an argument'>>
type WithName<Name extends string, IsOptional extends boolean, Found> =
  Found extends { type: infer V } ? { name: Name; type: V; isOptional: IsOptional } : Found

type TypeOf<S extends string, Known, T, What extends string> =
  TypeName<S> extends infer Name extends string
    ? Name extends keyof Known ? { type: Known[Name] }
    : Name extends keyof T ? { type: OutputOf<T[Name]> }
    : Mistake<
        Name extends keyof ArgumentTypes | keyof ResultTypes ? `'${Name}' is not a type of ${What}`
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

// The inputs of the types in `types`, by name.
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
