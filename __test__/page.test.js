'use strict'

// The page at `GET /`, used as people use it: in a real browser, before a real server.

const { execFile } = require('node:child_process')
const { readFileSync } = require('node:fs')
const path = require('node:path')
const { buffer } = require('node:stream/consumers')
const { promisify } = require('node:util')
const test = require('ava')
const { z } = require('zod')
const { reply, typed } = require('../index.js')
const { browserTests, call, faults, fill, opened, press, startFront } = require('./browser.js')
const { has, root, serve } = require('./helpers.js')

const BYTES_MAX = 30 * 1024

const browserTest = browserTests(test)
const execute = promisify(execFile)

const Order = z.object({ id: z.string(), quantity: z.number().int().positive() })

const functions = {
  sum: (a, b) => a + b,
  power: (a, b = 2) => BigInt(a) ** BigInt(b),
  add: typed('(a: int, b: int) => int', (a, b) => a + b, {
    summary: 'The sum of two integers', description: 'Both are safe.', examples: [{ a: 3, b: 4 }, [5, -6]]
  }),
  half: typed('(x: number) => number', (x) => x / 2),
  inherited: typed('(a: int, valueOf?: string) => json', (a, value = 'none') => [a, value], { examples: [{ a: 1 }] }),
  next: typed('(n: int64) => int64', (n) => n + 1n, {
    examples: [['9007199254740993'], { n: '-9223372036854775808' }, [7]]
  }),
  square: typed('(n: bigint) => bigint', (n) => n * n, { examples: [[String(10n ** 30n)]] }),
  not: typed('(flag: boolean) => boolean', (flag) => !flag),
  greet: typed('(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`),
  echo: typed('(value: json) => json', (value) => value),
  words: typed('(list: string[], by?: string) => text', (list, by = ' ') => list.join(by)),
  mean: typed('(values: number[]) => number', (values) => values.reduce((a, b) => a + b, 0) / values.length),
  total: typed('(values: int64[]) => int64', (values) => values.reduce((a, b) => a + b, 0n), {
    examples: [[['9007199254740993', '1']]]
  }),
  same: typed('(data: bytes) => bytes', (data) => data),
  prefixed: typed('(count: int, data: bytes) => bytes', (count, data) => Buffer.concat([Buffer.alloc(count), data]), {
    examples: [{ count: 1, data: 'AP8=' }]
  }),
  store: typed('(data: bytes, xTenant: header, contentType?: header) => json', (data, tenant, type) => (
    { tenant, type, size: data.length }
  )),
  cookie: typed('(cookie?: header) => string', (value = 'none') => value),
  price: typed('(order: Order, currency?: string) => json', (order, currency = 'EUR') => (
    reply({ id: order.id, currency, total: order.quantity * 20 }, { status: 201, headers: { Location: '/orders/1' } })
  ), { types: { Order }, examples: [{ order: { id: 'a', quantity: 2 } }] }),
  options: typed('(a?: int, b?: string, c?: string[], d?: json, e?: bytes) => json', (a, b, c, d, e) => (
    [a, b, c, d, e?.length].map((value) => value ?? 'absent')
  )),
  $cost: typed('(a: string) => string', (a) => a),
  nothing: typed('() => void', () => {}),
  refuse: typed('() => int', () => { throw Object.assign(new Error('No tea.'), { statusCode: 409 }) }),
  old: typed('() => int', () => 1, { deprecated: true })
}

async function pageOf(t, open, options) {
  const front = await startFront(t, serve(t, {}, functions))
  const page = await open(front.url, options)
  await page.locator('.function').first().waitFor()
  return { front, page }
}

test(`it is one file of at most ${BYTES_MAX} bytes, with one script, one style and nothing else inline`, (t) => {
  const html = readFileSync(path.join(root, 'lib/page/index.html'), 'utf8')
  t.true(Buffer.byteLength(html) <= BYTES_MAX, `${Buffer.byteLength(html)}`)
  t.deepEqual([html.match(/<script>/g).length, html.match(/<style>/g).length], [1, 1])
  const [markup] = html.split('<script>')
  t.notRegex(markup, /<[^>]+ (style|on\w+|src)=/)
  t.notRegex(html, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
})

const CALLS = [
  ['sum', { 'Argument 1': '3', 'Argument 2': '4' }, '[3,4]', '7'],
  ['sum', { 'Argument 1': '"a\\u0000"', 'Argument 2': '[ 1 ]' }, '["a\\u0000",[ 1 ]]', '"a\\u00001"'],
  ['power', { 'Argument 1': '9' }, '[9]', '81'],
  ['add', { a: '3', b: ' -4 ' }, '{"a":3,"b":-4}', '-1'],
  ['add', { a: '9007199254740991', b: '-1e3' }, '{"a":9007199254740991,"b":-1e3}', '9007199254739991'],
  ['half', { x: '0.1000000000000000055511151231257827' }, '{"x":0.1000000000000000055511151231257827}', '0.05'],
  ['next', { n: '9007199254740993' }, '{"n":9007199254740993}', '"9007199254740994"'],
  ['next', { n: '-9223372036854775808' }, '{"n":-9223372036854775808}', '"-9223372036854775807"'],
  ['next', { n: '007' }, '{"n":"007"}', '"8"'],
  ['square', { n: '123456789012345678901234567890' }, '{"n":123456789012345678901234567890}',
    '"15241578753238836750495351562536198787501905199875019052100"'],
  ['not', { flag: true }, '{"flag":true}', 'false'],
  ['greet', { name: 'Ada', loud: true }, '{"name":"Ada","loud":true}', '"Hello, Ada!"'],
  ['greet', { name: ' "ü😀\\\n\t' }, '{"name":" \\"ü😀\\\\\\n\\t"}', '"Hello,  \\"ü😀\\\\\\n\\t."'],
  ['echo', { value: ' {"n": 1.0,\n "m": [9007199254740993]} ' }, '{"value": {"n": 1.0,\n "m": [9007199254740993]} }',
    '{"n":1,"m":[9007199254740992]}'],
  ['echo', { value: 'null' }, '{"value":null}', 'null'],
  ['words', { list: 'a\nb c\n\nd\n', by: '-' }, '{"list":["a","b c","","d"],"by":"-"}', 'a-b c--d'],
  ['words', { list: '["[a]", ""]' }, '{"list":["[a]", ""]}', '[a] '],
  ['mean', { values: '1, 2.50\n6' }, '{"values":[1,2.50,6]}', '3.1666666666666665'],
  ['total', { values: '9007199254740993 9007199254740993' }, '{"values":[9007199254740993,9007199254740993]}',
    '"18014398509481986"'],
  ['price', { order: '{"id":"a","quantity":2}' }, '{"order":{"id":"a","quantity":2}}',
    '{"id":"a","currency":"EUR","total":40}', 201],
  ['options', {}, '{}', '["absent","absent","absent","absent","absent"]'],
  ['cookie', {}, '', '"none"'],
  ['nothing', {}, '', '', 204]
]

browserTest('each argument is sent as it was typed, and each answer is shown as it came', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  for (const [name, values, sent, expected, status = 200] of CALLS) {
    await page.reload()
    t.deepEqual(await call(page, name, values), [status, expected], name)
    t.is(front.requests.at(-1).body, sent, name)
  }
})

browserTest('an argument left out and an empty one are sent differently', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  const place = await opened(page, 'options')
  for (const box of await place.getByRole('checkbox').all()) await box.check()
  t.deepEqual(await press(place), [200, '["absent","",[],"absent",0]'])
  t.is(front.requests.at(-1).body, '{"b":"","c":[],"e":""}')
  await fill(place, { b: 'x' })
  await fill(place, { b: '' })
  await press(place)
  t.is(front.requests.at(-1).body, '{"c":[],"e":""}', 'a field that was filled and emptied is left out')
  const greet = await opened(page, 'greet')
  await press(greet)
  t.deepEqual(await faults(greet), ['is missing', ''])
  await greet.getByRole('checkbox').check()
  t.deepEqual(await press(greet), [200, '"Hello, ."'])
  const store = await opened(page, 'store')
  await store.getByRole('checkbox').first().check()
  t.deepEqual(await press(store), [200, '{"tenant":"","size":0}'])
})

