'use strict'

// Reads the arguments of one call from the path, the body or header fields, by the function's signature.
//
// Each function returns `{ args, isByName }`, or `{ refusal }`, which says what was expected and where, never what was
// sent.

const { UNDECLARED_ARGUMENTS_MAX } = require('../../limits.js')
const { ENTRIES_MAX, pointerTo } = require('../../answers/problems.js')
const { takesRawBody } = require('../../functions/signature.js')
const { NotJson, notJson, scan, textOf } = require('./json.js')
const { refusal } = require('./refusals.js')
const { placesOfDigits, readSegment, readToken } = require('./types.js')

// Taken at load time, because tests replace globals.
const { parse } = JSON

const NOT_FINITE = 'a number is too large for a double'
const NO_BYTES = new Uint8Array()

// What each call's arguments are checked against. Made once for each function.
class Form {
  // `index` is the function's place in the table.
  constructor(fn, index) {
    const all = fn.arguments.map((argument, place) => ({ ...argument, index: place }))
    this.fn = fn
    this.index = index
    this.name = fn.name
    this.isDeclared = fn.isDeclared
    this.fewest = fn.fewest
    this.headers = all.filter(({ type }) => type === 'header')
    this.others = all.filter(({ type }) => type !== 'header')
    this.most = fn.isDeclared ? this.others.length : UNDECLARED_ARGUMENTS_MAX
    this.byName = new Map(this.others.map((argument) => [argument.name, argument]))
    this.hasSchemas = all.some(({ schema }) => schema !== undefined)
    // True: the body is the argument, whatever it contains.
    this.takesRawBody = takesRawBody(fn)
  }
}

// What has been read so far, and what is wrong with it.
class Reading {
  // Absent optional arguments are passed as undefined, so that a function that takes its last argument gets that one.
  args
  #form
  #entries = []

  constructor(form) {
    this.#form = form
    this.args = Array(form.isDeclared ? form.headers.length + form.others.length : 0).fill(undefined)
  }

  get isSound() {
    return this.#entries.length === 0
  }

  set(index, value) {
    this.args[index] = value
  }

