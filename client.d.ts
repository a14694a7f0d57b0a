import type { JsonValue, ReplyWith, TypedFunction } from './index.js'

/** How calls are made. Everything is optional. */
export interface ClientOptions {
  /**
   * Header fields of every request, including that for the description: an object, `Headers`, or pairs of names and values;
   * or a function that returns these or a promise of them, and is called for each request, for example for tokens that
   * expire. Values that are `undefined` or `null` are left out; the last of several of the same name is used. Arguments of
   * the type `header` go here.
   */
  headers?: CallHeaders | (() => CallHeaders | PromiseLike<CallHeaders>) | undefined
  /** When it aborts, current and later calls reject with its `reason`. */
  signal?: AbortSignal | undefined
  /**
   * Milliseconds for a call, from its beginning to the last byte of its response. Then it rejects with a `DOMException`
   * whose name is `TimeoutError`; the function may or may not have run. The server's own limit is `handlerTimeout`, 30000 by
   * default.
   *
   * There is no timeout if this is 0, `Infinity`, or anything else above 2147483647 (24 days), the maximum of timers.
   * A negative value, `NaN` or anything that is not a number is a `TypeError` from `client` or `with`.
   *
   * @default 0
   */
  timeout?: number | undefined
  /**
   * Sends the requests, for example by calling `fetch` with further options.
   *
   * @default the current global `fetch`
   */
  fetch?: Fetch | undefined
  /**
   * The server's description, so that the client need not request it: the result of `server.openapi()`, or the output of
   * `ringcall openapi`. Needed if the server has the option `openapi: false` and a function takes `bytes`, is called with
   * `undefined` before other arguments, or returns digits: of an `int64`, of a `bigint`, or in a string.
   */
  openapi?: { readonly paths: object } | undefined
}

/** The part of `fetch` that is used here: the global one, or that of a library, such as undici's. */
export type Fetch = (url: string, init: FetchInit) => PromiseLike<FetchAnswer>

/** The second argument of `fetch`. */
export interface FetchInit {
  /** `POST`, or `GET` for the description. */
  method: string
  /** The header fields. */
  headers: [name: string, value: string][]
  /** A string, a `Uint8Array` or nothing. */
  body: any
  /** Aborts if the call is given up, or has taken too long. */
  signal: AbortSignal
}

/** The part of a `Response` that is used here. */
export type FetchAnswer = Pick<Response, 'ok' | 'status' | 'statusText' | 'text' | 'arrayBuffer'> & {
  readonly headers: Pick<Headers, 'get'>
}

/** Header fields by name. */
export type CallHeaders =
  | { readonly [name: string]: CallHeader } | Iterable<readonly [string, CallHeader]> | Headers | null | undefined

/** The value of a header field, or none. */
export type CallHeader = string | null | undefined

/**
 * Creates a client of a server's functions: `await api.sum(3, 4)` is `POST /sum` with the body `[3,4]`. It does nothing
 * before the first call.
 *
 * A call resolves with the function's value. It rejects with a {@link CallError} if there was another response; with the
 * error of `fetch` if there was none; with the `reason` of a signal or a `TimeoutError` if it was given up; and with a
 * `TypeError`, before anything is sent, if JSON cannot represent an argument. Nothing is retried, because a lost call may
 * have run. docs/client.md has the types.
 *
 * @example
 * ```ts
 * import { client } from 'ringcall/client'
 * import type functions from './functions.js'
 *
 * const api = client<typeof functions>('http://localhost:8000', { timeout: 5000 })
 * await api.sum(3, 4) // 7
 * ```
 *
 * @typeParam F The functions, as passed to `serverListen`: `typeof functions` for an object of functions or for one typed
 *   function, or `typeof import('./functions.js')` for a module. Default: unknown.
 * @param url The URL of the server, such as `https://a.example` or `https://a.example/math`; in browsers also a path such
 *   as `/math`. Without a query.
 * @param options How calls are made.
 * @throws TypeError if the URL lacks its scheme, an option does not exist, or `timeout` is not a valid time.
 */
