'use strict'

// A call of WebAssembly that throws ends its instance, and the next call has a new one: what is lost, and what stays.

const path = require('node:path')
const test = require('ava')
const { fromWasm } = require('..')
const { functionType, moduleOf, op, section, text, vector } = require('./assembler.js')
const { file } = require('./commands.js')
const { connect, post, root, serve } = require('./helpers.js')

const [i32, i64] = ['i32', 'i64']
const MINUS_ONE = 0x7f
const MEMORY = section(5, vector([[0, 1]]))
const IMPORTED_MEMORY = [...text('env'), ...text('memory'), 2, 0, 1]
const VOID = functionType([], [])
const INT = functionType([], [i32])

// A global, in place of a compiler's stack pointer: entering a function moves it, and only returning moves it back.
const GLOBAL = section(6, vector([[0x7f, 1, ...op.i32Const(0), ...op.end]]))
const move = (by) => [op.globalGet(0), op.i32Const(by), op.i32Add, op.globalSet(0)].flat()
const get = { name: 'get', results: [i32], code: [op.globalGet(0)] }
const load = { name: 'load', results: [i32], code: [op.i32Const(0), op.i32Load] }
const bump = { name: 'bump', code: [move(1)] }
const trap = { name: 'trap', code: [move(1), op.unreachable] }
const SPOILT = moduleOf([get, bump, trap], { before: { 7: GLOBAL } })

// A module with an import, which is function 0.
const call = { module: 'env', import: 'call' }
const out = { name: 'out', code: [move(1), op.call(0), move(MINUS_ONE)] }
const CALLING = moduleOf([call, get, bump, trap, out], { before: { 7: GLOBAL } })

// Each function throws in another way. Functions refer to their types by number, as the tag does.
const ofType = (type, fn) => ({ ...fn, type })
const WAYS = moduleOf([
  ofType(0, call), ofType(1, get), ofType(0, bump), ofType(0, trap), ofType(0, out),
  ofType(0, { name: 'deep', code: [move(1), op.call(5)] }),
  ofType(0, { name: 'raise', code: [move(1), op.throw(0)] })
], { types: [VOID, INT], before: { 7: [...section(13, vector([[0, 0]])), ...GLOBAL] } })

// A module that workers can load, too, whose import throws.
function modulePath(t) {
  return file(t, 'functions.js', `
    const { fromWasm } = require(${JSON.stringify(path.join(root, 'index.js'))})
    const bytes = Buffer.from(${JSON.stringify(Buffer.from(WAYS).toString('base64'))}, 'base64')
    module.exports = fromWasm(bytes, { env: { call() { throw new TypeError('of an import') } } })
  `)
}

const HOW = {
  'without workers': (t, options) => serve(t, options, require(modulePath(t))),
  'with a worker': (t, options) => serve(t, { ...options, workers: 1 }, modulePath(t))
}

for (const [how, start] of Object.entries(HOW)) {
  for (const [name, what, message] of [
    ['trap', 'a trap', /^unreachable$/],
    ['deep', 'a stack overflow', /^Maximum call stack size exceeded$/],
    ['raise', 'an exception of WebAssembly', undefined],
    ['out', 'an import that throws', /^of an import$/]
  ]) {
    test(`on a server, ${how}: ${what} is answered with 500, and the next call has a new instance`, async (t) => {
      const told = []
      const server = start(t, { onError: (error) => told.push(error) })
      const client = await connect(t, server)
      for (let i = 0; i < 3; i++) {
        t.is((await client.send('/bump')).status, 204)
        t.is((await client.send('/get')).body, '1')
        t.is((await client.send(`/${name}`)).status, 500)
        t.is((await client.send('/get')).body, '0')
      }
      await server.close()
      t.is(told.length, 3)
      if (message !== undefined) t.regex(told[0].message, message)
    })
  }
}

test('the functions stay the same, whichever instance they run in', (t) => {
  const functions = fromWasm(SPOILT)
  const { get: its, trap: failing } = functions
  functions.bump()
  t.throws(failing, { instanceOf: WebAssembly.RuntimeError, message: 'unreachable' })
  t.is(functions.get, its)
  t.is(its(), 0)
  functions.bump()
  t.is(its(), 1)
})

