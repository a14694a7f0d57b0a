'use strict'

// Receives the reports of another service, signed like GitHub's: `node examples/webhook.js`, then in another terminal
//
//   $ BODY='{"action":"opened"}'; curl -s -w '%{http_code}\n' -d "$BODY" -H "X-Hub-Signature-256: sha256=$(printf %s "$BODY" | openssl dgst -sha256 -hmac secret -r | cut -d' ' -f1)" http://localhost:8000/hook
//   204
//   $ curl -d '{"action":"closed"}' -H 'X-Hub-Signature-256: sha256=00' http://localhost:8000/hook
//   {"type":"about:blank","title":"Unauthorized","status":401,"detail":"The signature is not that of the body.","code":"ERR_REFUSED"}

const { createHmac, timingSafeEqual } = require('node:crypto')
const { once } = require('node:events')
const { serverListen, typed } = require('ringcall')

const secret = process.env.SECRET || 'secret'

// The signature covers the bytes of the body, not the parsed JSON: an argument of the type `bytes` is the body as it came.
const hook = typed('(body: bytes, signature: header) => void', (body, signature) => {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
  const received = Buffer.from(signature)
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) {
    throw refusal(401, 'The signature is not that of the body.')
  }
  const event = parse(body)
  // The sender waits for the response, so do anything slow after it.
  console.log(`received: ${JSON.stringify(event)}`)
}, { headers: { signature: 'X-Hub-Signature-256' } })

/** @param {Uint8Array} body */
function parse(body) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw refusal(400, 'The body is no JSON.')
  }
}

/** The client is told the message. @param {number} statusCode @param {string} message */
function refusal(statusCode, message) {
  return Object.assign(new Error(message), { statusCode })
}

async function main() {
  const server = serverListen({ port: Number(process.env.PORT || 8000), host: process.env.HOST || undefined }, { hook })
  console.log(`listening on ${server.url} (POST /hook takes a signed body)`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await server.close()
}

main()
