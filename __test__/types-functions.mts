// Compiled, never run, like types.ts: what TypeScript infers from signatures, and what it refuses.

import { type } from 'arktype'
import {
  fromWasm, reply, serverListen, typed,
  type FunctionErrorMessage, type Functions, type FunctionsOptions, type FunctionStats, type ListenOptions, type ReplyWith,
  type StandardSchema
} from 'ringcall'
import * as v from 'valibot'
import { z } from 'zod'

function same<A,>() {
  return <B,>(..._: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]) => {}
}

// The parameters are those of the signature, whatever its white space.
const greet = typed('(name: string, loud?: boolean) => string', (name, loud) => {
  same<typeof name>()<string>()
  same<typeof loud>()<boolean | undefined>()
  return loud ? name.toUpperCase() : name
})
same<string>()<ReturnType<typeof greet>>()
same<Parameters<typeof greet>>()<[string, boolean?]>()
greet('Ada')
greet('Ada', true)
// @ts-expect-error it is called as its handler is
greet(3)

typed('(a: int, b: number, c: int64, d: bigint, e: boolean, f: string) => void', (a, b, c, d, e, f) => {
  same<[typeof a, typeof b, typeof c, typeof d, typeof e, typeof f]>()<[number, number, bigint, bigint, boolean, string]>()
})
typed('(a: json, b: bytes, xRequestId: header) => void', (a, b, xRequestId) => {
  same<[typeof b, typeof xRequestId]>()<[Uint8Array, string]>()
  return a.anything
})
typed('(a: int[], b: number[], c: int64[], d: bigint[], e: boolean[], f: string[]) => void', (a, b, c, d, e, f) => {
  same<[typeof a, typeof b, typeof c]>()<[number[], Float64Array, BigInt64Array]>()
  same<[typeof d, typeof e, typeof f]>()<[bigint[], boolean[], string[]]>()
})
typed(' (\n\ta :int ,\n\tb ?: int [ ]\n) =>\nint ', (a, b) => (same<typeof b>()<number[] | undefined>(), a))
typed('() => int', () => 1)
typed('( ) => int', async () => 1)

// Functions of WebAssembly: TypeScript trusts the types that are written for them.
interface Sums { sum(a: number, b: number): number, long(n: bigint): bigint, reset(): void }
const bytes = new Uint8Array()
const sums = fromWasm<Sums>(bytes)
same<ReturnType<typeof sums.sum>>()<number>()
same<Parameters<typeof sums.long>>()<[bigint]>()
sums.sum(3, 4)
serverListen(8000, sums)
serverListen({ port: 8000, onError: (error, call) => call.function }, { ...sums, greet })
serverListen(8000, fromWasm(bytes.buffer, { env: { log: (n: number) => n } }, { only: ['sum'] }))
serverListen(8000, { sum: fromWasm(bytes).sum })
serverListen(8000, fromWasm<{ sum(a: number, b: number): number }>(bytes).sum)
// @ts-expect-error its arguments are numbers
sums.sum('3', 4)
// @ts-expect-error no function returns text
fromWasm<{ greet(n: number): string }>(bytes)
// @ts-expect-error the file must be read first
fromWasm('./sum.wasm')
// @ts-expect-error names are in an array
fromWasm(bytes, {}, { only: 'sum' })
// @ts-expect-error there is no such option
fromWasm(bytes, {}, { exclude: ['sum'] })

// The results.
typed('() => number', () => 1.5)
typed('() => int64', () => 1n)
typed('() => bigint', async () => 1n)
typed('() => boolean', () => true)
typed('() => text', () => '<p>')
typed('() => bytes', () => Buffer.from('a'))
typed('() => void', () => {})
typed('() => void', async () => 'dropped')
typed('() => int[]', () => [1, 2])
typed('() => number[]', () => new Float64Array(2))
typed('() => number[]', () => [1.5] as const)
typed('() => int64[]', () => new BigInt64Array(2))
typed('() => bigint[]', () => [1n])
typed('() => boolean[]', async () => [true])
typed('() => string[]', () => ['a'])
typed('() => json', () => ({ a: [1, null, 'b'] }))
typed('() => json', () => null)
interface Row { id: string }
declare const row: Row
typed('() => json', async () => row)

