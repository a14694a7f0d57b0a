'use strict'

const listen = require('./fastify-app')
const inCluster = require('./in-cluster')

const [file, count] = process.argv.slice(2)

inCluster(Number(count), () => listen(require(file), (_name, fn) => fn))
