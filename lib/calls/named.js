'use strict'

// Calls of functions by name. The ring thread has checked their arguments.
//
// Arguments come in columns, one call after another: `cells` for numbers, int64s and booleans, at least two for each
// call; one JSON array, parsed once a batch, for strings and short JSON values; buffers for bytes, arrays of numbers and
// the tapes of other JSON values. `count` holds the number of arguments and their form. `values` on the Rust side writes
// all of them.

const { errorAnswer } = require('../answers/handler-errors.js')
const { DECLARED_ARGUMENTS_MAX } = require('../limits.js')
const { MEDIA_TYPE, errorProblem, problemFields, problemText } = require('../answers/problems.js')
const { isReply } = require('../answers/reply.js')
const { CONTENT_TYPES, answerOf, encoderOf, mediaOf } = require('../answers/encoders.js')
const { isThenable, settle } = require('./promises.js')
const { applySchemas } = require('./schemas.js')
const { ReadTape, createTapes } = require('./tapes.js')

const { parse, stringify } = JSON
const { apply } = Reflect
const { call } = Function.prototype

const BY_NAME = 0x80
const HOLES = 0x40
const UNPACKED = 0x3f
const CELLS_PER_CALL_MIN = 2

// How an argument is passed.
const NUMBER = 0
const BOOLEAN = 1
const INT64 = 2
const TEXT = 3
const BIGINT = 4
const BIGINTS = 5
const BYTES = 6
const FLOAT64S = 7
const INT64S = 8
const JSON_VALUE = 9

const KINDS = {
  __proto__: null,
  int: NUMBER, number: NUMBER, int32: NUMBER, float32: NUMBER, boolean: BOOLEAN, int64: INT64, bigint: BIGINT,
  'bigint[]': BIGINTS, bytes: BYTES, 'number[]': FLOAT64S, 'int64[]': INT64S,
  json: JSON_VALUE
}

// A function as calls need it. All instances have one shape.
class Callee {
  errors = 0
  refusals = 0

  // `index` is its place in the table.
  constructor(fn, index) {
    this.fn = fn
    this.index = index
    this.handler = callable(fn.handler)
    this.owner = fn.owner
    this.kinds = fn.isDeclared
      ? fn.arguments.map(({ type, schema }) => (schema === undefined ? KINDS[type] ?? TEXT : JSON_VALUE))
      : Array(DECLARED_ARGUMENTS_MAX).fill(NUMBER)
    // Absent optional arguments are passed as undefined, so that a function that takes its last argument gets that one.
    this.arity = fn.isDeclared ? fn.arguments.length : 0
    this.hasSchemas = fn.arguments.some(({ schema }) => schema !== undefined)
    this.encode = encoderOf(fn)
    this.media = mediaOf(fn)
    this.isText = this.media === 'json' || this.media === 'string'
    this.status = this.media === 'none' ? 204 : 200
    this.lines = linesOf([], this.media)
    // Whether a safe integer needs no encoding, and whether a bigint is written as bare digits.
    this.givesNumbers = ['int', 'number', 'json', undefined].includes(fn.result)
    this.givesDigits = fn.result === undefined
  }
}

// Calls the function by `Function.prototype.call`, even if the function has its own `call`.
function callable(handler) {
  return handler.call === call ? handler : function (...values) { return apply(handler, this, values) }
}

function createCallees(table) {
  return table.functions.map((fn, index) => new Callee(fn, index))
}