class Point3 { x = 1; toJSON() { return [this.x] } get [Symbol.toStringTag]() { return 'Point3' } }
class Named { #secret = 1; name = 'a'; length() { return this.#secret } }
typed('() => json', () => new Point3())
typed('() => json', () => new Named())
typed('() => json', () => new Date())
typed('() => json', () => Buffer.from('a'))
typed('() => json', () => [row, [1]] as const)
typed('() => json', () => ({ then: 'go on', call: 1, apply: [row] }))
typed('() => json', (): object | null => null)
typed('() => json', (): Record<string, unknown> => ({}))
declare const anything: any
typed('() => json', () => anything)
typed('() => json', <T extends Row>() => row as T)

// Replies.
same<ReplyWith<number>>()<ReturnType<typeof reply<number>>>()
typed('() => int', () => reply(1, { status: 201, headers: { Location: '/1', 'Set-Cookie': ['a=1', 'b=2'], Age: 3 } }))
typed('() => int', async () => reply(1, { headers: new Headers() }))
typed('() => int', async (): Promise<number | ReplyWith<number>> => 1)
typed('() => void', () => reply())
typed('() => json', () => reply({ a: 1 }, { headers: [['A', 'b']] }))

// The outputs of schemas.
const Order = z.object({ id: z.string(), when: z.string().transform((text) => new Date(text)) })
const Point = v.object({ x: v.number() })
const User = type({ name: 'string' })
const order = typed('(order: Order, at: Point, by?: User) => Point', (order, at, by) => {
  same<typeof order>()<{ id: string, when: Date }>()
  same<typeof at>()<{ x: number }>()
  same<typeof by>()<{ name: string } | undefined>()
  return at
}, { types: { Order, Point, User }, summary: 's', description: 'd', examples: [{ order: {} }, []], deprecated: true })
same<StandardSchema>()<StandardSchema<unknown>>()

// A signature that is known only at run time.
declare const read: string
typed(read, (a, b) => a + b)

// Where they are served.
const functions = { sum: (a: number, b: number) => a + b, greet, order, big: () => 1n, async later() { return row } }
functions satisfies Functions
serverListen(8000, functions)
serverListen(8000, { sum: (a, b) => a + b, greet })
serverListen(8000, greet)
serverListen({ port: 0, maxBufferedBytes: 2 ** 26 }, greet)
serverListen({
  port: 0,
  onError: (error, call) => {
    same<typeof error>()<unknown>()
    same<typeof call.function>()<string>()
    same<typeof call.arguments>()<unknown[]>()
  }
}, { sum: (a, b) => a + b })
const options = { port: 0, onError: (error, call) => `${call.function}: ${error}` } satisfies FunctionsOptions
const server = serverListen(options, functions)
declare const either: ListenOptions
serverListen(either, functions)
const [first] = server.functions
same<string | undefined>()<typeof first.signature>()
const operation: string | undefined = server.openapi().paths['/sum']?.post.operationId
const counted: FunctionStats | undefined = server.stats().functions?.sum
same<FunctionErrorMessage['function']>()<string>()
// @ts-expect-error they are read-only
server.functions.push(first)

// What must not compile.
// @ts-expect-error no such type
typed('(a: integr) => int', (a) => a)
// @ts-expect-error no such result
typed('(a: int) => flot', (a) => a)
// @ts-expect-error a comma too many
typed('(a: int,) => int', (a) => a)
// @ts-expect-error optional arguments come last
typed('(a?: int, b: int) => int', (a, b) => b)
// @ts-expect-error a name twice
typed('(a: int, a: int) => int', (a) => a)
// @ts-expect-error no parentheses
typed('a: int => int', (a) => a)
// @ts-expect-error no result
typed('(a: int)', (a) => a)
// @ts-expect-error no type
typed('(a) => int', (a) => a)
// @ts-expect-error a type of results only
typed('(a: text) => int', () => 1)
// @ts-expect-error a type of arguments only
typed('() => header', () => '')
// @ts-expect-error no union
typed('(a: int | string) => int', () => 1)
// @ts-expect-error no arrays of these
typed('(a: json[]) => int', () => 1)
// @ts-expect-error no arrays of named types
typed('(a: Order[]) => int', () => 1, { types: { Order } })
// @ts-expect-error a type that is not among these
typed('(a: Point) => int', () => 1, { types: { Order } })
// @ts-expect-error no schema
typed('(a: Order) => int', () => 1, { types: { Order: {} } })
// @ts-expect-error no such option
typed('() => int', () => 1, { sumary: 's' })
// @ts-expect-error another result
typed('(a: int) => int', (a) => String(a))
// @ts-expect-error a promise of another result
typed('(a: int) => int', async (a) => String(a))
// @ts-expect-error no result
typed('() => int', () => {})
// @ts-expect-error a number is no bigint
typed('() => int64', () => 1)
// @ts-expect-error nor the other way round
typed('() => int', () => 1n)
// @ts-expect-error undefined is no JSON
typed('() => json', () => {})
// @ts-expect-error a Map is no JSON
typed('() => json', () => new Map([[1, 2]]))
// @ts-expect-error nor is a Set
typed('() => json', () => new Set([1]))
// @ts-expect-error nor a function
typed('() => json', () => () => 1)
// @ts-expect-error nor a class
typed('() => json', () => Named)
// @ts-expect-error nor a typed array
typed('() => json', () => new Float64Array(1))
// @ts-expect-error nor a promise of nothing
typed('() => json', async () => {})
// @ts-expect-error a promise in a reply
typed('() => json', () => reply(Promise.resolve(1)))
// @ts-expect-error a reply in a reply
typed('() => json', () => reply(reply(1)))
// @ts-expect-error a Map of a function that is not declared
serverListen(8000, { map: () => new Map() })
// @ts-expect-error another parameter
typed('(a: int) => int', (a: string) => a.length)
// @ts-expect-error more parameters than arguments
typed('(a: int) => int', (a: number, b: number) => a + b)
// @ts-expect-error it may be undefined
typed('(a?: int) => int', (a: number) => a)
// @ts-expect-error the wrong value in a reply
typed('() => int', () => reply('1'))
// @ts-expect-error only `reply` makes one
typed('() => int', () => ({ value: 1, status: 201 }))
// @ts-expect-error the status is an option
reply(1, 201)
// @ts-expect-error no such option
reply(1, { statusCode: 201 })
// @ts-expect-error it returns nothing
serverListen(8000, { sum: () => {} })
// @ts-expect-error no function
serverListen(8000, { sum: 3 })
// @ts-expect-error functions are not grouped
serverListen(8000, { math: { sum: (a: number) => a } })
// @ts-expect-error they have names
serverListen(8000, [greet])
// @ts-expect-error bigint is for a plain function
serverListen({ bigint: true }, functions)
// @ts-expect-error one declared function does not have it, either
serverListen({ port: 0, bigint: true }, greet)
// @ts-expect-error the name of an argument has no dash, as that of a header field has
typed('(X-Tenant: header) => int', () => 1)
typed('(tenant: header) => int', (tenant) => tenant.length, { headers: { tenant: 'X-Tenant' } })
// @ts-expect-error a field's name is a string
typed('(tenant: header) => int', (tenant) => tenant.length, { headers: { tenant: 1 } })

export { counted, server }
