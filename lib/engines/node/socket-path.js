'use strict'

// Unix domain sockets: which server may listen on a path, and when the file is removed.
//
// When libuv closes a socket, it removes the path that the socket was bound to, whatever is there by then. So the
// socket is bound to a temporary name, which is removed right away, and its path is a second link. This file removes
// that path by the rules of src/listener/path.rs: only if it is the socket that was bound, or a socket on which no
// process listens.

const { randomBytes } = require('node:crypto')
const { linkSync, lstatSync, statSync, unlinkSync } = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const { basename, dirname, resolve } = require('node:path')
const { askSync, listenSync } = require('./synchronous.js')

const IN_USE = -os.constants.errno.EADDRINUSE
const TOO_LONG = -os.constants.errno.ENAMETOOLONG
// The size of a path in a `sockaddr_un` without the final NUL. Some versions of Node truncate longer paths.
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103
// How often to try while another server starts on the same path, and the milliseconds between two tries.
const LOCK_TRIES = 125
const PAUSE_MS = 2

// The file of a socket. Remove it before the socket is closed: until then no other server takes it for an abandoned
// one, and no other file can have its inode number.
class SocketFile {
  #path
  #isRemoved = false

  // Throws the system's error, or EADDRINUSE if the path is not a socket.
  constructor(path) {
    // The working directory may change.
    this.#path = resolve(path)
    const found = lstatSync(this.#path, { bigint: true })
    if (!found.isSocket()) throw inUse()
    this.dev = found.dev
    this.ino = found.ino
  }

  // Removes the file, unless another file has replaced it. Does nothing the second time, because the path may belong to
  // a successor by then. If it fails, the next start replaces the file.
  remove() {
    if (this.#isRemoved) return
    this.#isRemoved = true
    try {
      const { dev, ino } = new SocketFile(this.#path)
      if (dev === this.dev && ino === this.ino) unlinkSync(this.#path)
    } catch {}
  }
}

// Throws the system's error with its `errno`. Returns the file; undefined for a name in Linux's abstract namespace or a
// pipe of Windows.
function listenOnPath(server, { path, backlog }) {
  if (process.platform === 'win32') return listen(server, { path, backlog })
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw systemError(TOO_LONG)
  if (path.startsWith('\0')) return listen(server, { path, backlog })
  const lock = takeLock(resolve(path))
  try {
    return listenOnFile(server, { path, backlog })
  } finally {
    lock?.close()
  }
}

function listenOnFile(server, { path, backlog }) {
  clear(path)
  const temporary = temporaryName(path)
  listen(server, { path: temporary, backlog })
  try {
    linkSync(temporary, path)
    return new SocketFile(path)
  } catch (error) {
    server.close()
    throw error.code === 'EEXIST' ? inUse() : error
  } finally {
    unlinkSync(temporary)
  }
}

function listen(server, where) {
  const refused = listenSync(server, where)
  if (refused !== undefined) throw systemError(refused.errno)
}

// Next to the path and with its name as a prefix, if that is not too long: `ss -xl` shows this name.
function temporaryName(path) {
  const random = randomBytes(4).toString('hex')
  const name = `${path}.${random}`
  if (Buffer.byteLength(name) <= PATH_BYTES_MAX) return name
  const directory = path.slice(0, path.lastIndexOf('/') + 1)
  return directory + random.slice(0, PATH_BYTES_MAX - Buffer.byteLength(directory))
}

// Removes a socket that a killed process has left behind. Anything else at the path is not ours to remove.
function clear(path) {
  let file
  try {
    file = new SocketFile(path)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  const { code } = askSync('connect', path)
  if (code !== 'ECONNREFUSED') throw inUse()
  file.remove()
}

// A lock among servers that start on the same path, held until it is closed. It is a socket with an abstract name, so
// the kernel releases it with the process and no lock file remains. Undefined if the platform has no abstract names.
function takeLock(path) {
  if (process.platform !== 'linux') return undefined
  const name = lockName(path)
  const lock = net.createServer().on('error', () => {})
  for (let tries = LOCK_TRIES; ; tries--) {
    const refused = listenSync(lock, { path: name })
    if (refused === undefined) return lock
    if (refused.errno !== IN_USE) return undefined
    if (tries === 0) throw inUse()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
  }
}

// The same name for every spelling of a path, as in src/listener/path.rs: the directory's device and inode numbers, and
// the last bytes of the file's name. It has the greatest length, because some versions of libuv pad shorter names.
function lockName(path) {
  const { dev, ino } = statSync(dirname(path), { bigint: true })
  const bytes = Buffer.from(basename(path)).subarray(-24)
  return `\0ringcall ${dev} ${ino} ${bytes.toString('hex')}`.padEnd(PATH_BYTES_MAX + 1, '.')
}

function inUse() {
  return systemError(IN_USE)
}

function systemError(errno) {
  return Object.assign(new Error('The system refused to listen.'), { errno })
}

module.exports = { listenOnPath }
