'use strict'

const test = require('ava')
const { binaryName } = require('../lib/native.js')
const { post, start } = require('./helpers.js')

const listen = 'console.log(serverListen(0, (n) => n + 1).port)'

const imports = {
  'require of the name': ['-e', `const { serverListen } = require('ringcall'); ${listen}`],
  'import of the function': ['--input-type=module', '-e', `import { serverListen } from 'ringcall'; ${listen}`],
  'import of the default': ['--input-type=module', '-e', `import ringcall from 'ringcall'
    const { serverListen } = ringcall
    ${listen}`],
  'a dynamic import': ['-e', `import('ringcall').then(({ serverListen }) => ${listen})`]
}

for (const [what, argv] of Object.entries(imports)) {
  test(`${what} works`, async (t) => {
    const child = start(t, argv)
    t.is((await post(t, Number(await child.line()), '/609')).body, '610')
  })
}

// A report looks up the names of the connections that are open; a slow resolver would hold up the process for seconds.
test('loading it looks up no names, and leaves the settings of reports as they were', async (t) => {
  const child = start(t, ['-e', `
    const { report } = process
    const getReport = report.getReport
    const seen = []
    report.getReport = () => (seen.push(report.excludeNetwork), getReport.call(report))
    const before = report.excludeNetwork
    require('ringcall')
    console.log(seen.every((excludes) => excludes) && report.excludeNetwork === before)`])
  t.is(await child.line(), 'true')
})

test('the binary is named after the processor and the libc', (t) => {
  const glibc = { getReport: () => ({ header: { glibcVersionRuntime: '2.36' } }) }
  // musl's Node.js has no version to report.
  const musl = { getReport: () => ({ header: {} }) }
  const named = (arch, report) => binaryName({ platform: 'linux', arch, report })
  t.is(named('x64', glibc), 'ringcall.linux-x64-gnu.node')
  t.is(named('x64', musl), 'ringcall.linux-x64-musl.node')
  t.is(named('arm64', glibc), 'ringcall.linux-arm64-gnu.node')
  t.is(named('arm64', musl), 'ringcall.linux-arm64-musl.node')
})
