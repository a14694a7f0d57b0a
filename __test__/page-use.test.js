'use strict'

// All that surrounds the calls on the page at `GET /`: finding functions, the keyboard, servers that change or go,
// hostile texts, and how it looks.

const { writeFileSync } = require('node:fs')
const { join } = require('node:path')
const test = require('ava')
const { reply, typed } = require('../index.js')
const { browserTests, call, fill, opened, press, startFront } = require('./browser.js')
const { gate, serve } = require('./helpers.js')
const { folder } = require('./proxies.js')

const SIZES = [[1440, 900], [768, 1024], [390, 844]]
// WCAG 2.2 at level AA, 1.4.3 and 1.4.11.
const CONTRASTS_MIN = { ofTexts: 4.5, ofBorders: 3 }

const browserTest = browserTests(test)

const functions = {
  sum: (a, b) => a + b,
  add: typed('(a: int, b: int) => int', (a, b) => a + b, {
    summary: 'The sum of two integers', examples: [{ a: 3, b: 4 }]
  }),
  greet: typed('(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`),
  store: typed('(data: bytes, xTenant: header) => int', (data) => data.length),
  random: typed('(count: int) => bytes', (count) => Buffer.alloc(count)),
  long: typed('(count: int) => text', (count) => 'x'.repeat(count)),
  nested: typed('(value?: json) => json', (value) => value ?? { a: [1, { b: '[,]:"{' }], c: [], d: {} }),
  old: typed('(aRatherLongNameForAnArgument: string, anotherOneThatIsAsLong?: number[]) => json', () => 1, {
    deprecated: true, summary: 'A function whose line does not fit on a narrow screen, which therefore wraps'
  })
}

async function pageOf(t, open, options, served = functions) {
  const front = await startFront(t, serve(t, {}, served))
  const page = await open(front.url, options)
  await page.locator('.function').first().waitFor()
  return { front, page }
}

const names = (page) => page.locator('.function:visible b').allTextContents()

browserTest('functions are found by a part of their names or summaries', async (t, open) => {
  const { page } = await pageOf(t, open)
  const filter = page.getByRole('searchbox', { name: 'Filter by name or summary' })
  const nothing = page.getByText('Nothing matches.')
  await filter.fill('R')
  t.deepEqual(await names(page), ['add', 'greet', 'store', 'random', 'old'])
  t.is(await page.getByRole('status').first().innerText(), '5 of 8')
  await filter.fill('TWO INT')
  t.deepEqual(await names(page), ['add'])
  t.false(await nothing.isVisible())
  await filter.fill('nosuch')
  t.deepEqual(await names(page), [])
  t.true(await nothing.isVisible())
  await filter.press('Escape')
  t.deepEqual(await names(page), Object.keys(functions))
  t.is(await page.getByRole('status').first().innerText(), '8 of 8')
  t.false(await nothing.isVisible())
  await filter.fill('sum')
  t.deepEqual(await names(page), ['sum', 'add'])
})

browserTest('a link to a function that the filter hides clears the filter', async (t, open) => {
  const { page } = await pageOf(t, open)
  const filter = page.getByRole('searchbox')
  await filter.fill('nosuch')
  await page.evaluate(() => (location.hash = '#store'))
  await page.getByRole('form', { name: 'store' }).waitFor()
  t.is(await filter.inputValue(), '')
  t.is((await names(page)).length, 8)
})

browserTest('the keyboard alone finds functions, fills them in and calls them', async (t, open) => {
  const { page } = await pageOf(t, open)
  const { keyboard } = page
  const keys = async (...all) => {
    for (const key of all) await (/^[A-Z]/.test(key) ? keyboard.press(key) : keyboard.type(key))
  }
  const focused = () => page.evaluate(() => {
    const { labels, textContent } = document.activeElement
    return labels?.[0]?.textContent ?? textContent
  })
  await keys('/', 'gree', 'Enter')
  await page.waitForURL(/#greet$/)
  t.regex(await focused(), /^greet\(name/)
  await keys('Tab')
  t.is(await focused(), 'name')
  await keys('a/b', 'Shift+Enter', 'c', 'Tab')
  t.is(await focused(), 'loud')
  await keys('t', 'Tab')
  t.is(await focused(), 'Call')
  const greet = await opened(page, 'greet')
  await keys('Enter')
  await greet.getByText('"Hello, a/b\\nc!"').waitFor()
  await keys('Shift+Tab', 'Shift+Tab', 'Control+A', 'd', 'Enter')
  await greet.getByText('"Hello, d!"').waitFor()
  t.is(await focused(), 'name')
  await keys('Tab', 'Tab', '/', 'Escape')
  const value = (await opened(page, 'nested')).getByLabel('value', { exact: true })
  await value.focus()
  await keys('[1,', 'Shift+Enter', '2', 'Enter', ']', 'Control+Enter')
  await (await opened(page, 'nested')).getByText('[1,2]', { exact: true }).waitFor()
  t.is(await value.inputValue(), '[1,\n2\n]')
})

browserTest('Enter calls from a field of one line, and adds a line to a field of several', async (t, open) => {
  const { page } = await pageOf(t, open, {}, {
    raw: (value) => value,
    all: typed('(s?: string, j?: json, n?: int64, b?: bytes, h?: header) => text', (...values) => values.join('')),
    list: typed('(values: int[]) => json', (values) => values)
  })
  const calls = (name) => {
    const answer = page.getByRole('region', { name: `Answer of ${name}` })
    return answer.locator('.status').waitFor().then(() => answer.getByRole('region', { name: 'Body' }).textContent())
  }
  const raw = (await opened(page, 'raw')).getByLabel('Argument 1', { exact: true })
  await raw.fill('[3,4]')
  await raw.press('Enter')
  t.is(await calls('raw'), '[3,4]')
  t.is(await raw.inputValue(), '[3,4]')
  for (const [label, text, answered] of [
    ['s', 'x', 'x'], ['j', '"x"', 'x'], ['n', '3', '3'], ['b', 'x', '120'], ['h', 'x', 'x']
  ]) {
    await page.reload()
    const field = (await opened(page, 'all')).getByLabel(label, { exact: true })
    await field.fill(text)
    await field.press('Enter')
    t.is(await calls('all'), answered, label)
    t.is(await field.inputValue(), text)
  }
  const list = (await opened(page, 'list')).getByLabel('values', { exact: true })
  await list.focus()
  for (const key of ['1', 'Enter', '2']) await list.press(key)
  t.is(await list.inputValue(), '1\n2', 'a list has lines from the start')
  await list.press('Control+Enter')
  t.is(await calls('list'), '[1,2]')
})

browserTest('everything that the keyboard reaches has a name, and shows its focus', async (t, open) => {
  const { page } = await pageOf(t, open)
  for (const name of Object.keys(functions)) await press(await opened(page, name))
  await page.locator('h1').click()
  const seen = new Set()
  for (;;) {
    await page.keyboard.press('Tab')
    const found = await page.evaluate(() => {
      const element = document.activeElement
      element.dataset.seen ??= String(Math.random())
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      const name = element.ariaLabel || element.labels?.[0]?.textContent || element.textContent
      return {
        isBody: element === document.body,
        id: element.dataset.seen,
        name: name.trim(),
        outline: `${outlineStyle} ${outlineWidth}`,
        tag: element.outerHTML.slice(0, 90)
      }
    })
    if (found.isBody || seen.has(found.id)) break
    seen.add(found.id)
    t.not(found.name, '', found.tag)
    t.is(found.outline, 'solid 2px', found.tag)
  }
  t.true(seen.size > 50, String(seen.size))
})

browserTest("a link to a function's name opens it, and the address names the opened function", async (t, open) => {
  const { front, page } = await pageOf(t, open)
  await page.goto(`${front.url}#random`)
  await page.reload()
  await page.getByRole('form', { name: 'random' }).waitFor()
  t.true(await page.locator('.function[open]').evaluate((element) => element.getBoundingClientRect().top < innerHeight))
  await page.evaluate(() => (location.hash = '#store'))
  await page.getByRole('form', { name: 'store' }).waitFor()
  await opened(page, 'add')
  await page.waitForURL(/#add$/)
  await page.goto(`${front.url}#%zz`)
  await page.goto(`${front.url}#toString`)
  t.is(await page.locator('.function').count(), 8)
})

browserTest('forms are made when their functions are opened: 1000 functions are 1000 lines', async (t, open) => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, functions.add]))
  const { page } = await pageOf(t, open, {}, many)
  t.is(await page.locator('.function').count(), 1000)
  t.is(await page.locator('form, input').count(), 1)
  t.deepEqual((await call(page, 'f999', { a: '1', b: '2' }))[1], '3')
})

