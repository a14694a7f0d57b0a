'use strict'

// Functions by name: `node examples/functions.js`, then in another terminal
//
//   $ curl -X POST http://localhost:8000/sum/3/4
//   7
//   $ curl --json '{"name":"Ada","loud":true}' http://localhost:8000/greet
//   "Hello, Ada!"
//   $ curl --json '[[1, 2.5, 4]]' http://localhost:8000/score
//   2.05
//   $ curl --json '{"text":"Buy tea."}' http://localhost:8000/addNote
//   {"id":1}
//   $ curl -X POST http://localhost:8000/note/1
//   {"id":1,"text":"Buy tea."}

const { once } = require('node:events')
const { setTimeout: delay } = require('node:timers/promises')
const { reply, serverListen, typed } = require('ringcall')

const NOTES_MAX = 1000

const weights = [0.5, 0.3, 0.2]

/** @type {Map<number, string>} */
const notes = new Map()
let lastId = 0

const functions = {
  // A function without a signature takes any JSON values.
  /** @param {number} a @param {number} b */
  sum: (a, b) => a + b,

  // A declared function is called only with what its signature says. Other calls are answered with 400 and what was expected.
  greet: typed('(name: string, loud?: boolean) => string', (name, loud) => `Hello, ${name}${loud ? '!' : '.'}`),

  // `features` is a Float64Array.
  score: typed('(features: number[]) => number', (features) => {
    if (features.length !== weights.length) throw refusal(400, `There must be ${weights.length} features.`)
    return features.reduce((sum, feature, i) => sum + feature * weights[i], 0)
  }),

  // `reply` adds a status and header fields to the value.
  addNote: typed('(text: string) => json', (text) => {
    const id = ++lastId
    notes.set(id, text)
    notes.delete(id - NOTES_MAX)
    return reply({ id }, { status: 201, headers: { Location: `/note/${id}` } })
  }),

  // While a promise is pending, other calls run.
  note: typed('(id: int) => json', async (id) => {
    const text = await readNote(id)
    if (text === undefined) throw refusal(404, `There is no note ${id}.`)
    return { id, text }
  })
}

/** As a database would. @param {number} id */
async function readNote(id) {
  await delay(1)
  return notes.get(id)
}

/** The client is told the message. @param {number} statusCode @param {string} message */
function refusal(statusCode, message) {
  return Object.assign(new Error(message), { statusCode })
}

async function main() {
  const server = serverListen({ port: Number(process.env.PORT || 8000), host: process.env.HOST || undefined }, functions)
  console.log(`listening on ${server.url} (POST /sum/3/4 answers 7)`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await server.close()
}

main()
