'use strict'

// examples/browser.js in a real browser: its page has another origin than the functions.

const test = require('ava')
const { browserTests } = require('./browser.js')
const { post, start } = require('./helpers.js')

const browserTest = browserTests(test)

async function startExample(t) {
  const child = start(t, ['examples/browser.js'], { env: { PORT: '0', SITE_PORT: '0' } })
  const [, site, api] = /^open (http:\S+) \(it calls (http:\S+)\)$/.exec(await child.line())
  return { child, site, api }
}

async function answerOf(page, form, value) {
  const place = page.locator(`#${form}`)
  const answer = page.locator('output')
  await place.locator('input').fill(value)
  await answer.evaluate((output) => output.replaceChildren())
  await place.getByRole('button').click()
  await answer.filter({ hasText: /./ }).waitFor()
  return answer.innerText()
}

browserTest('its page calls functions on another origin: exact digits, a token, and refusals', async (t, open) => {
  const { child, site, api } = await startExample(t)
  t.not(new URL(site).host, new URL(api).host)
  const page = await open(`${site}/`)
  t.is(await answerOf(page, 'factorial', '30'), '265252859812191058636308480000000')
  t.is(await answerOf(page, 'factorial', '10001'), '400: n is from 0 to 10000.')
  t.is(await answerOf(page, 'factorial', '1.5'), "400: factorial's arguments do not fit.")
  t.is(await answerOf(page, 'who', 'grace-secret'), 'Grace')
  t.is(await answerOf(page, 'who', 'guessed'), '401: This takes a token that is known here.')
  const { hostname: host, port } = new URL(api)
  for (const [origin, expected] of [[site, 200], ['http://localhost:1', 403]]) {
    const { status } = await post(t, { host, port }, '/factorial/3', { headers: { Origin: origin } })
    t.is(status, expected)
  }
  child.kill('SIGTERM')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})
