// examples/testing/orders.js
const { typed } = require('ringcall')

exports.price = typed('(quantity: int, currency?: string) => json', (quantity, currency = 'EUR') => {
  if (quantity > 100) throw Object.assign(new Error('At most 100.'), { statusCode: 422 })
  return { total: quantity * 20, currency }
})

exports.number = typed('(id: int64) => int64', (id) => id + 1n)