  wrong(keys, detail) {
    if (this.#entries.length < ENTRIES_MAX) this.#entries.push({ pointer: pointerTo(keys), detail })
  }

  takeToken({ index, type }, key, token) {
    this.set(index, readToken(type, token, (detail, at) => {
      if (at !== undefined) this.wrong([key, at], detail)
      else this.wrong([key], this.#isLoneArray(type, key) ? `${detail}, within the array of arguments: [[...]]` : detail)
    }))
  }

  takeSegment({ index, type }, key, text) {
    this.set(index, readSegment(type, text, (detail) => this.wrong([key], detail)))
  }

  // A client that sends the elements of the only argument as the body probably meant an array of arguments.
  #isLoneArray(type, key) {
    return type.endsWith('[]') && key === 0 && this.#form.others.length === 1
  }

  // `count` arguments have come by position: reports the first one that is too many, or all that are missing.
  checkCount(count) {
    const { most, fewest, isDeclared, others } = this.#form
    if (count > most) this.wrong([most], `is one too many: ${takes(most)}`)
    for (let i = count; i < fewest; i++) this.wrong([i], isDeclared ? `is missing: ${others[i].name}` : 'is missing')
  }

  end(isByName = false) {
    if (this.isSound) return { args: this.args, isByName }
    return unfit(this.#form, this.#entries)
  }
}

function takes(most) {
  return most === 1 ? 'there is one argument' : `there are ${most === 0 ? 'no' : `at most ${most}`} arguments`
}

function unfit({ name }, errors) {
  return refused('ERR_ARGUMENTS', `${name}'s arguments do not fit.`, errors)
}

function refused(code, message, errors) {
  return { refusal: { ...refusal(400, message), code, errors } }
}

// `segments` are the parts of the path after the function's name, as they were sent.
function fromPath(form, segments, fields) {
  const texts = segments.slice(0, form.most).map(decode)
  if (!form.isDeclared) {
    const faults = texts.map(faultIn)
    const at = faults.findIndex((fault) => fault !== undefined)
    if (at !== -1) return notJsonAt(form, at, faults[at])
  }
  return withHeaders(form, fields, (reading) => {
    texts.forEach((text, i) => {
      if (text === undefined) reading.wrong([i], 'must be percent-encoded UTF-8')
      else if (text === '') reading.wrong([i], 'must not be empty: an empty string is sent in a body')
      else if (form.isDeclared) reading.takeSegment(form.others[i], i, text)
      else reading.set(i, parse(text))
    })
    reading.checkCount(segments.length)
  })
}

function decode(segment) {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

// Why a segment is not JSON. Segments that cannot be decoded or are empty are reported elsewhere.
function faultIn(text) {
  if (text === undefined || text === '') return undefined
  try {
    const { tooLarge: [at] } = scan(text)
    return at === undefined ? undefined : notJson(text, NOT_FINITE, at)
  } catch (error) {
    if (error instanceof NotJson) return error
    throw error
  }
}

function notJsonAt({ name }, index, { what, at }) {
  return refused('ERR_NOT_JSON', `The arguments of ${name} must be JSON, also in the path: ${what} (at byte ${at}).`, [
    { pointer: pointerTo([index]), detail: 'must be JSON: a string goes in quotes, which are %22 in a path' }
  ])
}

// The body is JSON.
function fromBody(form, bytes, fields) {
  try {
    const text = textOf(bytes)
    const scanned = scan(text)
    checkNumbers(form, text, scanned)
    return withHeaders(form, fields, (reading) => readBody(form, reading, text, scanned))
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    return refused('ERR_NOT_JSON', `The body is not strict JSON: ${error.what} (at byte ${error.at}).`)
  }
}

// Numbers too large for a double are allowed only where a type with more digits is expected.
function checkNumbers(form, text, { names, spans, tooLarge }) {
  if (tooLarge.length === 0) return
  const allowed = new Set()
  for (let part = 0; 2 * part < spans.length; part++) {
    const argument = names.length > 0 ? form.byName.get(names[part]) : form.others[part]
    if (argument === undefined) continue
    const start = spans[2 * part]
    for (const at of placesOfDigits(argument.type, text.slice(start, spans[2 * part + 1]))) allowed.add(start + at)
  }
  const at = tooLarge.find((place) => !allowed.has(place))
  if (at !== undefined) throw notJson(text, NOT_FINITE, at)
}

function readBody(form, reading, text, { kind, start, end, names, spans }) {
  if (kind === 'array') return readArray(form, reading, text.slice(start, end), spans, start)
  if (kind !== 'object') {
    return refused('ERR_ARGUMENTS', 'The body must be an array of arguments, or an object of them by their names.')
  }
  if (names.length === 0) return checkNames(form, reading)
  if (!form.isDeclared) {
    return refused('ERR_ARGUMENTS', `The names of ${form.name}'s arguments are not declared: send an array of them.`)
  }
  const given = new Set()
  names.forEach((name, i) => {
    const argument = form.byName.get(name)
    if (argument === undefined) return reading.wrong([name], 'is not an argument')
    given.add(argument)
    reading.takeToken(argument, name, text.slice(spans[2 * i], spans[2 * i + 1]))
  })
  return checkNames(form, reading, given)
}

function readArray(form, reading, text, spans, start) {
  const count = spans.length / 2
  if (form.isDeclared) {
    form.others.slice(0, count).forEach((argument, i) => {
      reading.takeToken(argument, i, text.slice(spans[2 * i] - start, spans[2 * i + 1] - start))
    })
  }
  reading.checkCount(count)
  if (!form.isDeclared && reading.isSound) reading.args = parse(text)
}

// Reports the arguments that are missing.
function checkNames(form, reading, given = new Set()) {
  if (!form.isDeclared) return reading.checkCount(0)
  for (const argument of form.others) {
    if (!argument.isOptional && !given.has(argument)) reading.wrong([argument.name], 'is missing')
  }
  return { isByName: true }
}

// The body is the argument itself.
function fromBytes(form, bytes, fields) {
  const [{ index, isOptional }] = form.others
  return withHeaders(form, fields, (reading) => {
    if (bytes.length > 0 || !isOptional) reading.set(index, new Uint8Array(bytes))
  })
}

// There are neither segments after the name nor a body.
function fromNothing(form, fields) {
  if (form.takesRawBody) return fromBytes(form, NO_BYTES, fields)
  return withHeaders(form, fields, (reading) => checkNames(form, reading))
}

// Reads header arguments first, so they are reported first. `read` may return a refusal, or that names were used.
function withHeaders(form, fields, read) {
  const reading = new Reading(form)
  for (const { index, name, field, isOptional } of form.headers) {
    const value = fields?.get(field)
    if (value !== undefined) reading.set(index, value)
    else if (!isOptional) reading.wrong([name], `is missing: it is the header field ${field}`)
  }
  if (!reading.isSound) return reading.end()
  const { refusal: why, isByName } = read(reading) ?? {}
  return why === undefined ? reading.end(isByName) : { refusal: why }
}

module.exports = { Form, fromBody, fromBytes, fromNothing, fromPath, refused, unfit }
