'use strict'

const { spawnSync } = require('node:child_process')
const test = require('ava')
const { root, start } = require('./helpers.js')

const hasPython = spawnSync('python3', ['--version']).status === 0

// Takes io_uring away as a container does, or the memory it may lock, and becomes the command that follows.
const withoutIoUring = `
import ctypes, os, resource, struct, sys

def refuse_system_calls(errno):
    load, refuse, allow = (0x20, 0, 0, 0), (0x06, 0, 0, 0x50000 | errno), (0x06, 0, 0, 0x7FFF0000)
    rules = [load, (0x35, 0, 2, 425), (0x25, 1, 0, 427), refuse, allow]
    code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack('@HP', len(rules), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((38, 1, 0, 0, 0), (22, 2, program)):
        if libc.prctl(*call) != 0:
            sys.exit('prctl: ' + os.strerror(ctypes.get_errno()))

how, *command = sys.argv[1:]
if how == 'memlock':
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    if os.getuid() == 0:
        os.environ['BECOME_NOBODY'] = '1'
else:
    refuse_system_calls(int(how))
os.execv(command[0], command)
`

const main = `
const { serverListen } = require(${JSON.stringify(root)})
if (process.env.BECOME_NOBODY) {
  process.setgroups([])
  process.setgid(65534)
  process.setuid(65534)
}
try {
  serverListen(0, (n) => n).close()
  console.log(JSON.stringify('it listens'))
} catch (error) {
  console.log(JSON.stringify({ isError: error instanceof Error, message: error.message, ...error }))
}`

const refusals = [
  ['EPERM, as Docker gives it', '1', 'seccomp', /seccomp/],
  ['ENOSYS, as old kernels and Podman give it', '38', 'kernel', /kernel/],
  ['no memory to lock', 'memlock', 'memlock', /ulimit -l|memlock/i]
]

for (const [what, how, reason, cure] of refusals) {
  test(`${what}: serverListen throws ERR_IO_URING_UNAVAILABLE with reason ${reason} and the cure`, async (t) => {
    if (!hasPython) return t.pass(t.log('not run: there is no python3 here'))
    const child = start(t, ['-c', withoutIoUring, how, process.execPath, '-e', main], { command: 'python3' })
    const error = JSON.parse(await child.line())
    t.like(error, { isError: true, code: 'ERR_IO_URING_UNAVAILABLE', reason })
    t.regex(error.message, cure)
    t.deepEqual(await child.exited, { code: 0, signal: null, stderr: '' }, 'nothing keeps the process')
  })
}
