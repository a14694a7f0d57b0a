'use strict'

// Programs that run where io_uring is refused, as containers and old kernels refuse it.

const { spawnSync } = require('node:child_process')
const { start } = require('./helpers.js')

// Takes io_uring away as a container does, or the memory that it may lock, and executes the command that follows.
const withoutIoUring = `
import ctypes, os, resource, struct, sys

refuse, allow = lambda errno: (0x06, 0, 0, 0x50000 | errno), (0x06, 0, 0, 0x7FFF0000)
number, second_argument = (0x20, 0, 0, 0), (0x20, 0, 0, 24)

# io_uring_setup, io_uring_enter and io_uring_register are 425 to 427.
def refuse_system_calls(errno):
    install([number, (0x35, 0, 2, 425), (0x25, 1, 0, 427), refuse(errno), allow])

def refuse_restrictions(errno):
    install([number, (0x15, 0, 3, 427), second_argument, (0x15, 0, 1, 11), refuse(errno), allow])

def install(rules):
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
elif how == 'restrictions':
    refuse_restrictions(22)
else:
    refuse_system_calls(int(how))
os.execv(command[0], command)
`

// Registers a test only where there is a python3 to take io_uring away.
function refusedTest(test) {
  const hasPython = spawnSync('python3', ['--version']).status === 0
  if (!hasPython && process.env.CI) throw new Error('python3 is not installed')
  return hasPython ? test : () => {}
}

// Starts `node ...argv` without io_uring: `how` is the errno of its system calls, `memlock`, or `restrictions`
// for a kernel whose rings cannot be restricted.
function startRefused(t, how, argv, options) {
  const command = ['-c', withoutIoUring, how, process.execPath, ...argv]
  return start(t, command, { ...options, command: 'python3' })
}

module.exports = { refusedTest, startRefused, withoutIoUring }