browserTest('an undeclared function takes JSON by position, and answers bigints to the digit', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  const place = await opened(page, 'power')
  await place.getByRole('button', { name: 'Add an argument' }).click()
  await place.getByRole('button', { name: 'Add an argument' }).click()
  await fill(place, { 'Argument 1': '"9007199254740993"', 'Argument 2': '3' })
  t.deepEqual(await press(place), [200, String(9007199254740993n ** 3n)])
  t.is(front.requests.at(-1).body, '["9007199254740993",3]')
  await fill(place, { 'Argument 1': '', 'Argument 2': 'Ada' })
  await place.getByRole('button', { name: 'Call', exact: true }).click()
  await place.locator('.fault', { hasText: 'null' }).waitFor()
  const [first, second] = await faults(place)
  t.regex(first, /null/)
  t.regex(second, /double quotes/)
  t.is(front.requests.length, 1, 'invalid JSON is not sent')
})

browserTest('a mistake is reported at its field', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  const [status, problem] = await call(page, 'add', { a: '3.5' })
  t.deepEqual([status, JSON.parse(problem).code], [400, 'ERR_ARGUMENTS'])
  const add = await opened(page, 'add')
  t.deepEqual(await faults(add), ['must be an int', 'is missing'])
  t.is(await add.getByLabel('a', { exact: true }).getAttribute('aria-invalid'), 'true')
  t.true((await add.getByLabel('b', { exact: true }).evaluate((field) => (
    field.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).textContent).join('')
  ))).includes('is missing'))
  await fill(add, { a: 'three' })
  t.deepEqual(await faults(add), ['', 'is missing'], 'typing clears the fault')
  await press(add)
  t.is(front.requests.at(-1).body, '{"a":"three"}')
  t.deepEqual(await faults(add), ['must be an int', 'is missing'])
  await press(await opened(page, 'store'))
  t.regex((await faults(await opened(page, 'store')))[1], /is missing: .*the header field x-tenant/)
  await call(page, 'price', { order: '{"id": 1, "quantity": -1}' })
  const [order] = await faults(await opened(page, 'price'))
  t.regex(order, /^id .*\nquantity /)
  await call(page, 'total', { values: '1 x 3' })
  t.regex((await faults(await opened(page, 'total')))[0], /^1 must be an int64/)
  await call(page, 'refuse')
  const refused = await page.getByRole('region', { name: 'Answer of refuse' }).innerText()
  t.regex(refused, /409 Conflict[^]*No tea\. ERR_REFUSED/)
})

