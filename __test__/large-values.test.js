'use strict'

// Large JSON values: a function gets what `JSON.parse` makes of them, though they may cross to JavaScript in another form.

const v8 = require('node:v8')
const vm = require('node:vm')
const { isDeepStrictEqual } = require('node:util')
const test = require('ava')
const { typed } = require('..')
const { connect, serve, startMain } = require('./helpers.js')

const json = { 'Content-Type': 'application/json' }

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')

const repeat = (count, text) => `[${Array(count).fill(text).join()}]`

// More than 2 KB each.
const TEXTS = {
  records: repeat(100, '{"id":1,"name":"Ada","price":0.5,"tags":["a","b"],"note":null,"isNew":true}'),
  'records with another one among them': `${repeat(100, '{"a":1,"b":2}').slice(0, -1)},{"b":1,"a":2},{"a":1},{},{"a":1,"b":2,"c":3},${
    repeat(100, '{"a":-1,"b":""}').slice(1)}`,
  'keys that are indices': repeat(100, '{"b":1,"1":2,"a":3,"0":4,"-1":5,"01":6,"4294967295":7}'),
  'keys that objects inherit': repeat(100, '{"constructor":1,"toString":2,"hasOwnProperty":3,"":4}'),
  'keys with escapes and beyond ASCII': repeat(100, '{"\\u0061\\"\\\\":1,"é":2,"日本":3,"\\ud83d\\ude00":4}'),
  'strings around the length of short ones': repeat(60, `["", "x", "${'x'.repeat(12)}", "${'x'.repeat(13)}", "é", "\\n", "日本"]`),
  'strings that are parts of others': repeat(200, '"aaaaaaaaaaaa"'),
  numbers: repeat(60, '[0,-0,1.5,-1,268435455,268435456,-268435456,-268435457,1e21,5e-324,1.7976931348623157e308,9007199254740993]'),
  'arrays of each length': `[${Array.from({ length: 20 }, (_, n) => `${repeat(n, '1')},${repeat(n, '1.5')},${repeat(n, '"x"')}`)},${
    repeat(2000, '1')}]`,
  'arrays within arrays': `${'['.repeat(100)}${repeat(1000, '7')}${']'.repeat(100)}`,
  'records within records': repeat(40, '{"a":{"a":{"a":{"b":1}},"c":[{"a":1}]},"c":[{"a":2},{"a":3}]}'),
  'white space': repeat(100, ' { "a" : 1 ,\n\t"b"\r\n: [ 1 , 2 ] } ')
}

// A server whose functions return their arguments, and what they were called with last.
async function asker(t, options) {
  const last = {}
  const same = (...args) => {
    last.args = args
    return args.length
  }
  const client = await connect(t, serve(t, { maxBodySize: 16 * 1024 * 1024, ...options }, {
    one: typed('(value: json) => int', same),
    several: typed('(a: int, b: json, c: string, d?: json, e?: bytes, f?: json) => int', same),
    undeclared: same
  }))
  const ask = async (name, body) => {
    last.args = undefined
    const { status } = await client.send(`/${name}`, { headers: json, body })
    return { status, args: last.args }
  }
  return { ask, client }
}

// The same, down to the order of keys.
function isSame(a, b) {
  return isDeepStrictEqual(a, b) && JSON.stringify(a) === JSON.stringify(b)
}

for (const [what, text] of Object.entries(TEXTS)) {
  test(`a large value arrives as JSON.parse reads it: ${what}`, async (t) => {
    const { ask } = await asker(t)
    const value = JSON.parse(text)
    t.true(text.length > 2048, `${text.length}`)
    for (let turn = 0; turn < 2; turn++) {
      const one = await ask('one', `[${text}]`)
      t.true(isSame(one, { status: 200, args: [value] }))
      t.true(isSame(await ask('one', `{"value":${text}}`), one))
      t.true(isSame(await ask('undeclared', `[${text},"a string that is not so short",${text}]`), {
        status: 200, args: [value, 'a string that is not so short', value]
      }))
    }
  })
}

test('large values arrive beside small ones, strings and bytes, with an argument left out between them', async (t) => {
  const { ask } = await asker(t)
  const values = Object.values(TEXTS)
  for (const [i, text] of values.entries()) {
    const other = values[(i + 1) % values.length]
    const [value, otherValue] = [JSON.parse(text), JSON.parse(other)]
    t.true(isSame(await ask('several', `{"f":${other},"a":1,"b":${text},"c":"é and some more text","e":"AAH/"}`), {
      status: 200, args: [1, value, 'é and some more text', undefined, Uint8Array.of(0, 1, 255), otherValue]
    }))
    t.true(isSame(await ask('several', `[7,[1],"",${text},"",${other}]`), {
      status: 200, args: [7, [1], '', value, new Uint8Array(0), otherValue]
    }))
  }
})

test('objects of a large value are ordinary ones, each of its own', async (t) => {
  const { ask } = await asker(t)
  const { args: [records] } = await ask('one', `[${TEXTS.records}]`)
  t.deepEqual(Object.getOwnPropertyDescriptors(records[0]), Object.getOwnPropertyDescriptors(JSON.parse(TEXTS.records)[0]))
  t.is(Object.getPrototypeOf(records[0]), Object.prototype)
  records[0].id = 2
  records[0].tags.push('c')
  t.is(records[1].id, 1)
  t.deepEqual(records[1].tags, ['a', 'b'])
  const { args: [again] } = await ask('one', `[${TEXTS.records}]`)
  t.true(isSame(again, JSON.parse(TEXTS.records)))
})

