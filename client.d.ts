import type { JsonValue, ReplyWith, TypedFunction } from './index.js'

/** How calls are made. All is optional. */
export interface ClientOptions {
  /**
   * Header fields of every request, that for the description included: an object, `Headers`, pairs of names and values;
   * or a function that gives such, or a promise of such, and is called for each request, as for tokens that expire.
   * Those that are `undefined` or `null` are left out; of several of a name the last one counts. Arguments of the type
   * `header` go here.
   */
  headers?: CallHeaders | (() => CallHeaders | PromiseLike<CallHeaders>) | undefined
  /** Gives up calls when it aborts, and those that are made later: they reject with its `reason`. */
  signal?: AbortSignal | undefined
  /**
   * Milliseconds for a call, from its beginning to the last byte of its answer. Then it rejects with a `DOMException`
   * whose name is `TimeoutError`. Whether the function has run is not known then. The server's own limit is
   * `handlerTimeout`, 30000 by default.
   *
   * There is no timeout where this is 0, `Infinity`, or anything else above 2147483647, which no timer has: 24 days.
   * What is below 0, `NaN` or no number is a `TypeError` from `client` or `with`.
   *
   * @default 0
   */
  timeout?: number | undefined
  /**
   * What sends requests, such as a function that calls `fetch` with further options.
   *
   * @default the global `fetch` of the moment
   */
  fetch?: Fetch | undefined
  /**
   * The server's description, so that it need not be asked for it: what `server.openapi()` returns, or
   * `ringcall openapi` prints. Needed where the server has the option `openapi: false` and a function takes `bytes`, is
   * called with `undefined` before other arguments, or gives digits: of an `int64`, of a `bigint`, or in a string.
   */
  openapi?: { readonly paths: object } | undefined
}

/** `fetch`, as far as it is needed here: the global one, or that of a library, such as undici's. */
export type Fetch = (url: string, init: FetchInit) => PromiseLike<FetchAnswer>

/** A request, as `fetch` takes it. */
export interface FetchInit {
  /** `POST`, or `GET` for the description. */
  method: string
  /** The header fields. */
  headers: [name: string, value: string][]
  /** A string, a `Uint8Array` or nothing. */
  body: any
  /** Aborts where the call is given up, or has taken too long. */
  signal: AbortSignal
}

/** What is needed of a `Response`. */
export type FetchAnswer = Pick<Response, 'ok' | 'status' | 'statusText' | 'text' | 'arrayBuffer'> & {
  readonly headers: Pick<Headers, 'get'>
}

/** Header fields by their names. */
export type CallHeaders =
  | { readonly [name: string]: CallHeader } | Iterable<readonly [string, CallHeader]> | Headers | null | undefined

/** The value of a header field; or none. */
export type CallHeader = string | null | undefined

/**
 * Makes a caller of a server's functions: `await api.sum(3, 4)` is `POST /sum` with the body `[3,4]`. It does nothing
 * before the first call.
 *
 * A call resolves with the function's value. It rejects with a {@link CallError} where the answer is another one; with
 * what `fetch` rejects with where there was none; with the `reason` of a signal or a `TimeoutError` where it was given
 * up; and with a `TypeError`, before anything is sent, where JSON does not have an argument. Nothing is tried a second
 * time: a call that was lost may have run. docs/client.md has the types.
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
 * @typeParam F The functions, as they are passed to `serverListen`: `typeof functions` of an object of functions or of
 *   one typed function, or a module's `typeof import('./functions.js')`. Default: they are not known.
 * @param url Where the server is, such as `https://a.example` or `https://a.example/math`; in browsers a path such as
 *   `/math`, too. Without a query.
 * @param options How calls are made.
 * @throws TypeError where `timeout` is no time.
 */
export function client<F = any>(url: string | URL, options?: ClientOptions | undefined): Client<F>

/**
 * A server's functions, each to be called by its name; or its one typed function. Only a call sends something: in a
 * template string, printed or compared a client is an object. So it has no functions that it would be asked for then:
 * `then`, `toJSON`, `asymmetricMatch`, `hasAttribute`, what every object has, such as `toString`, and what begins with
 * `_`; nor `with`, which it has itself.
 */
