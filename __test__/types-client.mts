// Compiled, never run, like types-functions.mts: the arguments and results of a client's functions.

import { reply, serverListen, typed } from 'ringcall'
import { CallError, client, type Client, type ClientOptions } from 'ringcall/client'
import { type } from 'arktype'
import * as undici from 'undici'
import * as v from 'valibot'
import { z } from 'zod'

function same<A,>() {
  return <B,>(..._: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]) => {}
}

interface Row { id: string, tags: readonly string[], next?: Row, when: Date, describe(): string }
declare const row: Row

class Point { #secret = 1; x = 1; length() { return this.#secret } }

const Order = z.object({ id: z.string(), when: z.string().transform((text) => new Date(text)) })
const Place = v.pipe(v.string(), v.transform((text) => ({ name: text })))
const User = type({ name: 'string' })

const functions = {
  scalars: typed('(a: int, b: number, c: int64, d: bigint, e: boolean, f: string) => void', () => {}),
  arrays: typed('(a: int[], b: number[], c: int64[], d: bigint[], e: boolean[], f: string[]) => void', () => {}),
  spaced: typed(' (\n\ta :int ,\n\tb ?: int [ ]\n) =>\nint ', (a) => a),
  none: typed('() => int', () => 1),
  optional: typed('(a: int, b?: string, c?: int64) => int', (a) => a),
  store: typed('(data: bytes, xTenant: header, name?: string, contentType?: header) => int', (data) => data.length),
  order: typed('(order: Order, place: Place, user?: User) => json', (order, place) => ({ when: order.when, place }), {
    types: { Order, Place, User }
  }),
  named: typed('(order: Order) => Order', (order) => order, { types: { Order } }),
  anything: typed('(value: json) => json', (value) => value),
  int: typed('() => int', async () => 1),
  int64: typed('() => int64', () => 1n),
  bigint: typed('() => bigint', async () => 1n),
  text: typed('() => text', () => ''),
  bytes: typed('() => bytes', () => Buffer.from('')),
  nothing: typed('() => void', () => 'dropped'),
  numbers: typed('() => number[]', () => new Float64Array(1)),
  bigints: typed('() => int64[]', () => new BigInt64Array(1)),
  strings: typed('() => string[]', () => ['a'] as const),
  json: typed('() => json', async () => row),
  replied: typed('(name: string) => json', (name) => reply({ name }, { status: 201 })),
  either: typed('() => int', () => (Math.random() > 0.5 ? 1 : reply(2, { status: 201 }))),
  sum: (a: number, b: number) => a + b,
  later: async (a: Row, b = 1, ...rest: string[]) => ({ a, b, rest }),
  digits: () => 1n,
  point: () => new Point(),
  made: () => reply({ id: 1, at: new Date() }, { status: 201 }),
  maybe: (found: boolean) => (found ? row.id : null),
  search(this: { rows: Row[] }, text: string, options?: { limit?: number }) { return text + options?.limit },
  unknown: (value: unknown): any => value,
  date: (when: Date) => when.getTime(),
  big: (n: bigint) => n,
  deep: (value: { of: { map: Map<string, number> } }) => String(value),
  callback: (done: () => void) => String(done),
  then: () => 1,
  toJSON: () => 1,
  toString: () => '1',
  asymmetricMatch: () => true,
  _private: () => 1,
  with: () => 1
}
serverListen(8000, { ...functions, date: undefined!, big: undefined!, deep: undefined! })

const api = client<typeof functions>('http://localhost:8000')
same<Client<typeof functions>>()<typeof api>()
same<typeof api>()<Awaited<typeof api>>()

// What declared functions take.
same<Parameters<typeof api.scalars>>()<[number, number, bigint, bigint, boolean, string]>()
same<Parameters<typeof api.spaced>[0]>()<number>()
same<Parameters<typeof api.none>>()<[]>()
same<Parameters<typeof api.store>>()<[Uint8Array, (string | undefined)?]>()
api.scalars(1, 1.5, 1n, 2n ** 70n, true, '')
api.arrays([1], [1.5], [1n], [1n], [true], ['a'])
api.arrays([1] as const, new Float64Array(1), new BigInt64Array(1), new BigUint64Array(1), [], [])
api.spaced(1)
api.spaced(1, [2])
api.optional(1)
api.optional(1, undefined, 2n)
api.store(new Uint8Array(1))
api.store(Buffer.from('a'), 'name')
api.with({ headers: { 'x-tenant': 'a' } }).store(new Uint8Array(1))
api.anything({ a: [1, null, 'b'] })
api.anything(null)
api.anything(row)
// The input of a schema, and not its output.
same<Parameters<typeof api.order>>()<[{ id: string, when: string }, string, ({ name: string } | undefined)?]>()
api.order({ id: '1', when: '2026-01-01' }, 'here', { name: 'Ada' })

// @ts-expect-error too few
api.scalars(1)
// @ts-expect-error too many
api.none(1)
// @ts-expect-error a string is no number
api.spaced('1')
// @ts-expect-error a number is no bigint
api.scalars(1, 1.5, 1, 2n, true, '')
// @ts-expect-error nor the other way round
api.spaced(1n)
// @ts-expect-error bytes are a Uint8Array
api.store('text')
// @ts-expect-error header fields are no arguments
api.store(new Uint8Array(1), 'name', 'text/plain')
// @ts-expect-error a Map is no JSON
api.anything(new Map())
// @ts-expect-error nor is a bigint
api.anything(1n)
// @ts-expect-error nor a function
api.anything(() => 1)
// @ts-expect-error nor undefined
api.anything(undefined)
// @ts-expect-error the schema takes a string
api.order({ id: '1', when: new Date() }, 'here')
// @ts-expect-error no such function
api.other()
// @ts-expect-error `await` would call it
api.then()
// @ts-expect-error JSON.stringify would call it
api.toJSON()
// @ts-expect-error jest would call it
api.asymmetricMatch()
// @ts-expect-error it is private
api._private()
same<typeof api.toString>()<() => string>()

// Their results.
same<Awaited<ReturnType<typeof api.int>>>()<number>()
same<Awaited<ReturnType<typeof api.int64>>>()<bigint>()
same<Awaited<ReturnType<typeof api.bigint>>>()<bigint>()
same<Awaited<ReturnType<typeof api.text>>>()<string>()
same<Awaited<ReturnType<typeof api.bytes>>>()<Uint8Array>()
same<Awaited<ReturnType<typeof api.nothing>>>()<undefined>()
same<Awaited<ReturnType<typeof api.numbers>>>()<number[]>()
same<Awaited<ReturnType<typeof api.bigints>>>()<bigint[]>()
same<Awaited<ReturnType<typeof api.strings>>>()<string[]>()
same<Awaited<ReturnType<typeof api.replied>>>()<{ name: string }>()
same<Awaited<ReturnType<typeof api.either>>>()<number>()
same<Awaited<ReturnType<typeof api.order>>>()<{ when: string, place: { name: string } }>()
same<Awaited<ReturnType<typeof api.named>>>()<{ id: string, when: string }>()
same<Awaited<ReturnType<typeof api.anything>>>()<any>()
const read = await api.json()
same<typeof read.id>()<string>()
same<typeof read.when>()<string>()
same<typeof read.tags>()<readonly string[]>()
same<typeof read.next>()<typeof read | undefined>()
// @ts-expect-error functions do not arrive
read.describe()

// Functions that are not declared.
same<Parameters<typeof api.sum>>()<[a: number, b: number]>()
same<ReturnType<typeof api.sum>>()<Promise<number>>()
same<Awaited<ReturnType<typeof api.digits>>>()<number | bigint>()
same<Awaited<ReturnType<typeof api.point>>>()<{ x: number }>()
same<Awaited<ReturnType<typeof api.made>>>()<{ id: number, at: string }>()
same<Awaited<ReturnType<typeof api.maybe>>>()<string | null>()
same<Awaited<ReturnType<typeof api.unknown>>>()<any>()
same<Parameters<typeof api.search>>()<[text: string, options?: { limit?: number } | undefined]>()
const { a, b, rest } = await api.later(undefined!, 1, 'a', 'b')
same<[typeof a.when, typeof b, typeof rest]>()<[string, number, string[]]>()
api.unknown({})
api.sum(1, 2)
// @ts-expect-error another type
api.sum(1, '2')
// @ts-expect-error JSON has no Date
api.date(new Date())
// @ts-expect-error nor a bigint
api.big(1n)
// @ts-expect-error nor a Map inside
api.deep({ of: { map: new Map() } })
// @ts-expect-error nor a function
api.callback(() => {})

// One typed function.
const greet = client<typeof functions.optional>('http://localhost:8000')
same<Parameters<typeof greet>>()<[number, (string | undefined)?, (bigint | undefined)?]>()
same<Awaited<ReturnType<typeof greet>>>()<number>()
greet.with({ timeout: 1000 })(1, 'a')
// @ts-expect-error one plain function takes its integer from the path
client<(n: number) => number>('http://localhost:8000')(1)

// Modules: the default export where there is one, or the functions.
const named = client<typeof import('./typed/named.mjs')>(new URL('http://localhost:8000'))
same<keyof typeof named>()<'sum' | 'greet' | 'with'>()
same<Awaited<ReturnType<typeof named.greet>>>()<string>()
const byDefault = client<typeof import('./typed/default.mjs')>('/math')
same<keyof typeof byDefault>()<'double' | 'with'>()
const one = client<typeof import('./typed/one.mjs')>('/')
same<Awaited<ReturnType<typeof one>>>()<bigint>()
const common = client<typeof import('./typed/common.cjs')>('/')
same<Awaited<ReturnType<typeof common.half>>>()<number>()

// Where the functions are not known.
const any = client('http://localhost:8000', {})
const whatever: number = await any.whatever(1, 'a').then()
any.with({})(1)

// Options.
const options = {
  headers: async () => ({ authorization: 'Bearer a' }),
  signal: AbortSignal.timeout(1000),
  timeout: 1000,
  fetch: (url, init) => fetch(url, { ...init, credentials: 'include' }),
  openapi: { paths: {} }
} satisfies ClientOptions
client('/', options)
client('/', { headers: new Headers() })
client('/', { headers: [['a', 'b']] })
client('/', { headers: { a: 'b', c: undefined, d: null } })
client('/', { headers: () => [['a', undefined]] })
client('/', { headers: new Map([['a', 'b']]) })
client('/', { headers: async () => null })
// @ts-expect-error a field is a string
client('/', { headers: { a: 1 } })
client('/', { fetch })
client('/', { fetch: undici.fetch })
client('/', { signal: undefined, timeout: undefined, headers: undefined, fetch: undefined, openapi: undefined })
// @ts-expect-error no such option
client('/', { header: {} })
// @ts-expect-error milliseconds are a number
client('/', { timeout: '1s' })
// @ts-expect-error no fetch
client('/', { fetch: async () => 1 })
// @ts-expect-error no URL
client({ port: 8000 })

// Errors.
try {
  await api.none()
} catch (error) {
  if (error instanceof CallError) {
    same<typeof error.status>()<number>()
    same<typeof error.code>()<string | undefined>()
    for (const { pointer, detail } of error.errors) pointer.concat(detail, error.headers.get('retry-after') ?? '')
  }
}
// @ts-expect-error only a client makes them
new CallError()

export { whatever }
