'use strict'

// Fibonacci over HTTP: `npm start`, then `curl -X POST http://localhost:8000/15` answers 610.

const { serverListen } = require('ringcall')
const fibonacci = require('./fibonacci.js')

function main() {
  const { PORT = '8000', HOST } = process.env
  if (!/^\d{1,5}$/.test(PORT) || Number(PORT) > 65535) {
    return fail(`PORT is a number from 0 to 65535, not ${JSON.stringify(PORT)}.`)
  }

  let server
  try {
    server = serverListen({ port: Number(PORT), host: HOST || undefined }, fibonacci)
  } catch (error) {
    const taken = `Port ${PORT} is in use. To take another: PORT=8001 npm start`
    return fail(error.code === 'EADDRINUSE' ? taken : error.message)
  }
  console.log(`listening on ${server.url} (POST /15 answers 610)`)

  // Once each, so that a second Ctrl-C does not wait for anybody.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exitCode = 1
}

main()
