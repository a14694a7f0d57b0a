'use strict'

// A real browser for the tests of the page, and a proxy between it and a server. The proxy has a path of its own, can
// change servers, and records what it was sent.

const { once } = require('node:events')
const { existsSync } = require('node:fs')
const http = require('node:http')
const { buffer } = require('node:stream/consumers')
const { chromium } = require('playwright-core')

const CHROMIUM = process.env.RINGCALL_TEST_CHROMIUM ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'
]

// Registers tests that are given `open`, which opens a page. Any complaint of the browser, above all about what its
// policy refuses, fails the test.
function browserTests(test) {
  let browser
  test.before('the browser is there', async (t) => {
    t.timeout(100_000)
    if (existsSync(CHROMIUM)) browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
    else if (process.env.CI) throw new Error(`${CHROMIUM} is not installed`)
    t.pass()
  })
  test.after.always('the browser ends', async (t) => {
    await browser?.close()
    t.pass()
  })
  return (title, run) => test.serial(title, async (t) => {
    t.timeout(100_000)
    if (!browser) {
      t.log(`NOT RUN: ${CHROMIUM} is not installed`)
      return t.pass()
    }
    const complaints = []
    await run(t, (url, options) => openPage(t, browser, url, options, complaints))
    t.deepEqual(complaints, [])
  })
}

async function openPage(t, browser, url, { init, ...options } = {}, complaints) {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...options })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // The browser reports each answer that is an error, and each that did not come.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`refused: ${event.blockedURI}`))
  })
  if (init) await page.addInitScript(init)
  await page.goto(url)
  return page
}

// A proxy in front of `front.server`, which may be another one later, or gone: requests below `prefix` are forwarded to
// that server. `front.requests` are the POSTs, with their bodies as they came.
async function startFront(t, server, { prefix = '' } = {}) {
  const front = { server, requests: [] }
  const proxy = http.createServer(async (request, response) => {
    const { method, url, headers } = request
    const body = await buffer(request)
    if (method === 'POST') front.requests.push({ url, headers, body: body.toString() })
    if (front.server === undefined) return response.destroy()
    const path = url.slice(prefix.length).replace(/^(?!\/)/, '/')
    const asked = http.request({ host: '127.0.0.1', port: front.server.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.statusMessage, answer.headers)
      answer.pipe(response)
    })
    response.on('close', () => asked.destroy())
    asked.on('error', () => response.destroy()).end(body)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  front.url = `http://127.0.0.1:${proxy.address().port}${prefix}/`
  t.teardown(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return front
}

// The function's place on the page, opened.
async function opened(page, name) {
  const place = page.locator('.function', { has: page.locator('summary b').and(page.getByText(name, { exact: true })) })
  if ((await place.getAttribute('open')) === null) await place.locator('summary').first().click()
  await place.locator('form').waitFor()
  return place
}

// Fills the fields that have these labels.
async function fill(place, values) {
  for (const [label, value] of Object.entries(values)) {
    const field = place.getByLabel(label, { exact: true })
    if (typeof value === 'boolean') await field.selectOption(String(value))
    else await field.fill(value)
  }
}

// Calls, and reads the answer: its status, and its body as the page shows it.
async function press(place) {
  const section = place.getByRole('region', { name: /^Answer of/ })
  await section.evaluate((element) => element.querySelector('.status')?.setAttribute('data-old', ''))
  await place.getByRole('button', { name: 'Call', exact: true }).click()
  await section.locator('.status:not([data-old])').waitFor()
  await section.getByText('Header fields').waitFor()
  const body = section.getByRole('region', { name: 'Body of the answer' })
  const status = Number.parseInt(await section.locator('.status').innerText(), 10)
  return [status, (await body.count()) === 0 ? '' : await body.textContent()]
}

async function call(page, name, values = {}) {
  const place = await opened(page, name)
  await fill(place, values)
  return press(place)
}

const faults = (place) => place.locator('.fault').allTextContents()

module.exports = { browserTests, call, faults, fill, opened, press, startFront }
