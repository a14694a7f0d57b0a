'use strict'

// Unix domain sockets: who may listen on a path, and when its file goes.
//
// libuv removes the path that a socket was bound to when it closes the socket, whatever is there by then. So the socket
// is bound to a temporary name, which is gone before that, and its path is a second one. This path is removed here, by
// the rules of src/listener/path.rs: only while it is the socket that was bound, or one that nobody listens on.

const { randomBytes } = require('node:crypto')
const { linkSync, lstatSync, statSync, unlinkSync } = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const { basename, dirname, resolve } = require('node:path')
const { askSync, listenSync } = require('./synchronous.js')

const IN_USE = -os.constants.errno.EADDRINUSE
const TOO_LONG = -os.constants.errno.ENAMETOOLONG
// Bytes of a path in a `sockaddr_un`, the final NUL not included; some versions of Node cut a longer one.
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103
// How often one tries while another server starts on the same path, and the milliseconds in between.
const LOCK_TRIES = 125
const PAUSE_MS = 2

// The file of a socket. It is to go before the socket is closed: until then nobody who finds it takes it for one that
// was left behind, and its number is no other file's.
class SocketFile {
  #path
  #isRemoved = false

  // Throws what the system does, or EADDRINUSE where there is no socket.
  constructor(path) {
    // The working directory may change.
    this.#path = resolve(path)
    const found = lstatSync(this.#path, { bigint: true })
    if (!found.isSocket()) throw inUse()
    this.dev = found.dev
    this.ino = found.ino
  }

  // Removes it, unless another file has taken its place. Does nothing the second time: the path is a successor's by
  // then. A failure leaves a file that the next start replaces.
  remove() {
    if (this.#isRemoved) return
    this.#isRemoved = true
    try {
      const { dev, ino } = new SocketFile(this.#path)
      if (dev === this.dev && ino === this.ino) unlinkSync(this.#path)
    } catch {}
  }
}

// Throws what the system refuses, an error with an `errno`. Returns the file, if it is one: neither a name in Linux's
// abstract namespace nor a pipe of Windows.
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

// Beside the path, and named like it where that is not too long: it is what `ss -xl` shows.
function temporaryName(path) {
  const random = randomBytes(4).toString('hex')
  const name = `${path}.${random}`
  if (Buffer.byteLength(name) <= PATH_BYTES_MAX) return name
  const directory = path.slice(0, path.lastIndexOf('/') + 1)
  return directory + random.slice(0, PATH_BYTES_MAX - Buffer.byteLength(directory))
}

// Removes a socket that a process which was killed has left behind. Anything else in that place is not ours to remove.
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

// The lock of one start among those on the same path, until it is closed: a socket with an abstract name, so that the
// kernel ends it with the process and no lock file is left. Nothing where there are no such names.
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

// The same for every spelling of a path, and in src/listener/path.rs: the directory's numbers and the name's last
// bytes. As long as a name may be, because some versions of libuv fill shorter ones up.
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