browserTest('a long answer shows its beginning, and JSON is indented without being parsed', async (t, open) => {
  const { page } = await pageOf(t, open)
  t.is((await call(page, 'long', { count: '3000000' }))[1].length, 100_000)
  t.regex(await (await opened(page, 'long')).innerText(), /3,000,000 bytes[^]*This is its beginning/)
  const nested = await opened(page, 'nested')
  const raw = '{"a":[1,{"b":"[,]:\\"{"}],"c":[],"d":{}}'
  t.is((await press(nested))[1], raw)
  await nested.getByRole('button', { name: 'Indent' }).click()
  const body = nested.getByRole('region', { name: 'Body of the answer' })
  t.is(await body.textContent(), JSON.stringify(JSON.parse(raw), null, 2))
  await nested.getByRole('button', { name: 'Indent' }).click()
  t.is(await body.textContent(), raw)
})

const MARKUP = '<img src=x onerror="document.title=1"><script>document.title = 2</script><b id=b>&lt;\u202e'
const MADE = 'img, script:nth-of-type(2), #b'

browserTest('no text becomes markup: description, example, answer, problem or header field', async (t, open) => {
  const headers = { 'Content-Type': 'text/html', 'X-Markup': MARKUP.replace(/[^ -~]/g, '') }
  const server = serve(t, { openapi: { title: MARKUP, version: MARKUP, description: MARKUP } }, {
    say: typed('(text: string, value?: json) => text', () => reply(MARKUP, { headers }), {
      summary: MARKUP, description: MARKUP, examples: [{ text: MARKUP, value: MARKUP }]
    }),
    refuse: typed('(value?: json) => int', () => { throw Object.assign(new Error(MARKUP), { statusCode: 400 }) }),
    toString: () => MARKUP,
    constructor: typed('(submit: string, hasOwnProperty?: json) => json', (...values) => values)
  })
  const page = await open(server.url)
  const say = await opened(page, 'say')
  await say.getByRole('button', { name: '{"text"' }).click()
  t.deepEqual(await press(say), [200, MARKUP])
  t.is((await call(page, 'refuse', { value: '1' }))[0], 400)
  t.deepEqual(await call(page, 'toString'), [200, JSON.stringify(MARKUP)])
  const values = { submit: MARKUP, hasOwnProperty: '{}' }
  t.deepEqual(await call(page, 'constructor', values), [200, JSON.stringify([MARKUP, {}])])
  t.is(await page.title(), MARKUP)
  t.is(await page.locator(MADE).count(), 0)
})

