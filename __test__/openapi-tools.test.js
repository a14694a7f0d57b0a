'use strict'

// The description, judged by others' tools: it is valid, and draws no warnings. `npm run test:openapi` asks one more.

const { writeFileSync } = require('node:fs')
const path = require('node:path')
const test = require('ava')
const { folder, text } = require('./commands.js')
const { root, start } = require('./helpers.js')
const { documents } = require('./openapi-documents.js')

const REDOCLY = path.join(root, 'node_modules', '@redocly', 'cli', 'bin', 'cli.js')
// The licence is for the publisher of the functions to name.
const LINT = ['lint', '--format=json', '--skip-rule=info-license']
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

for (const [name, document] of Object.entries(documents)) {
  test(`${name}: the document is valid by OpenAPI's own schema`, async (t) => {
    const { Validator } = await import('@seriousme/openapi-schema-validator')
    const { valid, errors } = await new Validator().validate(JSON.parse(document))
    t.true(valid, JSON.stringify(errors))
  })

  test(`${name}: redocly reports nothing`, async (t) => {
    const made = path.join(folder(t), 'openapi.json')
    writeFileSync(made, document)
    const child = start(t, [REDOCLY, ...LINT, made], { env: QUIET, cwd: path.dirname(made) })
    const { totals, problems } = JSON.parse(await text(child))
    t.deepEqual(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`), [])
    t.deepEqual(totals, { errors: 0, warnings: 0, ignored: 0 })
    t.is((await child.exited).code, 0)
  })
}
