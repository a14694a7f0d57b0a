'use strict'

// When the engine checks its timeouts, and whether a call's time is over.

// The interval between two checks: half the shortest timeout, within these bounds.
const SWEEP_MS_MIN = 10
const SWEEP_MS_MAX = 250

function sweepInterval({ headersTimeout, requestTimeout, keepAliveTimeout, handlerTimeout }) {
  const timeouts = [headersTimeout, requestTimeout, keepAliveTimeout, handlerTimeout].filter((timeout) => timeout > 0)
  return Math.max(SWEEP_MS_MIN, Math.min(SWEEP_MS_MAX, Math.floor(Math.min(...timeouts) / 2)))
}

function isLate({ since }, now, { handlerTimeout }) {
  return handlerTimeout > 0 && now - since >= handlerTimeout
}

module.exports = { isLate, sweepInterval }