browserTest('text in backticks in descriptions becomes code', async (t, open) => {
  const info = { description: 'Say `<b id=b>` here, or ` alone.\nAnd `so`.' }
  const server = serve(t, { openapi: info }, { one: typed('() => int', () => 1, info) })
  const page = await open(server.url)
  for (const place of [page.locator('#description'), (await opened(page, 'one')).locator('.body > p')]) {
    t.is(await place.textContent(), 'Say <b id=b> here, or ` alone.\nAnd so.')
    t.deepEqual(await place.locator('code').allTextContents(), ['<b id=b>', 'so'])
  }
  t.is(await page.locator(MADE).count(), 0)
})

browserTest('no description becomes markup, whatever it holds', async (t, open) => {
  const object = { innerHTML: MARKUP, textContent: MARKUP, toString: MARKUP }
  const post = {
    operationId: { innerHTML: MARKUP },
    summary: { innerHTML: MARKUP },
    description: [MARKUP],
    parameters: [{ in: 'header', name: 'x-a' }],
    'x-signature': `(a: ${MARKUP}) => ${MARKUP}`
  }
  const info = { title: { innerHTML: MARKUP } }
  const body = JSON.stringify({ info, paths: { '/a': { post }, '/b': { get: object } } })
  const { front, page } = await pageOf(t, open)
  await page.route('**/openapi.json', (route) => route.fulfill({ body }))
  await page.goto(front.url)
  await page.locator('.function > summary').first().click()
  await page.locator('form').waitFor()
  t.is(await page.locator(MADE).count(), 0)
})