export function client<F = any>(url: string | URL, options?: ClientOptions | undefined): Client<F>

/**
 * A server's functions, each called by its name; or its one typed function. Only a call sends a request: you can print or
 * compare a client, or put it into a template string, like any object. So it does not have functions with the names that
 * such code looks up: `then`, `toJSON`, `asymmetricMatch`, `hasAttribute`, the names that every object has, such as
 * `toString`, and names that begin with `_`; nor `with`, which is its own method.
 */
export type Client<F> = Callers<Served<F>> & WithOptions<F>

/** The methods of a client besides the functions. */
export interface WithOptions<F> {
  /**
   * The same client with further options, for one call or for many: `api.with({ signal }).sum(3, 4)`. They replace the
   * options of the same names, except header fields, which are added.
   *
   * @throws TypeError if an option does not exist, or `timeout` is not a valid time.
   */
  with(options: ClientOptions): Client<F>
}

/**
 * A call that was answered, by the server or by something in front of it, but not with a value: with a status outside 200
 * to 299, or with a body that could not be read. With a status from 200 to 299 the function has run, unless something in
 * front of the server answered.
 */
export class CallError extends Error {
  /** Only a client creates these. */
  private constructor()
  /** `'CallError'`. Use it if `instanceof` fails, because `import` and `require` each load their own class. */
  readonly name: 'CallError'
  /** What is wrong, in a sentence: the problem's `detail`; or the status, or why the body could not be read. */
  readonly message: string
  /** The status of the response. */
  readonly status: number
  /** The problem's code, such as `ERR_ARGUMENTS`; absent if the response is not a problem, such as a proxy's. */
  readonly code: string | undefined
  /** What is wrong, and where; a server of this package sends at most 16. */
  readonly errors: readonly CallErrorEntry[]
  /** The header fields of the response: `error.headers.get('retry-after')`. */
  readonly headers: Headers
  /**
   * The body of the response as it came: a string for text and JSON, including problems, otherwise the bytes; absent if it
   * ended too early.
   */
  readonly body: string | Uint8Array | undefined
  /** The reason why the body could not be read, such as a `SyntaxError`; otherwise absent. */
  readonly cause?: unknown
}

/** What is wrong with an argument. */
export interface CallErrorEntry {
  /** The argument, as a JSON pointer: `#/1` is the second one. */
  readonly pointer: string
  /** What is wrong with it. */
  readonly detail: string
}

/** A function as a client calls it. Its parameters do not include header fields, which go into `headers`. */
export type Caller<T> =
  T extends TypedFunction<infer S, any, infer R, infer I>
    ? string extends S ? AnyCaller : DeclaredCaller<WithoutSpace<S>, R, I>
    : T extends (...values: infer P) => infer R
      ? (...values: SentAll<P>) => Promise<UndeclaredResult<Replied<R>>>
      : never

type AnyFunction = (...values: any[]) => any
type AnyCaller = (...values: any[]) => Promise<any>
type IsAny<T> = 0 extends 1 & T ? true : false

/** The type of something that is a mistake. */
export interface Mistake<Sentence extends string> {
  /** What is wrong. There is no such property. */
  readonly mistake: Sentence
}

// The served part of a module: its default export, or its functions.
type Served<F> =
  IsAny<F> extends true ? F
  : F extends AnyFunction ? F
  : F extends { readonly default: infer D } ? Served<D>
  : F

type Callers<F> =
  IsAny<F> extends true ? AnyCaller & { readonly [name: string]: AnyCaller }
  : F extends TypedFunction ? Caller<F>
  : F extends AnyFunction ? Mistake<'one plain function takes an integer in the path: declare it with typed'>
  : { readonly [Name in keyof F as F[Name] extends AnyFunction ? Exclude<Name, Reserved> : never]: Caller<F[Name]> }

// Names that other code looks up on any object, that every object has, and private names.
type Reserved =
  | 'with' | 'then' | 'toJSON' | 'asymmetricMatch' | 'hasAttribute' | keyof Object | `_${string}` | symbol | number

// Declared functions. TypeScript has already checked the signature, so it has no mistake.

