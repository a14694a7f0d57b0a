'use strict'

// `ringcall/client` in Bun, Deno and Chromium: the same checks as in Node.js. A runtime that is not installed is named
// in the log, and fails its test where CI is set.

const { execFile } = require('node:child_process')
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { buffer } = require('node:stream/consumers')
const { promisify } = require('node:util')
const test = require('ava')
const { browserTests } = require('./browser.js')
const { functions } = require('./client-functions.js')
const { has, root, serve } = require('./helpers.js')

const browserTest = browserTests(test)

const serveFunctions = (t, options) => serve(t, { host: '127.0.0.1', ...options }, functions)

for (const [program, ...args] of [['bun'], ['deno', 'run', '--no-lock', '--allow-net', '--allow-read']]) {
  test(`${program}: every type there and back, and refusals`, async (t) => {
    if (!has(t, program)) return
    const { url } = serveFunctions(t)
    const { stdout } = await promisify(execFile)(program, [...args, path.join(__dirname, 'client-run.mjs'), url])
    t.true(Number(stdout) > 50)
  })
}

// A site that has the client and a page, and the functions below /math.
async function serveSite(t, server) {
  const files = { '/client.mjs': `${root}/client.mjs`, '/checks.mjs': `${__dirname}/client-checks.mjs` }
  const site = http.createServer(async (request, response) => {
    const { method, headers, url } = request
    const answer = (type, body) => response.writeHead(200, { 'Content-Type': type }).end(body)
    if (url in files) return answer('text/javascript', readFileSync(files[url]))
    if (!url.startsWith('/math/')) return answer('text/html', '<!doctype html>')
    const path = url.slice('/math'.length)
    const asked = http.request({ host: '127.0.0.1', port: server.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    response.on('close', () => asked.destroy())
    asked.on('error', () => response.destroy()).end(await buffer(request))
  }).listen(0, '127.0.0.1')
  await once(site, 'listening')
  t.teardown(() => {
    site.close()
    site.closeAllConnections()
  })
  return `http://127.0.0.1:${site.address().port}`
}

// Runs in the page.
async function checkThere(url) {
  const [module, { check }] = await Promise.all([import('/client.mjs'), import('/checks.mjs')])
  return check(module, url)
}

browserTest('Chromium: from a page of another origin that `origins` names', async (t, open) => {
  const site = await serveSite(t)
  const page = await open(`${site}/`)
  t.true((await page.evaluate(checkThere, serveFunctions(t, { origins: [site] }).url)) > 50)
})

browserTest('Chromium: from a page of the same origin, by a relative path', async (t, open) => {
  const page = await open(`${await serveSite(t, serveFunctions(t))}/pages/`)
  t.true((await page.evaluate(checkThere, '/math')) > 50)
  t.true((await page.evaluate(checkThere, '../math/')) > 50)
})
