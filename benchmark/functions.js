'use strict'

// The functions that every server of functions by name calls. They do next to nothing, so that the way to them and back
// is measured: reading, checking, calling, writing.

function sum(a, b) {
  return a + b
}

function greet(name, loud = false) {
  const greeting = `Hello, ${name}!`
  return loud ? greeting.toUpperCase() : greeting
}

// An order in, a summary out. Prices are in cents, so that every engine's sums are exact.
function price({ id, lines }) {
  let quantity = 0
  let total = 0
  for (const line of lines) {
    quantity += line.quantity
    total += line.quantity * line.price
  }
  return { id, lines: lines.length, quantity, total }
}

// An order in, the same with a total on each line out.
function priceLines(order) {
  const lines = order.lines.map((line) => ({ ...line, total: line.quantity * line.price }))
  return { ...order, lines, total: price(order).total }
}

// `values` is a Float64Array.
function total(values) {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum
}

// Computes for about 1.3 ns per round.
function busy(rounds) {
  let x = 1
  for (let i = 0; i < rounds; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0
  return x
}

// For the memory that a server keeps for large bodies and large answers.
function count(text) {
  return text.length
}

function repeat(count) {
  return 'x'.repeat(count)
}

module.exports = { busy, count, greet, price, priceLines, repeat, sum, total }
