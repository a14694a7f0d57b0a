'use strict'

// The programs of deploy/. `npm run test:containers` tries the containers that are made with them.

const { spawnSync } = require('node:child_process')
const test = require('ava')
const { root, serve, start } = require('./helpers.js')

const IO_URING = ['io_uring_setup', 'io_uring_enter', 'io_uring_register']

function seccomp(input, args = ['-']) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['deploy/seccomp.js', ...args], {
    cwd: root,
    input: typeof input === 'string' ? input : JSON.stringify(input),
    encoding: 'utf8'
  })
  return { code: status, profile: stdout && JSON.parse(stdout), stderr }
}

test('seccomp.js adds one block and changes nothing else', (t) => {
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
    syscalls: [{ names: ['read', 'write'], action: 'SCMP_ACT_ALLOW', args: [], includes: { caps: ['CAP_BPF'] } }]
  }
  const allowed = { ...profile, syscalls: [...profile.syscalls, { names: IO_URING, action: 'SCMP_ACT_ALLOW' }] }
  t.deepEqual(seccomp(profile), { code: 0, profile: allowed, stderr: '' })
  t.deepEqual(seccomp(allowed).profile, allowed, 'a second time changes nothing')
})

test('seccomp.js takes io_uring out of the rules that refuse it', (t) => {
  const refused = { names: ['bpf', 'io_uring_setup'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }
  const alone = { names: IO_URING, action: 'SCMP_ACT_ERRNO' }
  t.deepEqual(seccomp({ syscalls: [refused, alone] }).profile.syscalls, [
    { ...refused, names: ['bpf'] },
    { names: IO_URING, action: 'SCMP_ACT_ALLOW' }
  ])
})

test('seccomp.js refuses input that is not a profile, and prints none', (t) => {
  for (const [input, ...args] of [['{}'], ['null'], ['<html>'], [''], ['', '/nonexistent.json'], ['', '--help']]) {
    const { code, profile, stderr } = seccomp(input, args.length > 0 ? args : undefined)
    t.deepEqual([code, profile], [1, ''])
    t.regex(stderr, /./)
    t.notRegex(stderr, /\n +at /, 'no stack')
  }
})

test('healthcheck.js is content with 200 only', async (t) => {
  const check = (port, HOST = '127.0.0.1') => start(t, ['deploy/healthcheck.js'], { env: { HOST, PORT: String(port) } }).exited
  let server = serve(t)
  t.like(await check(server.port), { code: 0, stderr: '' })
  t.like(await check(server.port, ''), { code: 0, stderr: '' }, 'localhost')
  await server.close()
  const refused = await check(server.port)
  t.is(refused.code, 1)
  t.regex(refused.stderr, /ECONNREFUSED/)
  server = serve(t, { onError: () => {} }, () => '0')
  t.like(await check(server.port), { code: 1, stderr: '' })
})
