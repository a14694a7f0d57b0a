'use strict'

// What several test files share: servers that end with their test, a client that sees the bytes, child processes.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const { readdirSync, readFileSync } = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const readline = require('node:readline')
const { setTimeout: delay } = require('node:timers/promises')

const root = path.join(__dirname, '..')
const ringcall = require(root)

// The number of ring threads of every server whose test does not choose one. With 0, the JavaScript thread does the
// network's work: tests that need service while that thread is blocked register with `threadTest` instead of `test`.
const ringThreads = Number(process.env.RINGCALL_TEST_RING_THREADS ?? 1)

// The engine of every server whose test does not choose one. Tests that are about io_uring alone register with
// `ringTest` instead of `test`, and docs/engines.md says what the other engine does there.
const engine = process.env.RINGCALL_TEST_ENGINE ?? 'io_uring'

function ringTest(test) {
  return engine === 'io_uring' ? test : () => {}
}

// For tests in which a ring thread serves while the JavaScript thread is blocked.
function threadTest(test) {
  return ringThreads > 0 ? ringTest(test) : () => {}
}

// Whether servers can share a port: node:net can since 22.12 and 23.1.
const [major, minor] = process.versions.node.split('.').map(Number)
const canShare = engine === 'io_uring' || major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)

function sharingTest(test) {
  return canShare ? test : () => {}
}

// For tests whose clients must not run into the timeout that their body gets, in milliseconds. A machine that pauses makes
// them late, so a test that fails gets longer ones, and says so: what is wrong is wrong with the longest, too. Not for
// tests of what may go wrong only once in a while, such as one call's answer for another's.
function promptTest(test) {
  return (title, body) => test(title, async (t) => {
    for (const timeout of [500, 2000]) {
      const attempt = await t.try(body, timeout)
      if (attempt.passed) return attempt.commit()
      attempt.discard({ retainLogs: true })
      t.log(`with ${timeout} ms:`, attempt.errors[0].assertionStack)
    }
    const attempt = await t.try(body, 8000)
    attempt.commit()
  })
}

// The smallest resources that a server takes, with RINGCALL_TEST_SMALLEST: everything must still work.
const ringSize = process.env.RINGCALL_TEST_SMALLEST
  ? { ringEntries: 8, receiveBuffers: 8, receiveBufferSize: 128, batchSize: 1 }
  : {}

// Tests draw new random values in each run, or those of RINGCALL_TEST_SEED.
const draws = process.env.RINGCALL_TEST_SEED ? { seed: Number(process.env.RINGCALL_TEST_SEED) } : {}

// The file that child processes and workers require to get the `serverListen` below.
const underTest = __filename

function serverListen(portOrOptions, handler) {
  const options = typeof portOrOptions === 'object' ? portOrOptions : { port: portOrOptions }
  return ringcall.serverListen({ engine, ringThreads, ...ringSize, ...options }, handler)
}

// The handler of most tests: exact in a `number` up to n = 78.
function fibonacci(n) {
  let [a, b] = [0, 1]
  for (let i = 0; i < n; i++) [a, b] = [b, a + b]
  return a
}

// 2000 digits that print quickly. A few thousand such answers exceed the kernel's buffers for a client that reads late.
const large = 7n ** 2_367n

// Listens on a free port, or as the options say, until the test ends. A test that waits in vain fails and logs the
// server's counts, before AVA gives up the whole run without a word about it.
function serve(t, options, handler = fibonacci) {
  const server = serverListen({ port: 0, ...options }, handler)
  t.timeout(100_000)
  t.teardown(() => {
    if (!t.passed) t.log(JSON.stringify({ ...server.stats(), functions: undefined }))
    const closed = server.close()
    server.closeAllConnections()
    return closed
  })
  return server
}