test('a new instance starts as the first one did, and not before it is needed', (t) => {
  const started = []
  const functions = fromWasm(moduleOf([
    { module: 'env', import: 'log', parameters: [i32] },
    { name: '_initialize', code: [move(5), op.globalGet(0), op.call(0)] },
    load,
    { name: 'store', parameters: [i32], code: [op.i32Const(0), op.get(0), op.i32Store] },
    get, bump, trap
  ], { before: { 7: [...MEMORY, ...GLOBAL] }, data: [7, 0, 0, 0] }), { env: { log: (n) => started.push(n) } })
  functions.store(8)
  functions.bump()
  t.deepEqual([functions.load(), functions.get()], [8, 6])
  t.throws(functions.trap)
  t.deepEqual(started, [5])
  t.deepEqual([functions.load(), functions.get()], [7, 5])
  t.deepEqual(started, [5, 5])
})

test('on a server: while no new instance starts, each call gets 500, and the next one tries again', async (t) => {
  let isRefused = false
  const cause = new Error('no start today')
  const env = { call() { if (isRefused) throw cause } }
  const starting = { name: '_initialize', code: [op.call(0)] }
  const told = []
  const bytes = moduleOf([call, starting, get, bump, trap], { before: { 7: GLOBAL } })
  const server = serve(t, { onError: (error) => told.push(error) }, fromWasm(bytes, { env }))
  isRefused = true
  t.is((await post(t, server, '/trap')).status, 500)
  for (let i = 0; i < 3; i++) t.is((await post(t, server, '/get')).status, 500)
  t.deepEqual(told.slice(1), [cause, cause, cause])
  isRefused = false
  t.is((await post(t, server, '/get')).body, '0')
  t.is((await post(t, server, '/bump')).status, 204)
  t.is((await post(t, server, '/get')).body, '1')
})

test('where a new instance traps as it starts, the call throws that, and the next one tries again', (t) => {
  const memory = new WebAssembly.Memory({ initial: 1 })
  // Its start traps if the memory does not begin with 0.
  const starting = { name: '_initialize', code: [...load.code, op.if, op.unreachable, op.end] }
  const functions = fromWasm(moduleOf([starting, load, trap], { imports: [IMPORTED_MEMORY], before: { 7: GLOBAL } }), {
    env: { memory }
  })
  t.throws(functions.trap, { message: 'unreachable' })
  new Uint8Array(memory.buffer)[0] = 1
  for (let i = 0; i < 2; i++) {
    const message = /^The WebAssembly module could not be started, as its _initialize failed: unreachable$/
    t.true(t.throws(functions.load, { message }).cause instanceof WebAssembly.RuntimeError)
  }
  new Uint8Array(memory.buffer)[0] = 0
  t.is(functions.load(), 0)
})

test('each instance has the same imports, with their state', (t) => {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const imports = { env: { memory } }
  const bytes = moduleOf([load, get, bump, trap], { imports: [IMPORTED_MEMORY], before: { 7: GLOBAL } })
  const functions = fromWasm(bytes, imports)
  functions.bump()
  new Uint8Array(memory.buffer)[0] = 3
  // A change of the object that the imports came in has no effect.
  imports.env = { memory: new WebAssembly.Memory({ initial: 1 }) }
  t.throws(functions.trap)
  t.deepEqual([functions.load(), functions.get()], [3, 0])
})

test('an inner call that throws leaves the outer one its instance, and later calls have a new one', (t) => {
  let within = () => {}
  const functions = fromWasm(CALLING, { env: { call: () => within() } })
  const seen = []
  within = () => {
    seen.push(functions.get())
    t.throws(functions.trap, { message: 'unreachable' })
    seen.push(functions.get())
    functions.bump()
    t.throws(functions.trap, { message: 'unreachable' })
    seen.push(functions.get())
    functions.bump()
  }
  functions.bump()
  functions.out()
  t.deepEqual(seen, [2, 0, 0])
  t.is(functions.get(), 1)
  // The outer call ends its own instance, not the one that came after it.
  within = () => {
    t.throws(functions.trap)
    functions.bump()
    throw new Error('after that')
  }
  t.throws(functions.out, { message: 'after that' })
  t.is(functions.get(), 1)
  // The same error goes through both calls.
  within = functions.trap
  t.throws(functions.out, { message: 'unreachable' })
  t.is(functions.get(), 0)
})