browserTest('invalid JSON and header fields beyond ASCII are reported before anything is sent', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  const echo = await opened(page, 'echo')
  await fill(echo, { value: '{"a":}' })
  await echo.getByRole('button', { name: 'Call', exact: true }).click()
  await echo.locator('.fault', { hasText: 'JSON' }).waitFor()
  t.true(await echo.getByLabel('value', { exact: true }).evaluate((field) => field === document.activeElement))
  const store = await opened(page, 'store')
  await fill(store, { xTenant: 'Zoë' })
  await store.getByRole('button', { name: 'Call', exact: true }).click()
  await store.locator('.fault', { hasText: 'ASCII' }).waitFor()
  t.deepEqual(front.requests, [])
})

// Invalid JSON, and whether its fault advises quotes.
const MISTAKES = [
  ['echo', 'value', 'Ada', true],
  ['echo', 'value', "{'a': 1}", true],
  ['echo', 'value', '{a: "b"}', true],
  ['echo', 'value', '12 Main Street', true],
  ['echo', 'value', '{"a": 1', false],
  ['echo', 'value', '{"a": [true, null, 1e3}', false],
  ['echo', 'value', '{"a": "b c', false],
  ['echo', 'value', '{"a \\" b": }', false],
  ['sum', 'Argument 1', '007', false],
  ['mean', 'values', '[1, x]', false],
  ['mean', 'values', '[1, 2', false],
  ['words', 'list', '[a, b]', true]
]

browserTest('quotes are advised only where they are missing', async (t, open) => {
  const { page } = await pageOf(t, open)
  for (const [name, label, text, isAdvised] of MISTAKES) {
    const place = await opened(page, name)
    await fill(place, { [label]: text })
    await place.getByRole('button', { name: 'Call', exact: true }).click()
    const fault = place.locator('.fault', { hasText: 'JSON' })
    await fault.waitFor()
    t.is((await fault.innerText()).includes('double quotes'), isAdvised, text)
    await fill(place, { [label]: '' })
  }
})

