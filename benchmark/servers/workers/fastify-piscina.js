'use strict'

// fastify in the main thread, and the functions in a fixed number of Piscina's worker threads.

const { Piscina } = require('piscina')
const announce = require('../announce')
const listen = require('./fastify-app')

const [file, count] = process.argv.slice(2)
const pool = new Piscina({ filename: file, minThreads: Number(count), maxThreads: Number(count) })

listen(require(file), (name) => {
  const options = name === undefined ? {} : { name }
  return (n) => pool.run(n, options)
}).then(announce)
