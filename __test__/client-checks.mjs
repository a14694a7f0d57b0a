// Checks `ringcall/client` in any runtime, against a server of client-functions.js. Node.js, Bun, Deno and a browser
// load this file, so it needs nothing but JavaScript.

// A text that shows the type of everything in a value.
function show(value) {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Uint8Array) return `bytes ${value}`
  if (Array.isArray(value)) return `[${value.map(show)}]`
  if (value !== null && typeof value === 'object') {
    return `{${Object.entries(value).map(([key, each]) => `${key}:${show(each)}`)}}`
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

const INT64_MIN = -(2n ** 63n)
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i)

// Name, arguments, and the result if that is not the first argument.
const CALLS = [
  ['int', [Number.MAX_SAFE_INTEGER]],
  ['int', [-0], 0],
  ['number', [0.1]],
  ['number', [1e20]],
  ['number', [Number.MAX_VALUE]],
  ['number', [5e-324]],
  ['int64', [INT64_MIN]],
  ['int64', [0n]],
  ['bigint', [10n ** 4000n]],
  ['boolean', [false]],
  ['string', ['Ada/Grace ü😀\n"\\\u0000']],
  ['string', ['']],
  ['string', ['12345678901234567890']],
  ['json', [{ a: [1, null, 'b', { c: true }] }]],
  ['json', [null]],
  ['json', ['12']],
  ['json', [['1', '2']]],
  ['bytes', [bytes]],
  ['bytes', [new Uint8Array(0)]],
  ['bytes', [bytes.subarray(10, 20)]],
  ['ints', [[1, -2]]],
  ['numbers', [new Float64Array([0.5, 1e300])], [0.5, 1e300]],
  ['numbers', [[0.5]]],
  ['ints', [new Uint8Array([1, 2])], [1, 2]],
  ['int64s', [[INT64_MIN, 2n ** 63n - 1n]]],
  ['int64s', [new BigInt64Array([INT64_MIN, 1n])], [INT64_MIN, 1n]],
  ['int64s', [[]]],
  ['bigints', [[2n ** 100n]]],
  ['booleans', [[true, false]]],
  ['strings', [['1', '22']]],
  ['strings', [[]]],
  ['text', ['<p>ü</p>']],
  ['text', ['']],
  ['text', ['123']],
  ['nothing', [1], undefined],
  ['sum', [3, 4], 7],
  ['sum', ['3', '4'], '34'],
  ['any', [[[1.5], { a: {} }]]],
  ['any', [new Date(0)], '1970-01-01T00:00:00.000Z'],
  ['any', [{ when: new Date(0), absent: undefined, method() {} }], { when: '1970-01-01T00:00:00.000Z' }],
  ['any', [new Float32Array([0.5])], [0.5]],
  ['any', [new Uint8Array([1, 2])], [1, 2]],
  ['digits', ['7'], 7],
  ['digits', ['9007199254740993'], 9007199254740993n],
  ['digits', ['-123456789012345678901234567890'], -123456789012345678901234567890n],
  ['any', [1e20]],
  ['optional', [1], ['1', '-', '-', '-']],
  ['optional', [1, 'a', undefined, undefined], ['1', 'a', '-', '-']],
  ['optional', [1, undefined, 2n], ['1', '-', '2', '-']],
  ['optional', [1, undefined, undefined, { a: 1n }], ['1', '-', '-', '[object Object]']],
  ['several', [new Uint8Array([1])], [[1], null, null]],
  ['several', [new Uint8Array([1]), 'a', new Uint8Array([255, 0])], [[1], 'a', [255, 0]]],
  ['several', [new Uint8Array([1]), undefined, new Uint8Array([2])], [[1], null, [2]]],
  ['one', [], null],
  ['one', [undefined], null],
  ['one', [new Uint8Array([3])], [3]],
  ['call', [1], ['call', 1]],
  ...['apply', 'bind', 'name', 'length', 'inspect', 'default', '$_1'].map((name) => [name, [], name])
]

// Returns how many calls were right; throws at the first one that was not.
export async function check({ client, CallError }, url, options) {
  const api = client(url, options)
  if ((await api) !== api) throw new Error('a client must not be a promise')
  for (const [name, values, ...expected] of CALLS) {
    const actual = show(await api[name](...values))
    const wanted = show(expected.length > 0 ? expected[0] : values[0])
    if (actual !== wanted) throw new Error(`${name}(${show(values)}) gave ${actual} and not ${wanted}`)
  }
  const tenant = { headers: { 'x-tenant': 'Ada', 'content-type': 'image/png' } }
  const stored = show(await api.with(tenant).stored(new Uint8Array([1])))
  if (stored !== '["Ada",[1],"image/png"]') throw new Error(`header fields came as ${stored}`)
  const all = await Promise.all(Array.from({ length: 100 }, (_, i) => api.sum(i, 1)))
  if (all.some((sum, i) => sum !== i + 1)) throw new Error('answers were mixed up')
  const error = await api.sum(1).then(() => undefined, (reason) => reason)
  const told = show([error instanceof CallError, error.name, error.status, error.code, error.errors])
  const wanted = show([true, 'CallError', 400, 'ERR_ARGUMENTS', [{ pointer: '#/1', detail: 'is missing' }]])
  if (told !== wanted) throw new Error(`an error came as ${told}`)
  const late = await api.with({ timeout: 1 }).never().then(() => undefined, (reason) => reason)
  if (late?.name !== 'TimeoutError') throw new Error(`a call that takes too long ended with ${late}`)
  const controller = new AbortController()
  const given = api.with({ signal: controller.signal }).never().then(() => undefined, (reason) => reason)
  controller.abort('over')
  if ((await given) !== 'over') throw new Error(`a call that was given up ended with ${await given}`)
  return CALLS.length
}