test('a function that fails is reported with the value that it got', async (t) => {
  const got = []
  const told = []
  const fail = (a, values) => {
    got.push(values)
    throw new Error('x')
  }
  const options = { onError: (error, { arguments: args }) => told.push(args) }
  const client = await connect(t, serve(t, options, {
    throws: typed('(a: string, values: json, b: string) => int', fail),
    rejects: typed('(a: string, values: json, b: string) => int', async (...args) => fail(...args))
  }))
  const strings = ['a string that is not so short', 'another one']
  for (const name of ['throws', 'rejects']) {
    const body = `["${strings[0]}",${TEXTS.records},"${strings[1]}"]`
    t.is((await client.send(`/${name}`, { headers: json, body })).status, 500)
  }
  for (const i of [0, 1]) t.true(isSame(told[i], [strings[0], JSON.parse(TEXTS.records), strings[1]]))
  // The same object, with whatever the function has made of it.
  t.is(told[0][1], got[0])
})

// The serial tests measure the heap of this process, so no other may keep values in it meanwhile.
test.serial('a string of a large value that a function keeps does not keep the rest of it in memory', async (t) => {
  const kept = []
  const client = await connect(t, serve(t, {}, {
    keep: typed('(values: json) => int', (values) => kept.push(values[7].name, values[7].title, values[7].tags))
  }))
  const record = '{"name":"short one","title":"a title that is long enough","tags":["a","b"],"n":1,"values":[1,2,3]}'
  const body = `[${repeat(1000, record)}]`
  const heap = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  for (let i = 0; i < 20; i++) await client.send('/keep', { headers: json, body })
  const before = heap()
  for (let i = 0; i < 300; i++) t.is((await client.send('/keep', { headers: json, body })).status, 200)
  const grown = heap() - before
  t.is(kept.length, 960)
  t.true(grown < 8_000_000, `${grown} bytes for ${300 * body.length} that were sent`)
})

test.serial('a large value that a function keeps takes about as much memory as JSON.parse makes of it', async (t) => {
  let kept
  const client = await connect(t, serve(t, {}, {
    keep: typed('(values: json) => int', (values) => kept.push(values))
  }))
  const heap = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  // Functions of a number, because `JSON.parse` also makes equal short strings of several values once.
  const texts = {
    'equal short strings': () => repeat(2000, '{"currency":"EUR","state":"in stock","size":"medium"}'),
    'other short strings': (n) => `[${Array.from({ length: 3000 }, (_, i) => `{"sku":"A-${n * 3000 + i}","gift":true}`)}]`,
    integers: () => repeat(30, repeat(1000, '1')),
    'short arrays': () => repeat(3000, '[1.5,2.5,3.5,4.5,5.5]'),
    'arrays of strings': () => repeat(2000, '["a","b","c","d","e","f"]'),
    'keys that are indices': () => repeat(5000, '{"999":0}')
  }
  let count = 0
  const send = async (text) => {
    t.is((await client.send('/keep', { headers: json, body: `[${text(count++)}]` })).status, 200)
  }
  for (const [what, text] of Object.entries(texts)) {
    kept = []
    for (let i = 0; i < 5; i++) await send(text)
    const before = heap()
    kept = []
    for (let i = 0; i < 30; i++) await send(text)
    const grown = heap() - before
    kept = Array.from({ length: 5 }, () => JSON.parse(text(count++)))
    const parsedBefore = heap()
    kept = Array.from({ length: 30 }, () => JSON.parse(text(count++)))
    const parsed = heap() - parsedBefore
    t.true(grown < 1.25 * parsed + 300_000, `${what}: ${grown} bytes, of JSON.parse ${parsed}`)
  }
})

test('an application that hardens or pollutes Object.prototype gets the same values', async (t) => {
  const child = startMain(t, async ({ serverListen }, index) => {
    const { typed } = require(index)
    let told = ''
    Object.defineProperty(Object.prototype, 'nickname', { set() { told = 'a setter was called' }, configurable: true })
    Object.freeze(Object.prototype)
    const server = serverListen(0, { f: typed('(a: json) => json', (a) => a.map((each) => ({ ...each }))) })
    const text = `[${Array(100).fill('{"nickname":"Ada","toString":1,"valueOf":[2]}').join()}]`
    const ask = (body) => fetch(`${server.url}/f`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    const answer = await ask(`[${text}]`).then((response) => response.text())
    console.log(answer === text, told)
    await server.close()
  }, { args: [require.resolve('..')] })
  t.is(await child.line(), 'true ')
})

test.serial('values of ever new keys are read, and the keys do not stay in memory', async (t) => {
  const { ask } = await asker(t)
  let count = 0
  const fresh = (length) => repeat(16, `{"${`k${count++}`.padEnd(length, 'x')}":1,"b":[2,3,4,5]}`)
  for (const [length, times, most] of [[1000, 4000, 4_000_000], [100_000, 300, 20_000_000]]) {
    for (let i = 0; i < 10; i++) await ask('one', `[${fresh(length)}]`)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < times; i++) {
      const text = fresh(length)
      const { args } = await ask('one', `[${text}]`)
      if (i % 10 === 0) t.true(isSame(args, [JSON.parse(text)]))
    }
    collectGarbage()
    const grown = process.memoryUsage().heapUsed - before
    t.true(grown < most, `${grown} bytes for ${times} keys of ${length} characters`)
  }
})