// The bytes of one request. A `Host` is added, and a `Content-Length` where there is a body and no other framing.
function request(target, { method = 'POST', version = 'HTTP/1.1', headers = {}, body = '' } = {}) {
  const fields = { Host: 'localhost', ...headers }
  if (body !== '' && !('Transfer-Encoding' in fields)) fields['Content-Length'] ??= Buffer.byteLength(body)
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} ${version}\r\n${lines.join('')}\r\n${body}`
}

// One connection, kept half-open so that a test decides when its own side ends.
class Client {
  #socket
  #chunks
  #unread = Buffer.alloc(0)

  constructor(socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {}) // Reported by the read or write that meets it.
    this.#chunks = socket.iterator({ destroyOnReturn: false })
  }

  // Writes and waits until the kernel has taken it all.
  write(bytes) {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  // Sends one request and reads its answer.
  async send(target, options) {
    await this.write(request(target, options))
    return this.response(options)
  }

  // The next answer, framed by its Content-Length. Anything malformed rejects.
  async response({ method } = {}) {
    let headEnd
    while ((headEnd = this.#unread.indexOf('\r\n\r\n')) === -1) await this.#readMore()
    const response = parseHead(this.#take(headEnd + 4).toString('latin1'))
    const length = method === 'HEAD' ? 0 : contentLength(response)
    while (this.#unread.length < length) await this.#readMore()
    return { ...response, body: this.#take(length).toString() }
  }

  async responses(count) {
    const all = []
    while (all.length < count) all.push(await this.response())
    return all
  }

  // All answers until the server ends its side.
  async responsesToEnd() {
    const all = []
    while (this.#unread.length > 0 || (await this.#readOrEnd())) all.push(await this.response())
    return all
  }

  // Everything else that arrives until the server ends its side; rejects on a reset.
  async rest() {
    while (await this.#readOrEnd());
    return this.#take(this.#unread.length).toString('latin1')
  }

  // Resolves once the connection is over, whether by an end or by a reset.
  async gone() {
    await this.rest().catch(() => {})
  }

  // Ends our side; the server's may go on.
  end(bytes) {
    this.#socket.end(bytes)
  }

  // Leaves without reading what has arrived.
  destroy() {
    this.#socket.destroy()
  }

  // Leaves with a reset instead of an end.
  reset() {
    this.#socket.resetAndDestroy()
  }

  #take(length) {
    const taken = this.#unread.subarray(0, length)
    this.#unread = this.#unread.subarray(length)
    return taken
  }

  async #readMore() {
    if (await this.#readOrEnd()) return
    throw new Error(`the connection ended after ${JSON.stringify(this.#unread.toString('latin1'))}`)
  }

  async #readOrEnd() {
    const { value, done } = await this.#chunks.next()
    if (!done) this.#unread = Buffer.concat([this.#unread, value])
    return !done
  }
}

function parseHead(head) {
  const [statusLine, ...fields] = head.slice(0, -4).split('\r\n')
  const status = /^HTTP\/1\.[01] ([1-5]\d\d) [\x20-\x7e]+$/.exec(statusLine)?.[1]
  if (!status) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`)
  const headers = {}
  for (const field of fields) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+): ([\x20-\x7e]*)$/.exec(field) ?? []
    if (!name) throw new Error(`not a header field: ${JSON.stringify(field)}`)
    if (name.toLowerCase() in headers) throw new Error(`the same field twice: ${JSON.stringify(head)}`)
    headers[name.toLowerCase()] = value
  }
  return { status: Number(status), headers }
}

// RFC 9110 section 8.6: a 204 has none.
function contentLength({ status, headers }) {
  const length = headers['content-length']
  if (status === 204 && length === undefined) return 0
  if (!/^\d+$/.test(length)) throw new Error(`no Content-Length: ${JSON.stringify(headers)}`)
  return Number(length)
}

// Connects to a server, a port, or whatever `net.connect` takes; the connection ends with the test at the latest.
async function connect(t, where) {
  const socket = net.connect({ ...endpoint(where), allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return new Client(socket)
}

function endpoint(where) {
  if (typeof where === 'number') return { host: '127.0.0.1', port: where }
  if (typeof where.address !== 'function') return where
  return where.port === null ? { path: where.address() } : { host: '127.0.0.1', port: where.port }
}

// Sends one request on a connection of its own, and returns the answer.
async function post(t, where, target, options) {
  const client = await connect(t, where)
  const response = await client.send(target, options)
  client.destroy()
  return response
}

// The server is unharmed: a fresh connection gets its number.
async function assertServes(t, where) {
  const { status, body } = await post(t, where, '/15')
  t.deepEqual([status, body], [200, '610'])
}

// The connection is refused: nothing listens there.
async function assertRefused(t, where) {
  await t.throwsAsync(connect(t, where), { code: 'ECONNREFUSED' })
}

// Waits until it is: the kernel closes the sockets in a process's rings some milliseconds after the process has ended.
async function untilRefused(t, where) {
  const connects = () => connect(t, where).then((client) => client.destroy(), ({ code }) => code)
  while ((await connects()) !== 'ECONNREFUSED') await delay(1)
}

// The names of a process's threads that begin with `start`, each with a newline at its end.
function threadsNamed(start, pid = 'self') {
  const name = (task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8')
    } catch {
      return '' // Gone meanwhile.
    }
  }
  return readdirSync(`/proc/${pid}/task`).map(name).filter((each) => each.startsWith(start))
}

// Waits for something that has no event of its own.
async function until(condition) {
  while (!condition()) await delay(1)
}

// Waits until the server's counts are these. The ring thread publishes them after the turn that they count.
async function untilStats(server, expected) {
  await until(() => {
    const stats = server.stats()
    return Object.entries(expected).every(([name, count]) => stats[name] === count)
  })
}

// A promise and the functions that settle it (Node 20 has no `Promise.withResolvers`).
function withResolvers() {
  let resolve, reject
  const promise = new Promise((...ends) => ([resolve, reject] = ends))
  return { promise, resolve, reject }
}

// A handler whose answers the test releases: `await held(n)`, then `release(n, value)`.
function gate() {
  const gates = new Map()
  const at = (n) => gates.get(n) ?? gates.set(n, { arrived: withResolvers(), value: withResolvers() }).get(n)
  return {
    handler(n) {
      at(n).arrived.resolve()
      return at(n).value.promise
    },
    held: (n) => at(n).arrived.promise,
    release: (n, value) => at(n).value.resolve(value)
  }
}

// Starts `node ...argv`, or another command, to read its lines and its end. It is killed when the test ends.
function start(t, argv, { command = process.execPath, env, cwd = root } = {}) {
  const child = spawn(command, argv, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  return {
    pid: child.pid,
    exited,
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
    // Closes the pipes that it prints to.
    stopReading() {
      child.stdout.destroy()
      child.stderr.destroy()
    },
    async line() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the child ended: ${JSON.stringify(await exited)}`)
      return value
    }
  }
}

