'use strict'

// `this` in a function is the object that the function was passed in, as in a call of the object's own method.

const test = require('ava')
const { post, serve, serverListen } = require('./helpers.js')
const { tableOf } = require('../lib/functions.js')
const { typed } = require('../index.js')

async function answersOf(t, server, targets) {
  const answers = []
  for (const target of targets) answers.push((await post(t, server, target)).body)
  return answers
}

test('a method can call the others of its object, whatever its arguments and its result are', async (t) => {
  const functions = {
    none() { return this.double(1) },
    one(a) { return this.double(a) },
    two(a, b) { return this.double(a + b) },
    three(a, b, c) { return this.double(a + b + c) },
    four(a, b, c, d) { return this.double(a + b + c + d) },
    text(a) { return String(this.double(a.length)) },
    async later(a) {
      await null
      return this.double(a)
    },
    typed: typed('(a: int) => int', function (a) { return this.double(a) }),
    double(n) { return 2 * n }
  }
  const targets = ['/none', '/one/1', '/two/1/2', '/three/1/2/3', '/four/1/2/3/4', '/text/"ab"', '/later/1', '/typed/1']
  const server = serve(t, {}, functions)
  const answers = await answersOf(t, server, targets.map((target) => target.replaceAll('"', '%22')))
  t.deepEqual(answers, ['2', '2', '6', '12', '20', '"4"', '2', '2'])
})

test('a method whose arguments have schemas sees its object, too', async (t) => {
  const validate = async (value) => ({ value })
  const types = {
    Now: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
    Later: { '~standard': { version: 1, vendor: 'test', validate } }
  }
  const server = serve(t, {}, {
    now: typed('(a: Now) => int', function (a) { return this.double(a) }, { types }),
    later: typed('(a: Later) => int', function (a) { return this.double(a) }, { types }),
    double: (n) => 2 * n
  })
  for (const name of ['now', 'later']) {
    const headers = { 'Content-Type': 'application/json' }
    t.is((await post(t, server, `/${name}`, { headers, body: '[3]' })).body, '6')
  }
})

test('this is the object itself, with properties set on it since', async (t) => {
  const counter = {
    add(n) {
      this.total = (this.total ?? 0) + n
      return this === counter ? this.total : -1
    }
  }
  const server = serve(t, {}, counter)
  t.deepEqual(await answersOf(t, server, ['/add/3', '/add/4']), ['3', '7'])
  t.is(counter.total, 7)
})

test('in a function at the root this is undefined', async (t) => {
  const handlers = [
    function () { return this === undefined ? 1 : 0 },
    typed('(n: int) => int', function () { return this === undefined ? 1 : 0 })
  ]
  for (const handler of handlers) t.is((await post(t, serve(t, {}, handler), '/15')).body, '1')
})

test('server.functions does not reveal the object', (t) => {
  const functions = { sum: (a, b) => a + b }
  t.is(tableOf(functions).functions[0].owner, functions)
  const server = serverListen({ port: 0 }, functions)
  t.teardown(() => server.close())
  t.deepEqual(Object.keys(server.functions[0]), ['name', 'isDeclared', 'arguments', 'fewest', 'deprecated'])
})