type NumberArray =
  | readonly number[] | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array
  | Float32Array | Float64Array
type BigIntArray = readonly bigint[] | BigInt64Array | BigUint64Array

interface SentTypes {
  int: number
  number: number
  int64: bigint
  bigint: bigint
  boolean: boolean
  string: string
  json: JsonValue | { readonly [name: string]: unknown }
  bytes: Uint8Array
  'int[]': NumberArray
  'number[]': NumberArray
  'int64[]': BigIntArray
  'bigint[]': BigIntArray
  'boolean[]': readonly boolean[]
  'string[]': readonly string[]
}

interface ReceivedTypes {
  int: number
  number: number
  int64: bigint
  bigint: bigint
  boolean: boolean
  string: string
  text: string
  bytes: Uint8Array
  void: undefined
  'int[]': number[]
  'number[]': number[]
  'int64[]': bigint[]
  'bigint[]': bigint[]
  'boolean[]': boolean[]
  'string[]': string[]
}

type DeclaredCaller<S extends string, R, I> =
  S extends `(${infer List})=>${infer Result}`
    ? (...values: SentList<List, I>) => Promise<
        Result extends keyof ReceivedTypes ? ReceivedTypes[Result] : Received<Replied<R>>
      >
    : never

type SentList<List extends string, I, Found extends unknown[] = []> =
  List extends `${infer First},${infer Rest}` ? SentList<Rest, I, [...Found, ...SentOne<First, I>]>
  : [...Found, ...SentOne<List, I>]
type SentOne<One extends string, I> =
  One extends `${string}:header` ? []
  : One extends `${string}?:${infer Type}` ? [(SentType<Type, I> | undefined)?]
  : One extends `${string}:${infer Type}` ? [SentType<Type, I>]
  : []
type SentType<Type, I> = Type extends keyof SentTypes ? SentTypes[Type] : Type extends keyof I ? I[Type] : any

type WithoutSpace<S extends string> = Without<Without<Without<Without<S, ' '>, '\n'>, '\t'>, '\r'>
type Without<S extends string, Space extends string> =
  S extends `${infer Before}${Space}${infer After}` ? Without<`${Before}${After}`, Space> : S

// Undeclared functions: their arguments and results as JSON represents them.

type Replied<R> = Awaited<R> extends infer V ? V extends ReplyWith<infer Inside> ? Inside : V : never

type UndeclaredResult<V> = IsAny<V> extends true ? any : V extends bigint ? number | bigint : Received<V>

/** A function's value as the client receives it. */
export type Received<T> =
  IsAny<T> extends true ? any
  : T extends string | number | boolean | null | undefined ? T
  : T extends bigint ? Mistake<'JSON has no bigint: return a string, or declare int64 or bigint'>
  : T extends { toJSON(...values: any[]): infer Inside } ? Received<Inside>
  : T extends AnyFunction | symbol | Opaque ? Mistake<'JSON does not show what is in this: return a plain object'>
  : T extends object ? ReceivedAll<T>
  : T
type ReceivedAll<T extends object> =
  T extends readonly unknown[] ? { [Index in keyof T]: Received<T[Index]> }
  : { [Name in keyof T as Shown<Name, T[Name]>]: Received<T[Name]> }
type Shown<Name, V> = Name extends symbol ? never : V extends AnyFunction | symbol | undefined ? never : Name

/** The values that can be sent for a parameter. */
export type Sent<T> =
  IsAny<T> extends true ? any
  : T extends string | number | boolean | null | undefined ? T
  : T extends bigint ? Mistake<'JSON has no bigint: declare int64 or bigint'>
  : T extends AnyFunction | symbol | Opaque | { toJSON(...values: any[]): unknown }
    ? Mistake<'JSON cannot carry this: take a string or a plain object'>
  : T extends object ? SentAll<T>
  : T
type SentAll<T extends object> = { [Name in keyof T]: Sent<T[Name]> }

// Objects whose contents JSON cannot see: Map, Set, typed arrays, promises.
interface Opaque {
  readonly [Symbol.toStringTag]: any
}

// Nothing else is exported.
export {}