// Runs `main({ serverListen }, ...args)` in a process of its own. Only the text of `main` travels: it sees its arguments and
// what it requires, nothing of the file that it is written in.
function startMain(t, main, { args = [], execArgv = [], env } = {}) {
  const source = `(${main})(require(${JSON.stringify(underTest)}), ...process.argv.slice(1))`
  return start(t, [...execArgv, '-e', source, ...args], { env })
}

// A server in a process of its own, so that its costs are that process's. `POST /-N` is answered with its Nth count,
// `POST /-100` never, and `POST /-101` collects garbage. `limit` is a shell command that runs before the start.
async function serveApart(t, options, { limit = ':' } = {}) {
  const main = ({ serverListen }, options) => {
    const server = serverListen({ port: 0, host: '127.0.0.1', ...JSON.parse(options) }, (n) => {
      if (n === -100) return new Promise(() => {})
      if (n === -101) return global.gc() ?? 0
      if (n < 0) return Object.values(server.stats())[-n - 1]
      let [a, b] = [0, 1]
      for (let i = 0; i < n; i++) [a, b] = [b, a + b]
      return a
    })
    console.log(server.port, Object.keys(server.stats()).join())
  }
  const source = `(${main})(require(${JSON.stringify(underTest)}), process.argv[1])`
  const argv = ['-c', `${limit} && exec "$@"`, 'sh', process.execPath, '--expose-gc', '-e', source]
  const child = start(t, [...argv, JSON.stringify(options)], { command: 'sh' })
  const [port, names] = (await child.line()).split(' ')
  const client = await connect(t, Number(port))
  const ask = async (n) => Number((await client.send(`/${n}`)).body)
  return {
    port: Number(port),
    pid: child.pid,
    client,
    stat: (name) => ask(-1 - names.split(',').indexOf(name)),
    async rss() {
      await ask(-101)
      return 1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1])
    },
    // The CPU time of its threads so far, in seconds. /proc/pid/stat only samples who runs when the clock ticks, which
    // is when timers run.
    cpu() {
      const tasks = readdirSync(`/proc/${child.pid}/task`)
      const nanoseconds = tasks.map((task) => Number(schedstat(child.pid, task).split(' ')[0]))
      return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9
    },
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length
  }
}

function schedstat(pid, task) {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8')
  } catch {
    return '0' // The thread has ended meanwhile.
  }
}

// Opens many connections, at most a hundred at a time.
async function connectMany(t, where, count) {
  const clients = []
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(100, count - clients.length) }, () => connect(t, where))
    clients.push(...(await Promise.all(some)))
  }
  return clients
}

// Whether the machine has a program. With `CI` set, a missing program fails the test.
function has(t, program) {
  return isThere(t, !spawnSync(program, ['-v'], { stdio: 'ignore', timeout: 10_000 }).error, `${program} is not installed`)
}

// The same for a program that also needs root's rights.
function hasAsRoot(t, program) {
  return isThere(t, process.getuid() === 0, 'it needs root') && has(t, program)
}

function isThere(t, condition, otherwise) {
  if (condition) return true
  if (process.env.CI) throw new Error(otherwise)
  t.log(`NOT RUN: ${otherwise}`)
  t.pass()
  return false
}

module.exports = {
  assertRefused,
  assertServes,
  connect,
  connectMany,
  draws,
  engine,
  fibonacci,
  gate,
  has,
  hasAsRoot,
  isThere,
  large,
  post,
  promptTest,
  request,
  ringTest,
  ringThreads,
  root,
  serve,
  serveApart,
  serverListen,
  sharingTest,
  start,
  startMain,
  threadTest,
  threadsNamed,
  underTest,
  until,
  untilRefused,
  untilStats,
  withResolvers
}
