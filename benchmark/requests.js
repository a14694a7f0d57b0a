'use strict'

// The loads' requests for functions by name, their answers to the byte, and the requests that must be refused, because
// a server that checks nothing would be fast.

const functions = require('./functions')

const order = makeOrder(64)
const values = makeValues(1000)
const BUSY_ROUNDS = 150_000 // some 200 µs

// By the names that `--loads` takes; `bad` are bodies, or paths if the arguments are in the path.
const REQUESTS = {
  'sum-path': {
    title: 'POST /sum/3/4',
    path: '/sum/3/4',
    answer: '7',
    bad: ['/sum/3/x', '/sum/3', '/sum/3/4/5', '/sum/3/%zz', '/some/3/4']
  },
  'sum-json': {
    title: 'POST /sum {"a":3,"b":4}',
    path: '/sum',
    body: '{"a":3,"b":4}',
    answer: '7',
    bad: [
      '{"a":3,"b":"4"}', '{"a":3}', '{"a":3,"b":4,"c":5}', '{"a":3,"b":1e400}', '{"a":3,"b":null}', 'null', '{"a":3,"b":'
    ]
  },
  greet: {
    title: 'POST /greet {"name":"Ada","loud":true}',
    path: '/greet',
    body: '{"name":"Ada","loud":true}',
    answer: '"HELLO, ADA!"',
    bad: [
      '{"name":1}', '{"name":"Ada","loud":"yes"}', '{"name":"Ada","loud":null}', '{"loud":true}',
      '{"name":"Ada","x":1}', '{"name":'
    ]
  },
  document: {
    title: 'a JSON document of 10 KB, a summary back',
    path: '/price',
    body: JSON.stringify({ order }),
    answer: JSON.stringify(functions.price(order)),
    bad: ['{}', '{"order":{},"more":1}', JSON.stringify({ order }).slice(0, -1)]
  },
  'document-back': {
    title: 'a JSON document of 10 KB, all of it back with totals',
    path: '/priceLines',
    body: JSON.stringify({ order }),
    answer: JSON.stringify(functions.priceLines(order)),
    bad: ['{}', '{"order":{},"more":1}', JSON.stringify({ order }).slice(0, -1)]
  },
  doubles: {
    title: '1,000 doubles, their sum back',
    path: '/total',
    body: JSON.stringify({ values }),
    answer: String(functions.total(values)),
    bad: ['{"values":[1,2,"3"]}', '{"values":[1,null]}', '{"values":[1,1e400]}', '{"values":3}', '{}', '{"values":[1,2']
  },
  busy: {
    title: 'a function that computes for some 200 µs',
    path: '/busy',
    body: `{"rounds":${BUSY_ROUNDS}}`,
    answer: String(functions.busy(BUSY_ROUNDS)),
    bad: ['{"rounds":"many"}', '{"rounds":1.5}', '{}', '{"rounds":1,"more":2}', '{"rounds":']
  },
  count: {
    title: 'the length of a string',
    path: '/count',
    body: '{"text":"Ada"}',
    answer: '3',
    bad: ['{"text":3}']
  },
  repeat: {
    title: 'a string of a given length',
    path: '/repeat',
    body: '{"count":3}',
    answer: '"xxx"',
    bad: ['{"count":"3"}']
  }
}

function makeOrder(count) {
  const next = random()
  const lines = Array.from({ length: count }, (_, i) => ({
    sku: `AB-${1000 + i}-${Math.floor(next() * 1e6).toString(36)}`,
    name: `Article no. ${i}, in the colour of your choice`,
    quantity: 1 + Math.floor(next() * 9),
    price: Math.floor(next() * 100_000),
    tags: ['new', 'fragile', 'in stock'],
    gift: next() < 0.5
  }))
  return { id: 4711, customer: 'Zoë Müller', currency: 'EUR', lines }
}

// With all their digits, like measurements and features.
function makeValues(count) {
  const next = random()
  return Array.from({ length: count }, () => (next() - 0.5) * 1000)
}

// The same numbers in every run, in [0, 1), with 53 bits.
function random() {
  let state = 0x2545f491
  const bits = (count) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> (32 - count)
  }
  return () => (bits(26) * 2 ** 27 + bits(27)) / 2 ** 53
}

module.exports = { REQUESTS, random }
