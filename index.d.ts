/// <reference lib="esnext.disposable" />

/**
 * An integer to answer with. A `number` must be a safe integer (`Number.isSafeInteger`); a `bigint` may have any
 * number of digits. `-0` is answered as `0`.
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
 * below 500. Below 500 it is an answer and no error: neither told to `onError` nor counted. This is the convention of
 * the `http-errors` package, whose errors can be thrown here.
 *
 * A promise holds up nobody but later pipelined requests of its own connection, whose answers wait for their turn.
 */
export type Handler<N extends number | bigint = number> = (n: N) => Reply | PromiseLike<Reply>

/** Where to listen, and how. All is optional; keys that are not listed here are ignored. */
export interface ListenOptions {
  /**
   * The TCP port: an integer from 0 to 65535, where 0 picks a free one, which `server.port` then tells.
   *
   * @default 8000
   */
  port?: number | undefined

  /**
   * The address to listen on, or a name (not empty). A name is resolved before `serverListen` returns, and its first
   * address counts.
   *
   * @default every address of the machine: `::`, which takes IPv4 as well, or `0.0.0.0` where there is no IPv6
   */
  host?: string | undefined

  /**
   * The path (not empty) of a Unix domain socket to listen on instead of a TCP port; `host` and `port` are ignored.
   * A socket file that a process left behind is replaced, one that somebody still listens on is not (`EADDRINUSE`). The
   * file is removed when the server closes and when the process exits.
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
   * spreads connections over them (not requests: a kept-alive connection stays where it is).
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
   * Calls the handler with a `bigint`, which carries every signed 64-bit `N`. Without it an `N` beyond the safe
   * integers, ±(2^53 − 1), is answered `400`.
   *
   * @default false
   */
  bigint?: boolean | undefined

  /** Closes the server, as `server.close()` does, when it aborts; at once if it has aborted before. */
  signal?: AbortSignal | undefined

  /**
   * Told whatever the handler threw or rejected with, as it is, and a `TypeError` with the code
   * `ERR_INVALID_RETURN_VALUE` when it gave anything but an integer. `n` is what the handler was called with. If
   * `onError` itself throws, that becomes a process warning with the code `RINGCALL_ON_ERROR`.
   *
   * @default the server's first error becomes a process warning with the code `RINGCALL_HANDLER_ERROR`; all of them
   * are counted in `server.stats().handlerErrors`
   */
  onError?: ((error: unknown, n: number | bigint) => void) | undefined
}

/** Where a TCP server listens, in the shape of `net.Server`'s `address()`. */
export interface ServerAddress {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

/**
 * Counts since the server was started, and two of this moment: `connectionsOpen` and `inFlight`. They are those of the
 * ring thread's last completed turn.
 */
export interface ServerStats {
  /** Connections that are open now. */
  connectionsOpen: number
  /** Connections accepted so far. */
  connectionsAccepted: number
  /** Complete requests read so far, those that were refused included. */
  requests: number
  /** Answers with a status from 200 to 299. */
  responses2xx: number
  /** Answers with a status from 400 to 499. */
  responses4xx: number
  /** Answers with a status from 500 to 599. */
  responses5xx: number
  /** How often the handler threw, rejected or gave anything but an integer; refusals below 500 do not count. */
  handlerErrors: number
  /** Requests that were handed to JavaScript and are not answered now. */
  inFlight: number
  /** Calls from the ring thread into JavaScript so far; `requests / batches` is how many requests share one. */
  batches: number
}

/**
 * A listening server. It keeps the process alive until it is closed or `unref`ed, and goes on serving whether or not
 * anybody still holds this object.
 */
export interface Server {
  /** The TCP port it listens on, also when 0 was asked for; `null` for a Unix domain socket. */
  readonly port: number | null

  /**
   * Where a client on this machine finds it: `http://localhost:8000` when it listens on every address, otherwise with
   * the address, such as `http://127.0.0.1:8000` or `http://[::1]:8000`; `unix:/path` for a Unix domain socket.
   */
  readonly url: string

  /** Whether it takes new connections: `true` until `close()` is called or `signal` aborts. */
  readonly listening: boolean

  /** As `net.Server`'s: an object for TCP, the path for a Unix domain socket, `null` once `listening` is `false`. */
  address(): ServerAddress | string | null

  /** What it has done so far. A fresh object each time; cheap enough to poll. */
  stats(): ServerStats

  /** Keeps the process alive again after `unref()`. Returns the server. */
  ref(): this

  /** Lets the process exit while the server listens. Returns the server. */
  unref(): this

  /**
   * Stops accepting, answers what is in flight, closes the connections and resolves when the last one is gone and the
   * port is free. Never rejects. Returns the same promise however often it is called.
   *
   * A handler's promise that never settles holds it up: `closeAllConnections()` ends that wait.
   */
  close(): Promise<void>

  /** Closes the connections on which no request is being read or answered. The server goes on listening. */
  closeIdleConnections(): void

  /** Closes every connection, answered or not. The server goes on listening. */
  closeAllConnections(): void

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts an HTTP/1.1 server that answers `POST /N` with the integer that `handler` makes of the integer `N`. It
 * listens when the call returns.
 *
 * @example
 * ```js
 * const { serverListen } = require('ringcall')
 * serverListen(8000, (n) => n * n) // curl -X POST http://localhost:8000/12 answers 144
 * ```
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: an argument or option of the wrong type; a port in a string, too.
 * @throws RangeError `ERR_OUT_OF_RANGE`: a `port` or `backlog` out of range.
 * @throws Error with `code`, `errno`, `syscall`, `address` and `port` as from `net.Server`: `EADDRINUSE`, `EACCES`,
 *   `EADDRNOTAVAIL`, or `ENOTFOUND` for a `host` that does not resolve.
 * @throws Error {@link IoUringUnavailableError} `ERR_IO_URING_UNAVAILABLE`: this machine does not allow io_uring.
 */
export function serverListen(options: ListenOptions & { bigint: true }, handler: Handler<bigint>): Server
export function serverListen(options: ListenOptions & { bigint?: false | undefined }, handler: Handler): Server
export function serverListen(port: number, handler: Handler): Server

/** What `serverListen` throws where the kernel refuses io_uring; the message says what to do about it. */
export interface IoUringUnavailableError extends Error {
  code: 'ERR_IO_URING_UNAVAILABLE'
  /**
   * What stands in the way: a container's `seccomp` profile, the `sysctl` kernel.io_uring_disabled, a `kernel` that is
   * too old or a sandbox without io_uring, too little lockable memory (`memlock`), a `platform` that is not Linux or
   * that the addon was not built for, or something `other`, which the message tells.
   */
  reason: 'seccomp' | 'sysctl' | 'kernel' | 'memlock' | 'platform' | 'other'
}
