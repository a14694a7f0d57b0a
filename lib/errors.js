'use strict'

// Errors as Node's own modules make them: the same classes, codes, fields and messages, followed by advice.

const { lstatSync } = require('node:fs')
const { getSystemErrorMap, inspect } = require('node:util')

// libuv's number for a name that does not resolve. The resolver has no errno for it.
const UV_EAI_NONAME = -3008

// Advice for a refused listen on a port or on a path.
const PORT_CURES = {
  EACCES: 'Low ports need a privilege that this process lacks: choose a higher one, such as 8000, or grant it ' +
    'CAP_NET_BIND_SERVICE.',
  EADDRNOTAVAIL: 'This machine does not have that address: choose one that it has, or leave out the host option to ' +
    'listen on every address.',
  EAFNOSUPPORT: 'This machine does not support that kind of address: where there is no IPv6, choose an IPv4 address.'
}
const PATH_CURES = {
  EACCES: 'This process may not create a socket there: create the directory if there is none, or choose one that it ' +
    'may write to.',
  ENOENT: 'The directory does not exist: create it first.',
  ENOTDIR: 'A part of it is a file, which can have nothing in it: choose another path.',
  ENAMETOOLONG: 'The path of a socket can have at most 107 bytes, or 103 on macOS: choose a shorter one.'
}
const CURES = {
  EAGAIN: 'The process may not start another thread: raise `ulimit -u`, or pids.max of its cgroup.',
  EMFILE: 'The process has run out of file descriptors: raise `ulimit -n`.'
}

function invalidType(name, expected, value, cure) {
  const text = `The "${name}" argument must be ${expected}. Received ${describe(value)}`
  const error = new TypeError(cure === undefined ? text : `${text}. ${cure}`)
  error.code = 'ERR_INVALID_ARG_TYPE'
  return error
}

function invalidValue(name, expected, value, cure) {
  const text = `The argument '${name}' must be ${expected}. Received ${show(value)}`
  const error = new TypeError(cure === undefined ? text : `${text}. ${cure}`)
  error.code = 'ERR_INVALID_ARG_VALUE'
  return error
}

// For a number that was passed as text, usually from process.env.
function cureOfText(value) {
  return typeof value === 'string' && /^\d+$/.test(value) ? 'Convert it with Number().' : undefined
}

// Any other mistake in an argument, described by a sentence of its own.
function invalidArgument(message) {
  const error = new TypeError(message)
  error.code = 'ERR_INVALID_ARG_VALUE'
  return error
}

function invalidThis(method) {
  const error = new TypeError(
    `${method} was called without its server, as happens where \`server.${method}\` is passed on: pass ` +
      `\`() => server.${method}()\` instead.`
  )
  error.code = 'ERR_INVALID_THIS'
  return error
}

function outOfRange(name, range, value, cure) {
  const text = `The value of "${name}" is out of range. It must be ${range}. Received ${show(value)}`
  const error = new RangeError(cure === undefined ? text : `${text}. ${cure}`)
  error.code = 'ERR_OUT_OF_RANGE'
  return error
}

// The error of calls that a worker had begun when it ended.
function workerDied() {
  const error = new Error(
    'The worker that ran the call has ended. The reason is on the channel ringcall:worker-exit of ' +
      'node:diagnostics_channel.'
  )
  error.code = 'ERR_WORKER_DIED'
  return error
}

// The reason for terminating a worker.
function workerOverdue(handlerTimeout) {
  const error = new Error(
    `A call, or other code in the module, kept the worker busy for ${handlerTimeout} ms (handlerTimeout): its event ` +
      'loop did not turn.'
  )
  error.code = 'ERR_WORKER_OVERDUE'
  return error
}

function describe(value) {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return value.name === '' ? 'an anonymous function' : `function ${value.name}`
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`
  if (typeof value === 'string') return `type string (${JSON.stringify(value.slice(0, 25))})`
  return `type ${typeof value} (${String(value)})`
}

// The value itself if it is a primitive. Its type is right, so the type is not mentioned.
function show(value) {
  if (Object(value) === value) return describe(value)
  return inspect(typeof value === 'string' ? value.slice(0, 25) : value)
}

// Whatever was thrown, with its stack, cause and fields.
function printable(thrown) {
  try {
    return inspect(thrown)
  } catch {
    return 'an error that cannot be printed'
  }
}

// The error for a start that was refused, from what the binding reports.
function startRefused({ syscall, errno, message, address, port, reason }, { reusePort } = {}) {
  if (syscall === 'getaddrinfo') {
    const text = `getaddrinfo ENOTFOUND ${address}. The name does not resolve: check the host option.`
    return Object.assign(new Error(text), { code: 'ENOTFOUND', errno: UV_EAI_NONAME, syscall, hostname: address })
  }
  if (reason !== undefined) {
    return Object.assign(new Error(message), { code: 'ERR_IO_URING_UNAVAILABLE', errno, syscall, reason })
  }
  const [code, sentence] = getSystemErrorMap().get(errno) ?? ['ERR_SYSTEM_ERROR', message]
  // As in Node's errors: port 0 is not the port that was refused.
  const where = address === undefined ? '' : ` ${address}${port ? `:${port}` : ''}`
  const cure = cureOf(code, { address, port, reusePort })
  const text = `${syscall} ${code}: ${sentence}${where}${cure === undefined ? '' : `. ${cure}`}`
  const error = Object.assign(new Error(text), { code, errno, syscall })
  if (address !== undefined) error.address = address
  if (port !== undefined) error.port = port
  return error
}

function cureOf(code, { address, port, reusePort }) {
  if (port === undefined) return code === 'EADDRINUSE' ? pathInUse(address) : PATH_CURES[code] ?? CURES[code]
  return code === 'EADDRINUSE' ? portInUse(reusePort) : PORT_CURES[code] ?? CURES[code]
}

// What occupies the path and must not be replaced by a socket.
function pathInUse(path) {
  const found = statOf(path)
  if (found?.isDirectory()) return 'It is a directory: choose a path in it, such as one that ends in /ringcall.sock.'
  if (found?.isFile()) return 'It is a regular file: delete it if nothing needs it, or choose another path.'
  if (found?.isSymbolicLink()) return 'It is a symbolic link: delete it if nothing needs it, or choose another path.'
  return 'Another server is listening there: stop it, or choose another path.'
}

function statOf(path) {
  try {
    return lstatSync(path)
  } catch {
    // The path is an abstract name, or the file is gone by now.
  }
}

function portInUse(reusePort) {
  if (reusePort) {
    return 'What is listening there does not share the port: stop it, choose another port (0 picks a free one), or ' +
      'let it set the reusePort option, too, and run as the same user.'
  }
  // node:cluster passes the primary's sockets to its workers, but not to an addon.
  if (require('node:cluster').isWorker || process.env.pm_id !== undefined) {
    return 'Cluster workers and pm2 instances each open the port themselves: to share it, set the reusePort option ' +
      'in all of them. If it is another program that is listening there, stop it or choose another port.'
  }
  return 'Something is already listening there: stop it (await its close() if it is a server of yours), choose ' +
    'another port (0 picks a free one), or set the reusePort option in both servers to share the port.'
}

module.exports = {
  cureOfText, describe, invalidArgument, invalidThis, invalidType, invalidValue, outOfRange, printable, startRefused,
  workerDied, workerOverdue
}
