'use strict'

// The components that a document's operations refer to: schemas, responses and security schemes, once each by name.

const { relocateSchema } = require('./relocate.js')
const { COMPONENTS, PARTS, refTo } = require('./types.js')

class Components {
  #schemas = new Map()
  #responses = new Map()
  #securitySchemes = new Map()
  // The components' names, by the type's name and its schema.
  #places = new Map()
  // The next number to try for a name that is taken.
  #numbers = new Map()
  #shared = new Map()

  // What many operations share, made when it is first needed.
  once(key, make) {
    if (!this.#shared.has(key)) this.#shared.set(key, make())
    return this.#shared.get(key)
  }

  // A reference to one of our own schemas.
  refTo(name, schema = COMPONENTS[name]) {
    this.#schemas.set(name, schema)
    if (name in PARTS) this.refTo(PARTS[name])
    return refTo(name)
  }

  responseRef(name, response) {
    if (!this.#responses.has(name)) this.#responses.set(name, response)
    return { $ref: `#/components/responses/${name}` }
  }

  securityScheme(name, scheme) {
    this.#securitySchemes.set(name, scheme)
  }

  // A reference to the schema of a name in `types`, from `jsonSchemasOf`. The side is 'input' or 'output'. Two
  // functions may use one name for different schemas.
  typeRef(name, side, { text }) {
    if (text === undefined) return {}
    if (text === 'true' || text === 'false') return JSON.parse(text)
    const key = `${name} ${text}`
    if (!this.#places.has(key)) {
      const place = this.#freeName(name, side)
      this.#places.set(key, place)
      // Reserves the name before its definitions take theirs.
      this.#schemas.set(place, undefined)
      const reserve = (each) => this.#reserve(`${place}_${each}`)
      const { schema, definitions } = relocateSchema(JSON.parse(text), place, reserve)
      this.#schemas.set(place, schema)
      for (const [each, definition] of definitions) this.#schemas.set(each, definition)
    }
    return refTo(this.#places.get(key))
  }

  described() {
    return Object.fromEntries(
      [['schemas', this.#schemas], ['responses', this.#responses], ['securitySchemes', this.#securitySchemes]]
        .filter(([, each]) => each.size > 0)
        .map(([name, each]) => [name, Object.fromEntries(each)])
    )
  }

  #reserve(name) {
    const place = this.#freeName(name)
    this.#schemas.set(place, undefined)
    return place
  }

  // The name of a component allows fewer characters than an identifier.
  #freeName(name, side) {
    const base = name.replace(/[^A-Za-z0-9._-]/g, '_')
    const isFree = (each) => !this.#schemas.has(each) && !Object.hasOwn(COMPONENTS, each) && each !== 'Problem'
    if (isFree(base)) return base
    const sided = side === undefined ? base : `${base}${side === 'input' ? 'Input' : 'Output'}`
    if (isFree(sided)) return sided
    let number = this.#numbers.get(sided) ?? 2
    while (!isFree(`${sided}${number}`)) number++
    this.#numbers.set(sided, number + 1)
    return `${sided}${number}`
  }
}

module.exports = { Components }
