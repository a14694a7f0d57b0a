// Fibonacci over HTTP again, as an ES module and in its shortest form.

import { once } from 'node:events'
import { serverListen } from 'ringcall'

const server = serverListen(Number(process.env.PORT || 8000), function fibonacci(n) {
  if (n > 10_000) throw Object.assign(new RangeError('N is at most 10000.'), { statusCode: 400 })
  let [a, b] = [0n, 1n]
  for (let i = 0; i < n; i++) [a, b] = [b, a + b]
  return a
})
console.log(`listening on ${server.url} (POST /15 answers 610)`)

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await server[Symbol.asyncDispose]() // From Node 24 on: `await using server = …` above, and this line is not needed.
