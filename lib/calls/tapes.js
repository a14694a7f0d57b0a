'use strict'

// Builds JSON values from their tapes. `values::json::tape` on the Rust side writes them and describes their form.
//
// A value is as `JSON.parse` would make it. An object is a copy of its shape's template, whose properties are then
// assigned: they are its own already, so no setter of a prototype is called.

const { Buffer } = require('node:buffer')

const { parse } = JSON
const { fromEntries } = Object

const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT
const WORDS_PER_DOUBLE = 2
// The counts at the start of a tape, and how many words they take.
const DOUBLE_COUNT = 0
const WORD_COUNT = 1
const SHAPE_COUNT = 2
const HEAD_WORDS = 4

// What a word is, in its lowest bits; its operand is in the others.
const OPERAND_SHIFT = 3
const KIND = (1 << OPERAND_SHIFT) - 1
const INTEGER = 0
const DOUBLE = 1
const SHORT = 2
const LONG = 3
const LITERAL = 4
const NUMBERS = 5
const ARRAY = 6

// From this operand on, a short string repeats an earlier one.
const REPEATED = 16

const LITERALS = [null, false, true]

// Shapes of earlier values are kept, because requests for a function mostly have the same few: as many as have so many
// characters in their keys, each shape counted as some more.
const KEPT_CHARACTERS_MAX = 64 * 1024
const CHARACTERS_PER_SHAPE = 64

class ReadTape {
  // `textCount` is the number of its long strings.
  constructor(value, textCount) {
    this.value = value
    this.textCount = textCount
  }
}

// Reads the tapes of one thread.
function createTapes() {
  const shapesByKeys = new Map()
  let keptCharacters = 0

  let words
  let doubles
  let characters
  let texts
  let shapes
  let shortStrings
  // Where the next of each are.
  let wordAt = 0
  let doubleAt = 0
  let characterAt = 0
  let textAt = 0

  // The long strings are the next of `texts`.
  function read(buffer, itsTexts, firstText) {
    const wordsInAll = Math.floor(buffer.byteLength / WORD_BYTES)
    words = new Int32Array(buffer, 0, wordsInAll)
    doubles = new Float64Array(buffer, 0, Math.floor(wordsInAll / WORDS_PER_DOUBLE))
    doubleAt = HEAD_WORDS / WORDS_PER_DOUBLE
    wordAt = HEAD_WORDS + WORDS_PER_DOUBLE * words[DOUBLE_COUNT]
    characters = Buffer.from(buffer, WORD_BYTES * (wordAt + words[WORD_COUNT])).toString('latin1')
    characterAt = 0
    texts = itsTexts
    textAt = firstText
    shapes = []
    shortStrings = []
    for (let i = 0; i < words[SHAPE_COUNT]; i++) shapes.push(shapeOf(takeCharacters(words[wordAt++])))
    const value = readValue()
    const textCount = textAt - firstText
    words = doubles = characters = texts = shapes = shortStrings = undefined
    return new ReadTape(value, textCount)
  }

  function readValue() {
    const word = words[wordAt++]
    switch (word & KIND) {
      case INTEGER: return word >> OPERAND_SHIFT
      case DOUBLE: return doubles[doubleAt++]
      case SHORT: return readShort(word >>> OPERAND_SHIFT)
      case LONG: return texts[textAt++]
      case LITERAL: return LITERALS[word >>> OPERAND_SHIFT]
      case NUMBERS: return readNumbers(word >>> OPERAND_SHIFT)
      case ARRAY: return readArray(word >>> OPERAND_SHIFT)
      default: return readObject(shapes[word >>> OPERAND_SHIFT])
    }
  }

  function readShort(operand) {
    if (operand >= REPEATED) return shortStrings[operand - REPEATED]
    const string = takeCharacters(operand)
    shortStrings.push(string)
    return string
  }

  function takeCharacters(length) {
    const start = characterAt
    characterAt += length
    return characters.slice(start, characterAt)
  }

  // An array literal and a copy have room for their elements only; an array that grows by `push` has more.
  function readArray(length) {
    switch (length) {
      case 1: return [readValue()]
      case 2: return [readValue(), readValue()]
      case 3: return [readValue(), readValue(), readValue()]
      case 4: return [readValue(), readValue(), readValue(), readValue()]
    }
    const values = []
    for (let i = 0; i < length; i++) values.push(readValue())
    return values.slice()
  }

  // Apart from other arrays, so that V8 keeps the numbers themselves in it, as `JSON.parse` does. It may be empty.
  function readNumbers(length) {
    switch (length) {
      case 0: return []
      case 1: return [readNumber()]
      case 2: return [readNumber(), readNumber()]
      case 3: return [readNumber(), readNumber(), readNumber()]
      case 4: return [readNumber(), readNumber(), readNumber(), readNumber()]
    }
    const numbers = []
    for (let i = 0; i < length; i++) numbers.push(readNumber())
    return numbers.slice()
  }

  function readNumber() {
    const word = words[wordAt++]
    return (word & KIND) === INTEGER ? word >> OPERAND_SHIFT : doubles[doubleAt++]
  }

  function readObject({ keys, template }) {
    const object = { ...template }
    for (let i = 0; i < keys.length; i++) object[keys[i]] = readValue()
    return object
  }

  // `text` is the keys in quotes, with commas between them.
  function shapeOf(text) {
    const known = shapesByKeys.get(text)
    if (known !== undefined) return known
    const keys = parse(`[${text}]`)
    const shape = { keys, template: templateOf(keys, text.includes('\\')) }
    keep(shape, text)
    return shape
  }

  // Objects that `JSON.parse` makes have no room for more properties. But V8 may take an escaped key for another one
  // (nodejs/node#63785).
  function templateOf(keys, hasEscapes) {
    if (hasEscapes) return fromEntries(keys.map((key) => [key, null]))
    return parse(`{${keys.map((key) => `"${key}":null`)}}`)
  }

  function keep(shape, text) {
    const characters = text.length + CHARACTERS_PER_SHAPE
    if (characters > KEPT_CHARACTERS_MAX) return
    keptCharacters += characters
    if (keptCharacters > KEPT_CHARACTERS_MAX) {
      shapesByKeys.clear()
      keptCharacters = characters
    }
    // A string of its own: `text` is a view of all characters.
    shapesByKeys.set(Buffer.from(text, 'latin1').toString('latin1'), shape)
  }

  return { read }
}

module.exports = { ReadTape, createTapes }
