'use strict'

// Errors as Node's own modules make them: the same classes, codes and fields, and the same message, with what to do
// about it at its end.

const { getSystemErrorMap } = require('node:util')

// libuv's number for a name that does not resolve; the resolver has no errno of its own.
const UV_EAI_NONAME = -3008

// What to do where the listen on a port or on a path was refused.
const PORT_CURES = {
  EADDRINUSE: 'Somebody listens there: end that, await its close() if it is yours, or choose another port; 0 picks a ' +
    'free one.',
  EACCES: 'The port takes rights that this process does not have: choose a higher one, such as 8000, or give it ' +
    'CAP_NET_BIND_SERVICE.',
  EADDRNOTAVAIL: 'This machine does not have the address: choose one that it has, or leave host out to listen on all.'
}
const PATH_CURES = {
  EADDRINUSE: 'Somebody listens there, or it is no socket: choose another path, or remove it.',
  EACCES: 'This process may not write there: choose a path in a directory in which it may.',
  ENOENT: 'There is no such directory: create it first.',
  ENAMETOOLONG: 'The kernel takes at most 107 bytes: choose a shorter path.'
}
const CURES = { EMFILE: 'The process has all the descriptors that it may have: raise `ulimit -n`.' }

function invalidType(name, expected, value, cure) {
  const text = `The "${name}" argument must be ${expected}. Received ${describe(value)}`
  const error = new TypeError(cure === undefined ? text : `${text}. ${cure}`)
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
    return Object.assign(new Error(`getaddrinfo ENOTFOUND ${address}. The name does not resolve: check host.`), {
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
  const cure = (port === undefined ? PATH_CURES : PORT_CURES)[code] ?? CURES[code]
  const text = `${syscall} ${code}: ${sentence}${where}${cure === undefined ? '' : `. ${cure}`}`
  const error = Object.assign(new Error(text), { code, errno, syscall })
  if (address !== undefined) error.address = address
  if (port !== undefined) error.port = port
  return error
}

module.exports = { invalidType, invalidValue, outOfRange, startRefused }