browserTest('a slow call shows its time, and is cancelled by its button or by Escape', async (t, open) => {
  const { handler, held, release } = gate()
  const { page } = await pageOf(t, open, {}, { wait: typed('(n: int) => int', handler) })
  const wait = await opened(page, 'wait')
  const section = wait.getByRole('region', { name: 'Answer of wait' })
  await fill(wait, { n: '1' })
  await page.keyboard.press('Enter')
  await held(1)
  await wait.getByRole('button', { name: 'Cancel' }).waitFor()
  t.regex(await wait.innerText(), /Cancel · \d+\.\d ms/)
  await wait.getByRole('button', { name: 'Cancel' }).click()
  await section.getByText('Cancelled').waitFor()
  await wait.getByRole('button', { name: 'Call', exact: true }).waitFor()
  await fill(wait, { n: '2' })
  await page.keyboard.press('Enter')
  await held(2)
  await wait.getByRole('button', { name: 'Cancel' }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await section.getByText('Cancelled').waitFor()
  release(1, 1)
  release(2, 2)
  release(3, 3)
  await fill(wait, { n: '3' })
  await page.keyboard.press('Enter')
  await section.getByText('200 OK').waitFor()
})

browserTest('a server that is gone is reported, and found again', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  const add = await opened(page, 'add')
  await fill(add, { a: '1', b: '2' })
  const { server } = front
  front.server = undefined
  await add.getByRole('button', { name: 'Call', exact: true }).click()
  await add.getByText('No answer').waitFor()
  await page.getByText(`No server answers at ${front.url}`).waitFor()
  front.server = server
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('No server answers').waitFor({ state: 'detached' })
  t.deepEqual(await press(add), [200, '3'])
})

browserTest('changed functions are read again after a 404 and on return to the page', async (t, open) => {
  const { front, page } = await pageOf(t, open)
  const greet = await opened(page, 'greet')
  await fill(greet, { name: 'Ada' })
  const add = await opened(page, 'add')
  await fill(add, { a: '1', b: '2' })
  const { add: _, greet: __, ...others } = functions
  const titled = typed('(name: string, title: string) => string', (name, title) => `${title} ${name}`)
  front.server = serve(t, {}, { first: () => 1, ...others, greet: titled })
  await add.getByRole('button', { name: 'Call', exact: true }).click()
  await page.getByText('The server has other functions now').waitFor()
  t.deepEqual(await page.locator('.tag:visible').allTextContents(), ['new', 'gone', 'changed', 'deprecated'])
  t.regex(await add.innerText(), /gone[^]*404 Not Found/)
  await fill(greet, { title: 'Countess' })
  t.deepEqual(await press(greet), [200, '"Countess Ada"'], 'the typed values stay')
  t.is((await names(page))[0], 'first')
  front.server = serve(t, {}, functions)
  await page.evaluate(() => dispatchEvent(new Event('focus')))
  await add.getByText('changed').waitFor()
  t.deepEqual(await press(add), [200, '3'])
  t.is(await page.locator('.tag', { hasText: 'gone' }).count(), 1, 'first is gone')
})

browserTest('a document that describes no functions is reported', async (t, open) => {
  const { page } = await pageOf(t, open)
  for (const body of ['<html>Log in</html>', 'null', '{"paths":null}', '{"paths":{"/a":null}}']) {
    await page.route('**/openapi.json', (route) => route.fulfill({ body, status: 200 }))
    await page.evaluate(() => dispatchEvent(new Event('focus')))
    await page.getByText('This is no server of functions').waitFor()
    await page.unroute('**/openapi.json')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('This is no server of functions').waitFor({ state: 'detached' })
  }
  t.is(await page.locator('.function').count(), 8)
})

browserTest('behind a path prefix, with and without a slash at its end, requests go below it', async (t, open) => {
  const front = await startFront(t, serve(t, {}, functions), { prefix: '/a/tea%20house' })
  for (const url of [front.url, front.url.slice(0, -1), `${front.url}?x=/y/#add`]) {
    const page = await open(url)
    t.deepEqual(await call(page, 'add', { a: '3', b: '4' }), [200, '7'])
    t.is(front.requests.at(-1).url, '/a/tea%20house/add')
    t.is(await page.getByRole('link').evaluate((link) => link.href), `${front.url}openapi.json`)
    t.regex(await (await opened(page, 'add')).innerText(), new RegExp(`curl --json '.*' '?${front.url}add`))
  }
})

