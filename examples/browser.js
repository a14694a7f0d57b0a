'use strict'

// Functions that a page of another origin calls: `node examples/browser.js`, then open http://localhost:8080 in a browser.
//
//   PORT       the functions [8000]
//   SITE_PORT  the page [8080]
//
// The page is browser.html. It loads the client as a file, like any page without a bundler.

const { createHash } = require('node:crypto')
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const { createServer } = require('node:http')
const path = require('node:path')
const { serverListen, typed } = require('ringcall')

const N_MAX = 10_000
const USERS = new Map([['Bearer ada-secret', 'Ada'], ['Bearer grace-secret', 'Grace']])

const functions = {
  // Its digits are exact in the page, where it is a bigint.
  factorial: typed('(n: int) => bigint', (n) => {
    if (n < 0 || n > N_MAX) throw refusal(400, `n is from 0 to ${N_MAX}.`)
    let product = 1n
    for (let i = 2n; i <= n; i++) product *= i
    return product
  }),

  // The page needs a token, not a cookie: no other page can make a browser send that.
  whoAmI: typed('(authorization?: header) => string', (authorization) => {
    const user = USERS.get(authorization ?? '')
    if (user === undefined) throw refusal(401, 'This takes a token that is known here.', { 'WWW-Authenticate': 'Bearer' })
    return user
  })
}

/** The client is told the message. @param {number} statusCode @param {string} message @param {object} [headers] */
function refusal(statusCode, message, headers) {
  return Object.assign(new Error(message), { statusCode, headers })
}

async function main() {
  const site = createServer().listen(Number(process.env.SITE_PORT || 8080), 'localhost')
  await once(site, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (site.address())
  const origin = `http://localhost:${port}`

  // Pages of this origin may call. Pages of other origins are refused before a function runs.
  const server = serverListen({ port: Number(process.env.PORT || 8000), host: 'localhost', origins: [origin] }, functions)
  serveFiles(site, `http://localhost:${server.port}`)
  console.log(`open ${origin} (it calls http://localhost:${server.port})`)

  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  site.close()
  site.closeAllConnections()
  await server.close()
}

/** @param {import('node:http').Server} site @param {string} api */
function serveFiles(site, api) {
  const page = readFileSync(path.join(__dirname, 'browser.html'), 'utf8').replace('http://localhost:8000', api)
  const client = readFileSync(path.join(path.dirname(require.resolve('ringcall')), 'client.mjs'))
  // The page runs only its own script and the client's, and talks only to the functions.
  const [, script] = /<script[^>]*>([^]*?)<\/script>/.exec(page) ?? []
  const hash = createHash('sha256').update(script ?? '').digest('base64')
  const policy = `default-src 'none'; img-src data:; script-src 'self' 'sha256-${hash}'; connect-src ${api}`
  site.on('request', ({ url }, response) => {
    response.setHeader('Content-Security-Policy', policy)
    if (url === '/') response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page)
    else if (url === '/client.mjs') response.setHeader('Content-Type', 'text/javascript').end(client)
    else response.writeHead(404).end()
  })
}

main()
