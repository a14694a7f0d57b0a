'use strict'

// The answers at the health path: the counterpart of `src/connection/health.rs`.

const { refusal } = require('./refusals.js')

const BODY = '{"status":"ok"}\n'

const WELL = {
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'Content-Length': BODY.length },
  body: BODY
}
const CLOSING = { ...refusal(503, 'The server is closing.'), code: 'ERR_UNAVAILABLE' }
const NO_WORKER = { ...refusal(503, 'No worker is available.'), code: 'ERR_UNAVAILABLE' }

module.exports = { CLOSING, NO_WORKER, WELL }
