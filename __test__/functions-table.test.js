'use strict'

// What may be served, what is refused at the start, and what a server says about its functions.

const vm = require('node:vm')
const test = require('ava')
const { typed } = require('..')
const { describeTable, tableOf } = require('../lib/functions.js')
const { checkArguments } = require('../lib/options.js')

const add = (a, b) => a + b
const wrongType = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' }
const wrongValue = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' }

test('one function that is not declared has no table', (t) => {
  t.is(tableOf(add), undefined)
})

test('one declared function is at the root, under its own name', (t) => {
  const table = tableOf(typed('(a: int, b: int) => int', add))
  t.true(table.isRoot)
  t.like(table.functions[0], { name: 'add', handler: add, isDeclared: true, result: 'int', fewest: 2 })
  t.is(tableOf(typed('() => int', () => 1)).functions[0].name, 'handler')
})

test('functions by name keep their order', (t) => {
  const { isRoot, functions } = tableOf({ sum: add, $: () => 0, _1: typed('() => void', () => {}), constructor: add })
  t.false(isRoot)
  t.deepEqual(functions.map(({ name }) => name), ['sum', '$', '_1', 'constructor'])
  t.like(functions[0], {
    name: 'sum', handler: add, isDeclared: false, arguments: [], result: undefined, fewest: 2, deprecated: false
  })
  t.is(functions[2].result, 'void')
})

test('an undeclared function needs as many arguments as it has before the first default', (t) => {
  const [withDefault, rest, bound] = [(a, b = 1) => a + b, (...all) => all.length, add.bind(null, 1)]
  const functions = { none() {}, two: add, withDefault, rest, bound }
  t.deepEqual(tableOf(functions).functions.map(({ fewest }) => fewest), [0, 2, 1, 0, 1])
  for (const length of [-1, 1.5, NaN, '2', Infinity]) {
    const odd = Object.defineProperty(() => 0, 'length', { value: length })
    t.is(tableOf({ odd }).functions[0].fewest, 0)
  }
  const many = Object.defineProperty(() => 0, 'length', { value: 65 })
  t.throws(() => tableOf({ many }), { ...wrongValue, message: /functions\.many takes 65 arguments/ })
})

test('plain objects of any kind are taken', (t) => {
  const withoutPrototype = Object.assign(Object.create(null), { add })
  const ofAnotherRealm = vm.runInNewContext('({ add: (a, b) => a + b })')
  for (const functions of [{ add }, withoutPrototype, ofAnotherRealm, Object.freeze({ add })]) {
    t.is(tableOf(functions).functions[0].name, 'add')
  }
})

test("a module's namespace is taken", async (t) => {
  const namespace = await import('data:text/javascript,export const add = (a, b) => a + b; export default () => 1')
  t.deepEqual(tableOf(namespace).functions.map(({ name }) => name), ['add', 'default'])
})

test('a getter is called once', (t) => {
  let count = 0
  const functions = { get add() { return ++count === 1 ? add : 'changed' } }
  const { table } = checkArguments({}, functions)
  t.is(table.functions[0].handler, add)
  t.is(count, 1)
})

test('a property that is not enumerable, or that all objects inherit, is not served', (t) => {
  const functions = Object.defineProperty({ add }, 'hidden', { value: add })
  t.is(tableOf(functions).functions.length, 1)
})

class Calculator {
  add() {}
}

const refused = {
  'a number': [3, wrongType, /object of functions/],
  null: [null, wrongType, /object of functions/],
  'an array': [[add], wrongType, /called by their names/],
  'a promise': [Promise.resolve({ add }), wrongType, /await/],
  'a Map': [new Map([['add', add]]), wrongType, /Object\.fromEntries/],
  'an instance of a class': [new Calculator(), wrongType, /Name its methods/],
  'an object that inherits functions': [Object.create({ add }), wrongType, /Name its methods/],
  'an object whose prototype was set': [{ __proto__: add }, wrongType, /plain object/],
  'an empty object': [{}, wrongValue, /no function/],
  'a value that is not a function': [{ add, pi: 3.14 }, wrongType, /functions\.pi.*of type function/],
  'an undefined function': [{ add: undefined }, wrongType, /functions\.add.*undefined/],
  'a promise of a function': [{ add: Promise.resolve(add) }, wrongType, /await/],
  'a group of functions': [{ math: { add } }, wrongType, /functions\.math.*not grouped/],
  'a class': [Calculator, wrongValue, /^The handler is a class, .* \(\) => new Calculator\(\)\.$/],
  'a class without a name': [class {}, wrongValue, /new It\(\)/],
  'typed itself': [typed, wrongValue, /^The handler is `typed` itself\./],
  'typed itself among them': [{ add: typed }, wrongValue, /^functions\.add is `typed` itself\./],
  'a class among them': [{ Calculator }, wrongValue, /functions\.Calculator is a class/],
  'a name with a dash': [{ 'get-user': add }, wrongValue, /"get-user"/],
  'a name with a dot': [{ 'openapi.json': add }, wrongValue, /"openapi\.json"/],
  'a name that is a number': [{ 1: add }, wrongValue, /"1"/],
  'a name with a letter beyond ASCII': [{ größe: add }, wrongValue, /größe/],
  'an empty name': [{ '': add }, wrongValue, /""/],
  'the name __proto__': [{ ['__proto__']: add }, wrongValue, /"__proto__"/],
  'a symbol for a name': [{ add, [Symbol('x')]: add }, wrongValue, /Symbol\(x\)/]
}