export type Client<F> = Callers<Served<F>> & WithOptions<F>

/** What a client has besides the functions. */
export interface WithOptions<F> {
  /**
   * The same client with further options, for one call or for many: `api.with({ signal }).sum(3, 4)`. They replace
   * those of the same names, but header fields, which are added.
   *
   * @throws TypeError where `timeout` is no time.
   */
  with(options: ClientOptions): Client<F>
}

/**
 * A call that the server, or who is in front of it, has answered, but not with a value: with another status than from
 * 200 to 299, or with a body that could not be read. With a status from 200 to 299 the function has run, unless it was
 * somebody in front of the server who answered.
 */
export class CallError extends Error {
  /** Only a client makes these. */
  private constructor()
  /** `'CallError'`. Tell by it where `instanceof` cannot, as `import` and `require` load a class each. */
  readonly name: 'CallError'
  /** What is wrong, in a sentence: the problem's `detail`; or the status, or why the body could not be read. */
  readonly message: string
  /** The answer's status. */
  readonly status: number
  /** The problem's code, such as `ERR_ARGUMENTS`; nothing where the answer is no problem, as a proxy's. */
  readonly code: string | undefined
  /** What is wrong where; at most 16 of a server of this package. */
  readonly errors: readonly CallErrorEntry[]
  /** The answer's header fields: `error.headers.get('retry-after')`. */
  readonly headers: Headers
  /**
   * The answer's body as it came: the text of a text or of JSON, problems included, otherwise the bytes; nothing where
   * it ended too early.
   */
  readonly body: string | Uint8Array | undefined
  /** Why the body could not be read, such as a `SyntaxError`; there only where it could not. */
  readonly cause?: unknown
}

/** What is wrong with an argument. */
export interface CallErrorEntry {
  /** Which one, as a JSON pointer into the arguments: `#/1` is the second one. */
  readonly pointer: string
  /** What is wrong with it. */
  readonly detail: string
}

/** A function as a client calls it. Of its parameters header fields are left out; they go into `headers`. */
export type Caller<T> =
  T extends TypedFunction<infer S, any, infer R, infer I>
    ? string extends S ? AnyCaller : DeclaredCaller<WithoutSpace<S>, R, I>
    : T extends (...values: infer P) => infer R
      ? (...values: SentAll<P>) => Promise<UndeclaredResult<Replied<R>>>
      : never

type AnyFunction = (...values: any[]) => any
type AnyCaller = (...values: any[]) => Promise<any>
type IsAny<T> = 0 extends 1 & T ? true : false

/** In the place of a type that there cannot be. */
export interface Mistake<Sentence extends string> {
  /** What is wrong. There is no such property. */
  readonly mistake: Sentence
}

// What of a module is served: its default export, or its functions.
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

// What others call of an object that they look at, what every object has, and what is private.
type Reserved =
  | 'with' | 'then' | 'toJSON' | 'asymmetricMatch' | 'hasAttribute' | keyof Object | `_${string}` | symbol | number

// Declared functions. TypeScript has read the signature before, so there is no mistake in it.

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

// Functions that are not declared: what JSON makes of their arguments and results.

type Replied<R> = Awaited<R> extends infer V ? V extends ReplyWith<infer Inside> ? Inside : V : never

type UndeclaredResult<V> = IsAny<V> extends true ? any : V extends bigint ? number | bigint : Received<V>

/** What arrives of a value that a function returns. */
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

/** What can be sent for a parameter. */
export type Sent<T> =
  IsAny<T> extends true ? any
  : T extends string | number | boolean | null | undefined ? T
  : T extends bigint ? Mistake<'JSON has no bigint: declare int64 or bigint'>
  : T extends AnyFunction | symbol | Opaque | { toJSON(...values: any[]): unknown }
    ? Mistake<'JSON cannot carry this: take a string or a plain object'>
  : T extends object ? SentAll<T>
  : T
type SentAll<T extends object> = { [Name in keyof T]: Sent<T[Name]> }

// Objects that keep what they have to themselves: Map, Set, typed arrays, promises.
interface Opaque {
  readonly [Symbol.toStringTag]: any
}

// Nothing else is exported.
export {}
