'use strict'

// From a Request to a Response, for the servers that use them.

const { byName, isJson, sumOfSegments } = require('./checks')

const headers = { 'Content-Type': 'application/json' }

function respondToPath(a, b) {
  return respond(sumOfSegments(a, b))
}

function respondToBody(request, check) {
  return isJson(request.headers.get('content-type')) ? readBody(request, check) : refuse(415)
}

async function readBody(request, check) {
  let value
  try {
    value = await request.json()
  } catch {
    return refuse(400)
  }
  return respond(check(value))
}

function respond(body) {
  return body === undefined ? refuse(400) : new Response(body, { headers })
}

function refuse(status) {
  return new Response(null, { status })
}

module.exports = { byName, refuse, respondToBody, respondToPath }
