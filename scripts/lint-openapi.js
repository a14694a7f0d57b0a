'use strict'

// `npm run test:openapi`: has Spectral judge the documents that the tests make. It is installed only for this, because
// it has 200 packages.

const { spawnSync } = require('node:child_process')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { documents } = require('../__test__/openapi-documents.js')

const SPECTRAL = '@stoplight/spectral-cli@6.16.3'
// A contact is for the functions' publisher to name. And Spectral does not know `prefixItems`, beside which an array
// needs no `items`: with both, code generators make tuples that are too long.
const RULES = { extends: ['spectral:oas'], rules: { 'info-contact': 'off', 'array-items': 'off' } }

const folder = mkdtempSync(path.join(tmpdir(), 'ringcall-openapi-'))
try {
  const ruleset = path.join(folder, 'ruleset.json')
  writeFileSync(ruleset, JSON.stringify(RULES))
  const files = Object.entries(documents).map(([name, text]) => {
    const file = path.join(folder, `${name.replaceAll(' ', '-')}.json`)
    writeFileSync(file, text)
    return file
  })
  const args = ['--yes', SPECTRAL, 'lint', ...files, '--ruleset', ruleset, '--fail-severity', 'hint']
  process.exitCode = spawnSync('npx', args, { cwd: folder, stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