for (const [what, [functions, expected, message]] of Object.entries(refused)) {
  test(`${what} is refused`, (t) => {
    t.throws(() => tableOf(functions), { ...expected, message })
    t.throws(() => checkArguments({}, functions), expected)
  })
}

test('an error that a getter throws is thrown', (t) => {
  t.throws(() => tableOf({ get add() { throw new RangeError('no') } }), { instanceOf: RangeError, message: 'no' })
})

test('a thousand functions are the most', (t) => {
  const functions = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, add]))
  t.is(tableOf(functions(1000)).functions.length, 1000)
  t.throws(() => tableOf(functions(1001)), { ...wrongValue, message: /at most 1000/ })
})

test('the function that typed returns is called as its handler is', (t) => {
  function greet(name, loud) { return [this?.salute, name, loud] }
  const declared = typed('(name: string, loud?: boolean) => json', greet)
  t.is(declared.name, 'greet')
  t.is(declared.length, 2)
  t.deepEqual(declared('Ada'), [undefined, 'Ada', undefined])
  t.deepEqual(declared.call({ salute: 'Hello' }, 'Ada', true), ['Hello', 'Ada', true])
  t.is(tableOf({ declared }).functions[0].handler, greet)
})

test('one handler may be declared twice', (t) => {
  const ints = typed('(a: int, b: int) => int', add)
  const doubles = typed('(a: number, b: number) => number', add)
  const { functions } = tableOf({ ints, doubles })
  t.deepEqual(functions.map(({ result }) => result), ['int', 'number'])
})

test('typed throws for wrong arguments', (t) => {
  t.throws(() => typed('() => int'), wrongType)
  t.throws(() => typed('() => int', 3), wrongType)
  t.throws(() => typed('() => int', typed), { ...wrongValue, message: /`typed` itself/ })
  t.throws(() => typed('() => int', Calculator), { ...wrongValue, message: /is a class/ })
  t.throws(() => typed(add, '() => int'), wrongType)
  t.throws(() => typed('() => int', add, null), wrongType)
  t.throws(() => typed('() => int', add, []), wrongType)
  t.throws(() => typed('() => int', add, { sumary: 's' }), { ...wrongValue, message: /Did you mean 'summary'\?/ })
  t.throws(() => typed('() => int', add, { summary: 3 }), wrongType)
  t.throws(() => typed('() => int', add, { description: 3 }), wrongType)
  t.throws(() => typed('() => int', add, { deprecated: 'yes' }), wrongType)
  t.throws(() => typed('() => int', add, { examples: {} }), wrongType)
  t.throws(() => typed('() => int', add, { examples: [3] }), wrongType)
  t.throws(() => typed('() => int', add, { examples: [[1n]] }), { ...wrongValue, message: /bigint/ })
})

test('the functions are described as plain data, frozen', (t) => {
  const examples = [{ a: 1 }]
  const sum = typed('(a: Num, xId?: header) => Num', add, {
    types: { Num: { '~standard': { validate: (value) => ({ value }) } } },
    summary: 's', description: 'd', examples, deprecated: true
  })
  const told = describeTable(tableOf({ sum, add }))
  examples[0].a = 2
  t.deepEqual(told, structuredClone(told))
  t.deepEqual(JSON.parse(JSON.stringify(told)), [
    {
      name: 'sum', isDeclared: true,
      arguments: [
        { name: 'a', type: 'Num', isOptional: false },
        { name: 'xId', type: 'header', isOptional: true, field: 'x-id' }
      ],
      result: 'Num', fewest: 1, signature: '(a: Num, xId?: header) => Num',
      summary: 's', description: 'd', examples: [{ a: 1 }], deprecated: true
    },
    { name: 'add', isDeclared: false, arguments: [], fewest: 2, deprecated: false }
  ])
  t.true([told, told[0], told[0].arguments[0], told[0].examples[0]].every(Object.isFrozen))
  t.deepEqual(describeTable(tableOf(add)), [])
})

test('the options that depend on what is served', (t) => {
  const plain = checkArguments({}, add)
  t.like(plain, { table: undefined, options: { maxBodySize: 65536, maxBufferedBytes: 2 ** 26 } })
  for (const functions of [{ add }, typed('() => int', add)]) {
    t.like(checkArguments({}, functions).options, { maxBodySize: 2 ** 20, maxBufferedBytes: 2 ** 26 })
    t.like(checkArguments({ maxBodySize: 5 }, functions).options, { maxBodySize: 5 })
    t.throws(() => checkArguments({ bigint: true }, functions), { ...wrongValue, message: /int64/ })
    const options = { maxBodySize: 11, maxBufferedBytes: 10 }
    t.throws(() => checkArguments(options, functions), { ...wrongValue, message: /maxBufferedBytes/ })
  }
  t.notThrows(() => checkArguments({ bigint: true, maxBodySize: 2 ** 40 }, add))
  for (const maxBufferedBytes of [0, -1, 1.5]) {
    t.throws(() => checkArguments({ maxBufferedBytes }, add), { code: 'ERR_OUT_OF_RANGE' })
  }
})