browserTest('a call that is not sent shows no earlier answer as its own', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  t.deepEqual(await call(page, 'echo', { value: '{"a":12}' }), [200, '{"a":12}'])
  const echo = await opened(page, 'echo')
  await fill(echo, { value: '{"a":' })
  await echo.getByRole('button', { name: 'Call', exact: true }).click()
  const answer = page.getByRole('region', { name: 'Answer of echo' })
  await answer.getByText('Not sent').waitFor()
  t.notRegex(await answer.innerText(), /12|200/)
  t.is(await answer.getByRole('button').count(), 0)
  t.is(front.requests.length, 1)
  await fill(echo, { value: '3' })
  t.deepEqual(await press(echo), [200, '3'])
  t.regex(await answer.innerText(), / 1 byte$/m)
})

browserTest('bytes: text, a file or base64, as the whole body or an argument, and a download', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  const bytes = Buffer.from(Array.from({ length: 700 }, (_, i) => i % 256))
  const file = (name, mimeType) => ({ name, mimeType, buffer: bytes })
  t.deepEqual(await call(page, 'same', { data: 'Zoë\n' }), [200, `0000  5a 6f c3 ab 0a${' '.repeat(35)}Zo...`])
  const same = await opened(page, 'same')
  await same.getByLabel('Kind of data').selectOption('file')
  await same.getByLabel('File of data').setInputFiles(file('bytes.bin', 'application/octet-stream'))
  const [status, hex] = await press(same)
  t.is(status, 200)
  t.regex(hex, /^0000 {2}00 01 02 .*\n0010 {2}10 11 /)
  t.regex(hex, /\n01f0 {2}f0 f1 .* fe ff {2}\.{16}$/)
  const download = page.waitForEvent('download')
  await same.getByRole('button', { name: 'Download' }).click()
  t.is((await download).suggestedFilename(), 'same.bin')
  t.deepEqual(await buffer(await (await download).createReadStream()), bytes)

  const prefixed = await opened(page, 'prefixed')
  await prefixed.getByRole('button', { name: '"AP8="' }).click()
  t.deepEqual(await press(prefixed), [200, `0000  00 00 ff${' '.repeat(41)}...`])
  await prefixed.getByLabel('Kind of data').selectOption('text')
  await fill(prefixed, { data: 'Zoë' })
  await press(prefixed)
  t.is(front.requests.at(-1).body, '{"count":1,"data":"Wm/Dqw=="}')
  await prefixed.getByLabel('Kind of data').selectOption('file')
  await prefixed.getByLabel('File of data').setInputFiles(file('bytes.bin', ''))
  await press(prefixed)
  t.is(front.requests.at(-1).body, `{"count":1,"data":"${bytes.toString('base64')}"}`)

  const store = await opened(page, 'store')
  await store.getByLabel('Kind of data').selectOption('file')
  await store.getByLabel('File of data').setInputFiles(file('a.png', 'image/png'))
  await fill(store, { xTenant: 'a' })
  t.deepEqual(await press(store), [200, '{"tenant":"a","type":"image/png","size":700}'])
  await fill(store, { contentType: 'text/html' })
  t.deepEqual(await press(store), [200, '{"tenant":"a","type":"text/html","size":700}'])
})

browserTest('a header field that browsers do not let pages send is pointed out', async (t, open) => {
  const { page } = await pageOf(t, open)
  t.regex(await (await opened(page, 'cookie')).innerText(), /no page send it: use the curl line/)
  t.notRegex(await (await opened(page, 'store')).innerText(), /no page send it/)
})

browserTest('examples fill the fields, in either form', async (t, open) => {
  const { page } = await pageOf(t, open)
  const add = await opened(page, 'add')
  await add.getByRole('button', { name: '{"a":3,"b":4}' }).click()
  t.deepEqual(await press(add), [200, '7'])
  await add.getByRole('button', { name: '[5,-6]' }).click()
  t.deepEqual(await press(add), [200, '-1'])
  const price = await opened(page, 'price')
  await fill(price, { currency: 'USD' })
  await price.getByRole('button', { name: '{"order"' }).click()
  const whole = '{"id":"a","currency":"EUR","total":40}'
  t.deepEqual(await press(price), [201, whole], 'an argument that the example leaves out is left out')
  t.regex(await price.textContent(), /location: \/orders\/1/)
  const inherited = await opened(page, 'inherited')
  await inherited.getByRole('button', { name: '{"a":1}' }).click()
  t.deepEqual(await press(inherited), [200, '[1,"none"]'])
})

