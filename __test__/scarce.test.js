'use strict'

// A start that finds too little of the resources it needs: it makes do, or is refused and leaves nothing behind.

const test = require('ava')
const { hasAsRoot, start, underTest } = require('./helpers.js')

// Users that run nothing else on the machine, so that they hold only what the test has given them.
const LOCKER = 65_531
const THREADER = 65_532
const RELOADER = 65_530

// Runs `main({ answers, answersAtLast, limit, refused, serverListen })` as `uid`. `limit(resource, soft)` lowers one of
// the process's limits.
function startAs(t, uid, main) {
  const source = `
    const { execFileSync } = require('node:child_process')
    const { serverListen } = require(${JSON.stringify(underTest)})
    process.setgroups([])
    process.setgid(${uid})
    process.setuid(${uid})
    const limit = (resource, soft) => execFileSync('prlimit', ['--pid', process.pid, \`--\${resource}=\${soft}\`])
    const refused = (options) => {
      try {
        return serverListen({ port: 0, host: '127.0.0.1', engine: 'io_uring', ringThreads: 1, ...options }, (n) => n).close()
      } catch ({ code, syscall, reason, message }) {
        return { code, syscall, reason, message }
      }
    }
    const answers = async (options) => {
      const server = serverListen({ port: 0, host: '127.0.0.1', engine: 'io_uring', ringThreads: 1, ...options }, (n) => n)
      const text = await fetch(\`\${server.url}/15\`, { method: 'POST' }).then((response) => response.text())
      await server.close()
      return text
    }
    // The kernel frees locked memory some time after a ring's descriptor is closed.
    const answersAtLast = async () => {
      for (;;) {
        const text = await answers({}).catch(() => undefined)
        if (text !== undefined) return text
      }
    }
    (${main})({ answers, answersAtLast, limit, refused, serverListen })`
  // In newer releases of Node.js, libuv's rings take lockable memory, some of it even with this setting.
  return start(t, ['-e', source], { env: { UV_USE_IO_URING: '0' } })
}

test('too little lockable memory for the usual ring: a smaller one serves', async (t) => {
  if (!hasAsRoot(t, 'prlimit')) return
  const child = startAs(t, LOCKER, async ({ answersAtLast, limit }) => {
    // With 40 and 36 KiB there is room for the ring, but not for the descriptors of its receive buffers.
    for (const kibibytes of [40, 36, 28]) {
      limit('memlock', kibibytes * 1024)
      console.log(await answersAtLast())
    }
  })
  for (let i = 0; i < 3; i++) t.is(await child.line(), '15')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('lockable memory for the first rings but not for all: refused, and the memory of those is freed', async (t) => {
  if (!hasAsRoot(t, 'prlimit')) return
  const child = startAs(t, LOCKER + 2, async ({ answersAtLast, limit, refused }) => {
    limit('memlock', 64 * 1024)
    const { readdirSync } = require('node:fs')
    const before = readdirSync('/proc/self/fd').length
    console.log(JSON.stringify(refused({ ringThreads: 64 })))
    console.log(readdirSync('/proc/self/fd').length - before)
    console.log(await answersAtLast())
  })
  const refusal = JSON.parse(await child.line())
  t.like(refusal, { code: 'ERR_IO_URING_UNAVAILABLE', syscall: 'io_uring_setup', reason: 'memlock' })
  t.regex(refusal.message, /ulimit -l/)
  t.is(await child.line(), '0', 'no descriptor is left')
  t.is(await child.line(), '15')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('too few threads: refused by name, the started ring threads end, and a server with fewer serves', async (t) => {
  if (!hasAsRoot(t, 'prlimit')) return
  const child = startAs(t, THREADER, async ({ answers, limit, refused }) => {
    const { readFileSync, readdirSync } = require('node:fs')
    const held = () => [Number(/Threads:\t(\d+)/.exec(readFileSync('/proc/self/status'))[1]), readdirSync('/proc/self/fd').length]
    await answers({}) // This starts the client's threads.
    const before = held()
    limit('nproc', before[0] + 8)
    console.log(JSON.stringify(refused({ ringThreads: 64 })))
    // A thread that has been joined is listed until the kernel is done with it.
    while (held()[0] > before[0]);
    console.log(JSON.stringify([before, held()]))
    console.log(await answers({ ringThreads: 2 }))
  })
  const refusal = JSON.parse(await child.line())
  t.like(refusal, { code: 'EAGAIN', syscall: 'clone' })
  const [[threads, descriptors], [threadsLeft, descriptorsLeft]] = JSON.parse(await child.line())
  // A thread of the first server may still have been listed before.
  t.true(threadsLeft <= threads, `${threadsLeft} threads of ${threads}`)
  t.is(descriptorsLeft, descriptors)
  t.is(await child.line(), '15')
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})

test('too few threads for a reload: refused by name, and the old workers serve, until there are enough', async (t) => {
  if (!hasAsRoot(t, 'prlimit')) return
  const child = startAs(t, RELOADER, async ({ limit, serverListen }) => {
    const { mkdtempSync, readdirSync, rmSync, writeFileSync } = require('node:fs')
    const { Worker } = require('node:worker_threads')
    const folder = mkdtempSync(`${require('node:os').tmpdir()}/ringcall-`)
    const file = `${folder}/functions.js`
    writeFileSync(file, 'exports.sum = (a, b) => a + b')
    const server = serverListen({ port: 0, host: '127.0.0.1', engine: 'io_uring', ringThreads: 1, workers: 2 }, file)
    const sum = () => fetch(`${server.url}/sum/3/4`, { method: 'POST' }).then((response) => response.text())
    const reload = () => server.reload().then(() => 'reloaded', ({ code, syscall }) => `${code} ${syscall}`)
    // A thread that has ended is listed until the kernel is done with it.
    const threads = () => readdirSync('/proc/self/task').length
    const untilThreads = async (count) => {
      while (threads() !== count) await new Promise(setImmediate)
    }
    const told = [await sum()]
    while (server.stats().workers.some(({ state }) => state !== 'idle')) await new Promise(setImmediate)
    const before = threads()
    told.push(await reload())
    await untilThreads(before)
    // Two workers and their watchdog.
    limit('nproc', before + 3)
    const others = [1, 2, 3].map(() => new Worker('setInterval(() => {}, 1e6)', { eval: true }))
    for (;;) {
      await untilThreads(before + others.length)
      told.push(await reload(), await sum())
      if (others.length === 0) break
      await others.pop().terminate()
    }
    console.log(told.join())
    await server.close()
    rmSync(folder, { recursive: true })
  })
  const refused = 'ERR_WORKER_INIT_FAILED clone'
  const expected = ['7', 'reloaded', refused, '7', refused, '7', 'EAGAIN clone', '7', 'reloaded', '7']
  t.is(await child.line(), expected.join())
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' })
})