// `onFunctionError` gets each error that is a function's fault, and `onRefused` each call that its schemas refused.
function createNamedCalls({ callees, batchSize, onFunctionError, onRefused }, results, onPromise) {
  const ids = new Float64Array(batchSize)
  const functions = new Uint16Array(batchSize)
  const counts = new Uint8Array(batchSize)
  const cells = new Float64Array(CELLS_PER_CALL_MIN * batchSize + DECLARED_ARGUMENTS_MAX + 1)
  const int64s = new BigInt64Array(cells.buffer)
  const { state } = results.arrays
  const tapes = createTapes()
  results.makeRoomForTexts()

  let texts
  let buffers
  // Where the next call's arguments begin.
  let cellAt = 0
  let textAt = 0
  let bufferAt = 0

  let native

  function begin(itsNative) {
    native = itsNative
    cellAt = 0
    textAt = 0
    bufferAt = 0
    texts = state[1] > 0 ? parse(native.text()) : undefined
    buffers = state[2] > 0 ? native.buffers() : undefined
  }

  // There is no batch, so the last one's arguments are released.
  function end() {
    texts = undefined
    buffers = undefined
  }

  function run(index) {
    const id = ids[index]
    const callee = callees[functions[index]]
    const count = counts[index]
    const cell = cellAt
    const text = textAt
    const buffer = bufferAt
    let value
    try {
      if (callee.hasSchemas) return runWithSchemas(id, callee, takeAll(callee, count), (count & BY_NAME) !== 0)
      value = invoke(callee, count)
    } catch (error) {
      return fail(id, callee, takeAgain(callee, count, cell, text, buffer), error)
    }
    if (typeof value === 'number' && callee.givesNumbers && Number.isSafeInteger(value)) return results.addNumber(id, value)
    if (isThenable(value)) return answerLater(id, callee, takeAgain(callee, count, cell, text, buffer), value)
    answer(id, callee, value, count, cell, text, buffer)
  }

  function invoke(callee, count) {
    const { handler, owner, kinds, arity } = callee
    if ((count & HOLES) === 0) {
      const cell = cellAt
      const given = count & UNPACKED
      switch (given > arity ? given : arity) {
        case 0:
          endCells(cell)
          return handler.call(owner)
        case 1: {
          const a = given > 0 ? take(kinds[0]) : undefined
          endCells(cell)
          return handler.call(owner, a)
        }
        case 2: {
          const a = given > 0 ? take(kinds[0]) : undefined
          const b = given > 1 ? take(kinds[1]) : undefined
          endCells(cell)
          return handler.call(owner, a, b)
        }
        case 3: {
          const a = given > 0 ? take(kinds[0]) : undefined
          const b = given > 1 ? take(kinds[1]) : undefined
          const c = given > 2 ? take(kinds[2]) : undefined
          endCells(cell)
          return handler.call(owner, a, b, c)
        }
      }
    }
    return apply(handler, owner, takeAll(callee, count))
  }

  function take(kind) {
    switch (kind) {
      case NUMBER: return cells[cellAt++]
      case BOOLEAN: return cells[cellAt++] !== 0
      case INT64: return int64s[cellAt++]
      case TEXT: return texts[textAt++]
      case BIGINT: return BigInt(texts[textAt++])
      case BIGINTS: return texts[textAt++].map(BigInt)
      case JSON_VALUE: return takeJson()
      case BYTES: return takeBuffer(Uint8Array)
      case FLOAT64S: return takeBuffer(Float64Array)
      default: return takeBuffer(BigInt64Array)
    }
  }

  // Returns the same array each time: the handler may have transferred its memory, and then no other array can be made
  // of the buffer.
  function takeBuffer(ArrayType) {
    const buffer = buffers[bufferAt]
    const array = ArrayBuffer.isView(buffer) ? buffer : new ArrayType(buffer)
    buffers[bufferAt++] = array
    return array
  }

  // Its cell tells whether it is on a tape.
  function takeJson() {
    return cells[cellAt++] === 0 ? texts[textAt++] : takeTape()
  }

  // Returns the same value each time, as for a value that is in `texts`.
  function takeTape() {
    const buffer = buffers[bufferAt]
    const read = buffer instanceof ReadTape ? buffer : tapes.read(buffer, texts, textAt)
    buffers[bufferAt++] = read
    textAt += read.textCount
    return read.value
  }

  function takeAll({ kinds, arity }, count) {
    const cell = cellAt
    const given = count & UNPACKED
    if (given === UNPACKED) {
      const values = takeJson()
      endCells(cell)
      return values
    }
    // A bit for each argument that was passed.
    const mask = (count & HOLES) === 0 ? 2 ** given - 1 : cells[cellAt++]
    const values = []
    for (let i = 0; i < Math.max(given, arity); i++) {
      values.push(Math.floor(mask / 2 ** i) % 2 === 1 ? take(kinds[i]) : undefined)
    }
    endCells(cell)
    return values
  }

  function endCells(first) {
    cellAt = Math.max(cellAt, first + CELLS_PER_CALL_MIN)
  }

  // Takes the arguments of the call that began there once more, to report its failure.
  function takeAgain(callee, count, cell, text, buffer) {
    cellAt = cell
    textAt = text
    bufferAt = buffer
    return takeAll(callee, count)
  }

  function runWithSchemas(id, callee, args, isByName) {
    const checked = applySchemas(callee.fn, args, isByName)
    if (isThenable(checked)) {
      return answerLater(id, callee, args, checked.then((each) => callChecked(id, callee, each, true)))
    }
    const value = callChecked(id, callee, checked)
    if (isThenable(value)) return answerLater(id, callee, args, value)
    if (value !== NOT_CALLED) conclude(id, callee, value)
  }

  // With `isLater`, the schemas have settled in a later turn, and the call's time may have run out.
  function callChecked(id, callee, { args, errors }, isLater = false) {
    if (isLater && !native.isAwaited(id)) return NOT_CALLED
    if (errors === undefined) return apply(callee.handler, callee.owner, args)
    onRefused(callee)
    const detail = `${callee.fn.name}'s arguments do not fit.`
    const problem = problemText({ status: 400, code: 'ERR_ARGUMENTS', detail, errors })
    results.addResponse(id, 400, linesOf([['content-type', MEDIA_TYPE]]), problem)
    return NOT_CALLED
  }

  // The value is no promise.
  function answer(id, callee, value, count, cell, text, buffer) {
    try {
      conclude(id, callee, value)
    } catch (error) {
      fail(id, callee, takeAgain(callee, count, cell, text, buffer), error)
    }
  }

  function answerLater(id, callee, args, promise) {
    onPromise()
    settle(promise, outcomes, id, callee, args)
  }

  const outcomes = {
    conclude(value, id, callee) {
      if (value !== NOT_CALLED) conclude(id, callee, value)
    },
    fail: (error, id, callee, args) => fail(id, callee, args, error),
    settled: () => results.postSoon()
  }

  // Throws if the value does not fit the function's result.
  function conclude(id, callee, value) {
    if (typeof value === 'number' && callee.givesNumbers && Number.isSafeInteger(value)) {
      results.addNumber(id, value)
    } else if (typeof value === 'bigint' && callee.givesDigits) {
      results.addBigint(id, value)
    } else if (isReply(value)) {
      concludeReply(id, callee, value)
    } else {
      const body = callee.encode(value)
      if (callee.isText) results.addText(id, body, callee.media === 'string')
      else results.addResponse(id, callee.status, callee.lines, body)
    }
  }

  function concludeReply(id, { fn }, value) {
    const { status, fields, media, body } = answerOf(fn, value)
    results.addResponse(id, status, linesOf(fields, media), media === 'string' ? stringify(body) : body)
  }

  function fail(id, callee, args, error) {
    const answered = errorAnswer(error, callee.fn)
    const { status, message, isFault, fields, fault } = answered
    if (fields === undefined) results.addError(id, status, message)
    else results.addResponse(id, status, linesOf(fieldsOfProblem(status, fields)), errorProblem(answered))
    if (!isFault) return
    onFunctionError(fault, callee, args)
  }

  return { arrays: { ids, functions, counts, cells }, begin, run, end }
}

// The outcome of a call that has its answer already, or needs none.
const NOT_CALLED = Symbol('not called')

function fieldsOfProblem(status, fields) {
  return [['content-type', MEDIA_TYPE], ...problemFields(status, fields)]
}

// Header lines, each preceded by a line end.
function linesOf(fields = [], media) {
  let lines = ''
  if (media in CONTENT_TYPES && !fields.some(([name]) => name === 'content-type')) {
    lines = `\r\nContent-Type: ${CONTENT_TYPES[media]}`
  }
  for (const [name, value] of fields) lines += `\r\n${name}: ${value}`
  return lines
}

module.exports = { createCallees, createNamedCalls }
