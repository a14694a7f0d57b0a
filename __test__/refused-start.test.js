'use strict'

// Starts that fail because the process is out of something, and what they leave behind.

const test = require('ava')
const { hasAsRoot, start, underTest } = require('./helpers.js')

// Runs the text of `main({ serverListen }, say)` in a process of its own, and returns what it says.
async function say(t, main, prepare = ':') {
  const source = `(${main})(require(${JSON.stringify(underTest)}), (what) => console.log(JSON.stringify(what)))`
  const child = start(t, ['-c', `${prepare} && exec "$@"`, 'sh', process.execPath, '-e', source], { command: 'sh' })
  const said = JSON.parse(await child.line())
  t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' }, 'nothing keeps the process alive')
  return said
}

test('a start throws, whichever descriptor it cannot get, and leaves none behind', async (t) => {
  const refusals = await say(t, async ({ serverListen }, say) => {
    const { closeSync, openSync, readdirSync } = require('node:fs')
    const open = () => readdirSync('/proc/self/fd').length
    const held = []
    const fill = () => {
      for (;;) {
        try {
          held.push(openSync('/dev/null'))
        } catch {
          return
        }
      }
    }
    const refusals = []
    for (let free = 1; ; free++) {
      fill()
      // One of them is for the look into /proc.
      for (let i = 0; i < free; i++) closeSync(held.pop())
      const before = open()
      try {
        await serverListen({ port: 0, host: '127.0.0.1', ringThreads: 2 }, (n) => n).close()
        break
      } catch ({ code, syscall, reason }) {
        refusals.push({ code, syscall, reason, left: open() - before })
      }
    }
    say(refusals)
  }, 'ulimit -n 200')
  t.true(refusals.length >= 5, 'two rings, two wakers, a listener')
  for (const { left } of refusals) t.is(left, 0)
  t.deepEqual([...new Set(refusals.map(({ code }) => code))], ['ERR_IO_URING_UNAVAILABLE', 'EMFILE'])
  t.is(refusals[0].reason, 'other')
})

test('where a ring thread cannot be started, the start throws, and the others end', async (t) => {
  if (!hasAsRoot(t, 'python3')) return
  const { before, after, code, syscall } = await say(t, ({ serverListen }, say) => {
    const { readdirSync, readFileSync } = require('node:fs')
    const threads = () => readdirSync('/proc/self/task').length
    // A thread that has been joined is listed until the kernel is done with it.
    const isRingThread = (id) => {
      try {
        return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('ringcall')
      } catch {
        return false
      }
    }
    const areGone = () => !readdirSync('/proc/self/task').some(isRingThread)
    serverListen({ path: '\0ringcall-first', ringThreads: 1 }, (n) => n).close().then(() => {
      while (!areGone());
      const before = threads()
      const limit = `import resource; resource.prlimit(${process.pid}, resource.RLIMIT_NPROC, (${before + 2},) * 2)`
      require('node:child_process').spawnSync('python3', ['-c', limit])
      // The kernel counts the threads of a user: no other process has this one.
      process.setgroups([])
      process.setgid(54321)
      process.setuid(54321)
      try {
        serverListen({ port: 0, host: '127.0.0.1', ringThreads: 4 }, (n) => n)
      } catch ({ code, syscall }) {
        while (!areGone());
        say({ before, after: threads(), code, syscall })
      }
    })
  })
  t.is(after, before)
  t.like({ code, syscall }, { code: 'EAGAIN', syscall: 'clone' })
})
