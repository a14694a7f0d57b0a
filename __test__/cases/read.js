'use strict'

// Reads the table of cases, whose format README.md describes, as JavaScript values.

const { readFileSync, readdirSync } = require('node:fs')
const { basename, join } = require('node:path')

// Sizes of the chunks that a chunked body is sent in, over and over.
const CHUNK_SIZES = [1, 16, 4096]

// Every file: { topic, server, cases }.
function files() {
  const names = readdirSync(__dirname).filter((name) => name.endsWith('.json') && name !== 'functions.json')
  return names.map((name) => (
    { topic: basename(name, '.json'), ...JSON.parse(readFileSync(join(__dirname, name), 'utf8')) }
  ))
}

// The bytes of a text: a string, { base64 }, or { parts } of both and of repetitions.
function bytesOf(text) {
  if (typeof text === 'string') return Buffer.from(text)
  if (text.base64 !== undefined) return Buffer.from(text.base64, 'base64')
  if (text.repeat !== undefined) return Buffer.from(text.repeat.repeat(text.times))
  if (text.count !== undefined) {
    return Buffer.from(Array.from({ length: text.times }, (_, i) => text.count.replaceAll('#', i)).join(''))
  }
  return Buffer.concat(text.parts.map(bytesOf))
}

const textOf = (text) => bytesOf(text).toString()

// The bytes of a request, and where its body begins.
function requestOf({ method = 'POST', path, version = 'HTTP/1.1', headers = {}, body, chunked = false }) {
  const content = body === undefined ? Buffer.alloc(0) : bytesOf(body)
  const fields = { Host: 'localhost' }
  if (body !== undefined) {
    fields['Content-Type'] = 'application/json'
    if (chunked) fields['Transfer-Encoding'] = 'chunked'
    else fields['Content-Length'] = String(content.length)
  }
  Object.assign(fields, headers)
  const lines = Object.entries(fields).flatMap(([name, values]) => (
    [values].flat().filter((value) => value !== null).map((value) => [`${name}: `, value, '\r\n'])
  ))
  const start = bytesOf({ parts: [`${method} `, path, ` ${version}\r\n`, ...lines.flat(), '\r\n'] })
  return { bytes: Buffer.concat([start, chunked ? inChunks(content) : content]), bodyAt: start.length }
}

function inChunks(content) {
  const pieces = []
  for (let at = 0, i = 0; at < content.length; i++) {
    const chunk = content.subarray(at, at + CHUNK_SIZES[i % CHUNK_SIZES.length])
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
    at += chunk.length
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

// The argument that tagged JSON stands for.
function valueOf(tagged) {
  if (Array.isArray(tagged)) return tagged.map(valueOf)
  if (typeof tagged !== 'object' || tagged === null) return tagged
  const [tag] = Object.keys(tagged)
  switch (tag) {
    case '$bigint': return BigInt(textOf(tagged.$bigint))
    case '$number': return Number(tagged.$number)
    case '$string': return textOf(tagged.$string)
    case '$undefined': return undefined
    case '$bytes': return new Uint8Array(Buffer.from(tagged.$bytes, 'base64'))
    case '$float64': return Float64Array.from(valueOf(tagged.$float64), Number)
    case '$int64': return BigInt64Array.from(valueOf(tagged.$int64), BigInt)
    case '$array': return Array.from({ length: tagged.times }, () => valueOf(tagged.$array))
    default: return Object.fromEntries(Object.entries(tagged).map(([name, value]) => [name, valueOf(value)]))
  }
}

module.exports = { files, requestOf, textOf, valueOf }