test('the outer call goes on in its own instance', (t) => {
  let within
  const twice = { name: 'twice', results: [i32], code: [move(1), op.call(0), move(1), op.globalGet(0)] }
  const env = { call: () => within() }
  const functions = fromWasm(moduleOf([call, get, trap, twice], { before: { 7: GLOBAL } }), { env })
  within = () => t.throws(functions.trap)
  // The 1 that the inner call has added stays, as the call does not return to take it away.
  t.is(functions.twice(), 3)
  t.is(functions.get(), 0)
})

test('an import that an instance calls as it starts cannot call the functions of that instance', (t) => {
  let functions
  const env = { call: () => functions?.get() }
  const starting = { name: '_initialize', code: [op.call(0)] }
  functions = fromWasm(moduleOf([call, starting, get, trap], { before: { 7: GLOBAL } }), { env })
  t.throws(functions.trap)
  const message = /^The WebAssembly module is being started, and what it imports calls get\. /
  t.throws(functions.get, { message })
  t.throws(functions.get, { message })
})

test("another module's functions, used as imports, end their own instance as well", (t) => {
  const inner = fromWasm(SPOILT)
  const outer = fromWasm(CALLING, { env: { call: inner.trap } })
  inner.bump()
  outer.bump()
  t.throws(outer.out, { message: 'unreachable' })
  t.deepEqual([inner.get(), outer.get()], [0, 0])
})

test('arguments that WebAssembly does not accept leave the instance as it is', (t) => {
  const taking = (name, type) => ({ name, parameters: [type], code: [move(1), op.unreachable] })
  const functions = fromWasm(moduleOf([get, bump, taking('int', i32), taking('long', i64)], { before: { 7: GLOBAL } }))
  functions.bump()
  for (const refused of [
    () => functions.int(1n), () => functions.int(Symbol('a')), () => functions.long(1), () => functions.long(),
    () => functions.long('a')
  ]) {
    t.throws(refused, { any: true })
    t.is(functions.get(), 1)
  }
  for (const taken of [
    () => functions.int(1), () => functions.int('a'), () => functions.int(), () => functions.long(1n),
    () => functions.long('1')
  ]) {
    functions.bump()
    t.throws(taken, { message: 'unreachable' })
    t.is(functions.get(), 0)
  }
  // An object is converted only once.
  let asked = 0
  t.throws(() => functions.int({ valueOf: () => ++asked }), { message: 'unreachable' })
  t.is(asked, 1)
})

test('where the caller has hardly any stack left, the instance still ends', (t) => {
  const functions = fromWasm(SPOILT)
  for (let room = 0; room < 100; room++) {
    let depth = 0
    // Goes down to the end of the stack, and calls the function `room` levels above it.
    const dive = () => {
      try {
        dive()
      } catch {
        depth = 0
      }
      if (depth++ !== room) return
      try {
        functions.trap()
      } catch {}
    }
    dive()
    t.is(functions.get(), 0, `${room} levels above the end of the stack`)
  }
})

// V8 reserves some 10 GiB of addresses for each memory, and a process has 128 TiB of them: these instances would need
// more if anything held on to them.
test('a flood of traps leaves no instance behind', (t) => {
  const { trap: failing } = fromWasm(moduleOf([trap], { before: { 7: [...MEMORY, ...GLOBAL] } }))
  const before = process.memoryUsage.rss()
  for (let i = 0; i < 20_000; i++) {
    try {
      failing()
    } catch ({ message }) {
      if (message !== 'unreachable') return t.fail(`after ${i}: ${message}`)
    }
  }
  const grown = process.memoryUsage.rss() - before
  t.true(grown < 200 * 1024 * 1024, `${grown} bytes more`)
})
