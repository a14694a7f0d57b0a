'use strict'

// Functions for callers with a token (RFC 6750): `node examples/bearer.js`, then in another terminal
//
//   $ curl --json '["Buy tea."]' -H 'Authorization: Bearer ada-secret' http://localhost:8000/addNote
//   1
//   $ curl -X POST -H 'Authorization: Bearer ada-secret' http://localhost:8000/notes
//   ["Buy tea."]
//   $ curl -X POST -H 'Authorization: Bearer guessed' http://localhost:8000/notes
//   {"type":"about:blank","title":"Unauthorized","status":401,"detail":"This takes a token that is known here.","code":"ERR_REFUSED"}

const { createHash } = require('node:crypto')
const { once } = require('node:events')
const { serverListen, typed } = require('ringcall')

const NOTES_MAX = 100

// Tokens are looked up by their digests, so the time that this takes reveals nothing about a guess. Load yours from wherever
// you keep secrets.
const users = new Map([['ada-secret', 'Ada'], ['grace-secret', 'Grace']].map(([token, user]) => [digestOf(token), user]))

/** @type {Map<string, string[]>} */
const notesByUser = new Map()

// A missing header argument would be a 400. A missing token should be a 401, so the argument is optional.
const functions = {
  addNote: typed('(text: string, authorization?: header) => int', (text, authorization) => {
    const notes = notesOf(userOf(authorization))
    if (notes.length === NOTES_MAX) throw refusal(409, `There are ${NOTES_MAX} notes already.`)
    return notes.push(text)
  }),

  notes: typed('(authorization?: header) => string[]', (authorization) => notesOf(userOf(authorization)))
}

/** @param {string | undefined} authorization */
function userOf(authorization) {
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '') ?? []
  const user = token && users.get(digestOf(token))
  if (!user) throw refusal(401, 'This takes a token that is known here.', { 'WWW-Authenticate': 'Bearer' })
  return user
}

/** @param {string} user */
function notesOf(user) {
  const notes = notesByUser.get(user) ?? []
  notesByUser.set(user, notes)
  return notes
}

/** @param {string} token */
function digestOf(token) {
  return createHash('sha256').update(token).digest('base64')
}

/** The client is told the message. @param {number} statusCode @param {string} message @param {object} [headers] */
function refusal(statusCode, message, headers) {
  return Object.assign(new Error(message), { statusCode, headers })
}

async function main() {
  const server = serverListen({ port: Number(process.env.PORT || 8000), host: process.env.HOST || undefined }, functions)
  console.log(`listening on ${server.url} (POST /notes takes a token)`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await server.close()
}

main()
