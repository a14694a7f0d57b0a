#!/usr/bin/env node
'use strict'

// node conformance/run.js [--everywhere] [--differences] [host:port]
//
// Checks the server of this checkout, or one that answers `POST /15` with 610 wherever it is.

const { serverListen } = require('..')
const { differences, load, runAll, table, watchfulHandler } = require('./suites.js')

async function main(args) {
  const flags = args.filter((arg) => arg.startsWith('--'))
  const address = args.find((arg) => !arg.startsWith('--'))
  const { handler, forbidden } = watchfulHandler()
  const server = address ? null : serverListen({ port: 0, host: '127.0.0.1' }, handler)
  const [, host, port] = /^(.*):(\d+)$/.exec(address ?? `127.0.0.1:${server.port}`)
  const suites = load()
  await runAll({ host, port: Number(port) }, suites, { everywhere: flags.includes('--everywhere') })
  await server?.close()

  const wrong = suites.flatMap(({ suite, cases }) =>
    cases.flatMap(({ id, name, faults }) => faults.map((fault) => `${suite} ${id}: ${name}\n    ${fault}`))
  )
  for (const number of forbidden) wrong.push(`the handler was called with ${number}`)
  if (flags.includes('--differences')) console.log(differences(suites) + '\n')
  console.log(table(suites))
  if (wrong.length > 0) console.log(`\n${wrong.length} wrong:\n${wrong.join('\n')}`)
  process.exitCode = wrong.length > 0 ? 1 : 0
}

main(process.argv.slice(2))