browserTest('examples with big integers as strings fill in their digits', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  for (const [name, example, sent, expected] of [
    ['next', '["9007199254740993"]', '{"n":9007199254740993}', '"9007199254740994"'],
    ['next', '{"n":"-9223372036854775808"}', '{"n":-9223372036854775808}', '"-9223372036854775807"'],
    ['next', '[7]', '{"n":7}', '"8"'],
    ['square', `["${10n ** 30n}"]`, `{"n":${10n ** 30n}}`, `"${10n ** 60n}"`],
    ['total', '[["9007199254740993","1"]]', '{"values":["9007199254740993","1"]}', '"9007199254740994"']
  ]) {
    const place = await opened(page, name)
    await place.getByRole('button', { name: example, exact: true }).click()
    t.deepEqual(await press(place), [200, expected], example)
    t.is(front.requests.at(-1).body, sent, example)
  }
})

// Texts that have a meaning to shells, JavaScript or curl.
const HOSTILE = [
  "'", "''", '\\', '\\\\', "\\'", "'\\", 'a\\nb', '$(id) `id` $HOME !! %PATH% ~ *', '@/etc/passwd', '"; drop & | > <',
  '</script><!--', 'line\nbreak\ttab', '\u2028\u2029\u0000\u007f', '😀 ü', '-d x', '=cmd', '\\u0041', "' + alert(1) + '",
  '`${1}`'
]

const ran = async (program, args) => (await execute(program, args, { timeout: 20_000 })).stdout

// The lines for curl and fetch, as copied.
async function copied(page, place) {
  const lines = []
  for (const language of ['curl', 'fetch']) {
    const section = place.locator('section', { has: page.getByRole('heading', { name: language }) })
    await section.getByRole('button', { name: 'Copy' }).click()
    await section.getByRole('button', { name: 'Copied' }).waitFor()
    lines.push(await page.evaluate(() => navigator.clipboard.readText()))
  }
  return lines
}

async function assertSameAnswer(t, page, place, front, shells) {
  const [, shown] = await press(place)
  const { url, body, headers } = front.requests.at(-1)
  const [curl, fetch] = await copied(page, place)
  for (const shell of shells) {
    const answered = await ran(shell, ['-c', curl.replace('curl', 'curl -sS')])
    t.is(answered, shown, `${shell}: ${curl}`)
    const again = front.requests.at(-1)
    t.deepEqual([again.url, again.body, again.headers['content-type'], again.headers['x-tenant']],
      [url, body, headers['content-type'], headers['x-tenant']], curl)
  }
  t.is(await ran(process.execPath, ['--input-type=module', '-e', `process.stdout.write(${fetch})`]), shown, fetch)
  const again = front.requests.at(-1)
  t.deepEqual([again.url, again.body, again.headers['x-tenant']], [url, body, headers['x-tenant']], fetch)
}

browserTest('the lines for curl and fetch make the same request, whatever it holds', async (t, open) => {
  const shells = ['sh', 'bash', 'zsh', 'fish'].filter((shell) => has(t, shell))
  const { front, page } = await pageOf(t, open)
  const greet = await opened(page, 'greet')
  await fill(greet, { name: HOSTILE.join('\n') })
  await assertSameAnswer(t, page, greet, front, shells)
  const words = await opened(page, 'words')
  await fill(words, { list: JSON.stringify(HOSTILE) })
  await assertSameAnswer(t, page, words, front, shells)
  const store = await opened(page, 'store')
  for (const text of HOSTILE) {
    // No shell passes on a raw NUL. In JSON it is escaped.
    await fill(store, { data: text.replaceAll('\0', ''), xTenant: `x${text.replace(/[^ -~]/g, '').trim()}` })
    await assertSameAnswer(t, page, store, front, shells)
  }
  await fill(store, { xTenant: '' })
  for (const box of await store.getByRole('checkbox').all()) await box.check()
  await assertSameAnswer(t, page, store, front, shells)
  const sum = await opened(page, 'sum')
  await fill(sum, { 'Argument 1': '"it\'s"', 'Argument 2': '{"n": 9007199254740993}' })
  await assertSameAnswer(t, page, sum, front, shells)
  await assertSameAnswer(t, page, await opened(page, 'nothing'), front, shells)
  const cost = await opened(page, '$cost')
  await fill(cost, { a: '$cost' })
  await assertSameAnswer(t, page, cost, front, shells)
  const next = await opened(page, 'next')
  await fill(next, { n: '9007199254740993' })
  await assertSameAnswer(t, page, next, front, shells)
})
