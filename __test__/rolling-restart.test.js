'use strict'

// Servers that share a port replace one another under load, and no sent request is lost.

const test = require('ava')
const { serve } = require('./helpers.js')
const { load } = require('./load.js')

const RESTARTS = 20

for (const keepAlive of [true, false]) {
  const connections = keepAlive ? 'kept connections' : 'a connection for each request'
  test(`twenty restarts under load, ${connections}: every request is answered`, async (t) => {
    const options = { reusePort: true, host: '127.0.0.1' }
    let server = serve(t, options)
    options.port = server.port
    const clients = load(t, options.port, [keepAlive])
    for (let restart = 0; restart < RESTARTS; restart++) {
      clients.forgetPauses()
      const next = serve(t, options)
      await clients.more(50)
      await server.close()
      server = next
    }
    await clients.stop()
    t.log(`${clients.answered()} requests`)
  })
}