browserTest('a declared function at the root is called there', async (t, open) => {
  const served = typed('(n: int, text?: string) => json', function double(n, text = '') {
    return [2 * n, text]
  })
  const { front, page } = await pageOf(t, open, {}, served)
  t.deepEqual(await call(page, 'double', { n: '4' }), [200, '[8,""]'])
  t.is(front.requests.at(-1).url, '/')
})

browserTest('without JavaScript there is a link to the description', async (t, open) => {
  const front = await startFront(t, serve(t, {}, functions))
  const page = await open(front.url, { javaScriptEnabled: false })
  t.is(await page.locator('main').innerText(), 'This page needs JavaScript. What it shows is in openapi.json.')
})

for (const engine of ['io_uring', 'node']) {
  browserTest(`the engine ${engine} serves it, and a reload changes it`, async (t, open) => {
    const path = folder(t, { 'functions.js': 'exports.one = () => 1' })
    const server = serve(t, { engine, workers: 1 }, join(path, 'functions.js'))
    const page = await open(server.url)
    t.deepEqual(await call(page, 'one'), [200, '1'])
    writeFileSync(join(path, 'functions.js'), 'exports.two = (a) => a')
    await server.reload()
    t.is((await call(page, 'one'))[0], 404)
    await page.getByText('The server has other functions now').waitFor()
    t.deepEqual(await call(page, 'two', { 'Argument 1': '2' }), [200, '2'])
    t.deepEqual(await page.locator('.tag:visible').allTextContents(), ['new', 'gone'])
  })
}

// The texts whose contrast with their background is too low, and the fields whose border's is.
function lowContrasts({ ofTexts, ofBorders }) {
  const parse = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
  const behind = (element) => {
    const rgba = parse(getComputedStyle(element).backgroundColor)
    return rgba[3] === 0 ? behind(element.parentElement) : luminance(rgba)
  }
  const isField = (element) => element.matches('.control')
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  const all = [...document.querySelectorAll('body *')].filter((each) => (
    each.checkVisibility() && (isField(each) || hasText(each))
  ))
  const low = all.flatMap((element) => {
    const { color, borderColor } = getComputedStyle(element)
    const colors = [[color, ofTexts, element], [getComputedStyle(element, '::placeholder').color, ofTexts, element]]
    if (isField(element)) colors.push([borderColor, ofBorders, element.parentElement])
    return colors
      .filter(([of, min, on]) => contrast(luminance(parse(of)), behind(on)) < min)
      .map(([of]) => `${of}: ${element.outerHTML.slice(0, 80)}`)
  })
  return { count: all.length, low }
}

// The elements that extend beyond the screen's right edge, but for those that scroll.
function tooWide() {
  return [...document.querySelectorAll('body *')].filter((element) => (
    element.checkVisibility() && !element.closest('pre') && element.getBoundingClientRect().right > innerWidth
  )).map((element) => element.outerHTML.slice(0, 80))
}

for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of SIZES) {
    browserTest(`${colorScheme}, ${width} by ${height}: enough contrast, and nothing too wide`, async (t, open) => {
      const { page } = await pageOf(t, open, { colorScheme, viewport: { width, height } })
      await call(page, 'add', { a: 'x', b: '4' })
      await call(page, 'random', { count: '300' })
      await call(page, 'greet', { name: 'Ada'.repeat(200) })
      for (const name of ['old', 'store', 'sum']) await opened(page, name)
      await (await opened(page, 'add')).getByRole('button', { name: 'Call', exact: true }).hover()
      const { count, low } = await page.evaluate(lowContrasts, CONTRASTS_MIN)
      t.true(count > 100, String(count))
      t.deepEqual(low, [])
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      t.is(background.match(/\d+/g).every((part) => part < 60), colorScheme === 'dark')
      t.is(await page.evaluate(() => document.documentElement.scrollWidth), width)
      t.deepEqual(await page.evaluate(tooWide), [])
    })
  }
}
