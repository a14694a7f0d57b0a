'use strict'

// Errors as Node's own modules make them: the same classes, codes and fields.

const { getSystemErrorMap } = require('node:util')

// libuv's number for a name that does not resolve; the resolver has no errno of its own.
const UV_EAI_NONAME = -3008

function invalidType(name, expected, value) {
  const error = new TypeError(`The "${name}" argument must be ${expected}. Received ${describe(value)}`)
  error.code = 'ERR_INVALID_ARG_TYPE'
  return error
}

function invalidValue(name, expected, value) {
  const error = new TypeError(`The argument '${name}' must be ${expected}. Received ${describe(value)}`)
  error.code = 'ERR_INVALID_ARG_VALUE'
  return error
}

function outOfRange(name, range, value) {
  const error = new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${describe(value)}`)
  error.code = 'ERR_OUT_OF_RANGE'
  return error
}

function describe(value) {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`
  if (typeof value === 'string') return `type string (${JSON.stringify(value.slice(0, 25))})`
  return `type ${typeof value} (${String(value)})`
}

// What the binding says about a start that was refused, as an error.
function startRefused({ syscall, errno, message, address, port, reason }) {
  if (syscall === 'getaddrinfo') {
    return Object.assign(new Error(`getaddrinfo ENOTFOUND ${address}`), {
      code: 'ENOTFOUND',
      errno: UV_EAI_NONAME,
      syscall,
      hostname: address
    })
  }
  if (reason !== undefined) {
    return Object.assign(new Error(message), { code: 'ERR_IO_URING_UNAVAILABLE', errno, syscall, reason })
  }
  const [code, sentence] = getSystemErrorMap().get(errno) ?? ['ERR_SYSTEM_ERROR', message]
  const where = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${port}`}`
  const error = Object.assign(new Error(`${syscall} ${code}: ${sentence}${where}`), { code, errno, syscall })
  if (address !== undefined) error.address = address
  if (port !== undefined) error.port = port
  return error
}

module.exports = { invalidType, invalidValue, outOfRange, startRefused }
