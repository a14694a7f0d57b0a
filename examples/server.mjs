// The same as an ES module, with top-level await.

import { once } from 'node:events'
import { serverListen } from 'ringcall'
import fibonacci from './fibonacci.js'

const server = serverListen(Number(process.env.PORT ?? 8000), fibonacci)
console.log(`listening on ${server.url} (POST /15 answers 610)`)

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await server[Symbol.asyncDispose]() // Since Node 24: `await using server = …` above, and this line is not needed.
