'use strict'

// Functions whose answers have different statuses.

const { reply, typed } = require('../..')

exports.ok = typed('() => text', () => 'x')
const Never = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) } }

exports.created = typed('() => json', () => reply(1, { status: 201 }))
exports.refuse = typed('(value?: Never) => json', (value) => value ?? null, { types: { Never } })
