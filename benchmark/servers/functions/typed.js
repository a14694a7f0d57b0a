'use strict'

const { typed } = require('../../..')
const functions = require('../../functions')

// The functions with ringcall's signatures.
module.exports = {
  sum: typed('(a: number, b: number) => number', functions.sum),
  greet: typed('(name: string, loud?: boolean) => string', functions.greet),
  price: typed('(order: json) => json', functions.price),
  priceLines: typed('(order: json) => json', functions.priceLines),
  total: typed('(values: number[]) => number', functions.total),
  busy: typed('(rounds: int) => int', functions.busy),
  count: typed('(text: string) => int', functions.count),
  repeat: typed('(count: int) => string', functions.repeat)
}
