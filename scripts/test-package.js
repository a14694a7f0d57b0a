'use strict'

// `npm run test:package`: the package as a new user gets it. Packs it, installs the tarball into an empty project, and
// tries the README's promises and the mistakes of the first five minutes there.
//
//   node scripts/test-package.js [--tarball FILE] [--runtime] [MAJOR...]
//
// --tarball takes one that is packed already, --runtime leaves out checks that depend neither on the platform nor on
// the version of Node.js, and MAJOR is a version of Node.js: by default the one that runs this.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { binaryName } = require('../lib/native.js')
const { BINARIES } = require('./assemble.js')
const { MISTAKES, SOURCE } = require('./mistakes.js')
const { installNode, withNode } = require('./node-versions.js')
const { checkRunners } = require('./test-runners.js')

const ROOT = path.join(__dirname, '..')
const BINARY = binaryName()
const TARBALL_BYTES_MAX = 2e6
// For the part that one platform uses; the other platforms' binaries come on top.
const UNPACKED_BYTES_MAX = 2.8e6
const RUN_MS_MAX = 60_000
const BUILD_MS_MAX = 600_000

const NEEDED = [
  'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'index.js', 'index.d.ts', 'bin/ringcall.js', 'metrics.d.ts',
  'client.mjs', 'client.js', 'client-node.mjs', 'client.d.mts', 'client.d.ts',
  'lib/server.js', BINARY, 'Cargo.toml', 'Cargo.lock', 'build.rs', 'src/lib.rs'
]
const BELONGS = [
  /^[A-Z]+\.md$/, /^[a-z-]+\.(m?js|d\.m?ts)$/, /^lib\/(client\.mjs|page\/index\.html)$/,
  /^(LICENSE|package\.json|Cargo\.toml|Cargo\.lock|build\.rs)$/,
  /^(bin|lib)\/.+\.js$/, /^docs\/.+\.(md|svg)$/, /^src\/(?!.*tests).+\.rs$/
]

const USES = {
  'use.cjs': `const { serverListen } = require('ringcall')`,
  'use.mjs': `import { serverListen } from 'ringcall'`,
  'use-default.mjs': `import ringcall from 'ringcall'\nconst { serverListen } = ringcall`,
  'use-metrics.cjs': `const { serverListen } = require('ringcall')\nrequire('ringcall/metrics').prometheus([])`,
  'use-metrics.mjs': `import { serverListen } from 'ringcall'
    import { contentType, prometheus } from 'ringcall/metrics'
    prometheus([], {}).concat(contentType)`,
  'use-client.cjs': `const { serverListen } = require('ringcall')\nrequire('ringcall/client').client('http://localhost')`,
  'use-client.mjs': `import { serverListen } from 'ringcall'
    import { CallError, client } from 'ringcall/client'
    new WeakSet([CallError, client('http://localhost')])`
}
const SERVE = `
const server = serverListen({ port: 0, engine: 'io_uring' }, (n) => n + 1)
fetch(server.url + '/609', { method: 'POST' }).then((response) => response.text()).then((text) => {
  console.log(text)
  return server.close()
})
`

const TYPED = `
import { serverListen, typed, type ListenOptions, type Server } from 'ringcall'
import { client } from 'ringcall/client'
import { prometheus } from 'ringcall/metrics'
const options = { port: 0, handlerTimeout: 1000 } satisfies ListenOptions
const server: Server = serverListen(options, (n) => n + 1)
const text: string = prometheus(server)
server.close().then(() => serverListen({ bigint: true }, async (n: bigint) => n))
const functions = { sum: (a: number, b: number) => a + b, fact: typed('(n: int64) => bigint', (n) => n) }
const api = client<typeof functions>(server.url)
api.sum(3, 4).then((n: number) => api.fact(BigInt(n))).then((n: bigint) => n)
// @ts-expect-error an int64 is a bigint
api.fact(1)
// @ts-expect-error an answer is an integer
serverListen(0, (n) => String(n))
`

class Failure extends Error {}

async function main() {
  const options = { tarball: { type: 'string' }, runtime: { type: 'boolean' } }
  const { values, positionals: majors } = parseArgs({ options, allowPositionals: true })
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'ringcall-package-'))
  try {
    const tarball = path.resolve(values.tarball ?? pack(folder))
    const project = install(folder, tarball)
    checkContents(project, tarball)
    const nodes = majors.length === 0 ? [process.execPath] : majors.map(nodeOf)
    for (const node of nodes) await checkRuntime(node, project)
    if (!values.runtime) {
      checkTypes(project)
      checkShape(tarball)
      checkRunners({ folder, tarball, succeed, must })
      checkBuild(project)
    }
    console.log('ringcall: the package is fine')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(`ringcall: ${error.message}`)
    process.exitCode = 1
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function pack(folder) {
  // The existing build is packed; `prepack` would build it again.
  const { stdout } = succeed('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder])
  return path.join(folder, JSON.parse(stdout)[0].filename)
}

// As a careful user installs it: without scripts. There is nothing to download either.
function install(folder, tarball) {
  const project = path.join(folder, 'project')
  fs.mkdirSync(project)
  write(project, 'package.json', '{ "private": true }')
  const cache = path.join(folder, 'cache')
  const args = ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', '--cache', cache, tarball]
  succeed('npm', args, { cwd: project })
  return project
}

function checkContents(project, tarball) {
  const folder = path.join(project, 'node_modules', 'ringcall')
  const sizes = new Map()
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath ?? entry.path, entry.name)
    sizes.set(path.relative(folder, file), fs.statSync(file).size)
  }
  const { dependencies = {}, scripts = {} } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const names = [...sizes.keys()]
  const binaries = BINARIES.map(({ name }) => name)
  const missing = NEEDED.filter((name) => !sizes.has(name))
  const strays = names.filter((name) => !binaries.includes(name) && !BELONGS.some((pattern) => pattern.test(name)))
  const others = binaries.filter((name) => name !== BINARY)
  const sum = (chosen) => chosen.reduce((bytes, name) => bytes + (sizes.get(name) ?? 0), 0)
  const [unpacked, own] = [sum(names), sum(names) - sum(others)]
  const packed = fs.statSync(tarball).size
  const there = binaries.filter((name) => sizes.has(name)).length
  console.log(`${names.length} files, ${unpacked} bytes with ${there} of 4 binaries; the tarball has ${packed}`)
  must(missing.length === 0, `the package lacks ${missing.join(', ')}`)
  must(strays.length === 0, `the package has files that do not belong there: ${strays.join(', ')}`)
  must(own < UNPACKED_BYTES_MAX, `one platform's part has ${own} bytes, more than ${UNPACKED_BYTES_MAX}`)
  must(packed < TARBALL_BYTES_MAX, `the tarball has ${packed} bytes, more than ${TARBALL_BYTES_MAX}`)
  must(Object.keys(dependencies).length === 0, 'the package has dependencies')
  const blocked = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => name in scripts)
  must(blocked.length === 0, `npm blocks scripts of packages, and this one has ${blocked.join(', ')}`)
  const installed = fs.readdirSync(path.join(project, 'node_modules')).filter((name) => !/^(\.|ringcall$)/.test(name))
  must(installed.length === 0, `with the package came ${installed.join(', ')}`)
}

function nodeOf(major) {
  const node = installNode(major)
  must(node !== undefined, `Node.js ${major} cannot be installed`)
  return node
}

async function checkRuntime(node, project) {
  console.log(`\n== Node.js ${succeed(node, ['--version']).stdout.trim()}`)
  const env = withNode(node)
  for (const [file, load] of Object.entries(USES)) {
    write(project, file, `${load}${SERVE}`)
    const { stdout } = succeed(node, [file], { cwd: project, env })
    must(stdout === '610\n', `${file} printed ${JSON.stringify(stdout)}`)
    console.log(`${file}: serves`)
  }
  const { stdout } = succeed(path.join(project, 'node_modules', '.bin', 'ringcall'), ['doctor'], { cwd: project, env })
  console.log(stdout.trim().split('\n')[0])
  checkReadme(node, project)
  await checkMistakes(node, project)
}

// The first example of the README, unchanged but for the port, and the README's curl. The server binds port 0 and tells
// its port on stderr.
function checkReadme(node, project) {
  const readme = fs.readFileSync(path.join(project, 'node_modules', 'ringcall', 'README.md'), 'utf8')
  const [, example] = /```js\n([^]*?)```/.exec(readme)
  must(example.includes('(8000, '), 'the first example of the README listens on port 8000')
  write(project, 'readme.cjs', example.replace('8000', '0'))
  // The log of an earlier run would tell another port.
  write(project, 'readme.log', '')
  const script = `NODE_DEBUG=ringcall "$1" readme.cjs 2>readme.log & server=$!
    trap 'kill $server' EXIT
    until port=$(sed -n 's/.*:\\([0-9]*\\): listening$/\\1/p' readme.log) && test -n "$port"; do
      kill -0 $server || { cat readme.log >&2; exit 1; }
      sleep 0.1
    done
    curl --silent --show-error -X POST "http://localhost:$port/15"`
  const { stdout } = succeed('sh', ['-c', script, 'sh', node], { cwd: project })
  must(stdout.trim() === '610', `the first example of the README answered ${JSON.stringify(stdout)}`)
  console.log('the first example of the README: POST /15 answers 610')
}

async function checkMistakes(node, project) {
  const taken = net.createServer().listen(0)
  const env = { ...withNode(node), TAKEN: String(taken.address().port) }
  const binary = path.join(project, 'node_modules', 'ringcall', BINARY)
  for (const [what, program, expected, condition] of MISTAKES) {
    write(project, 'mistake.cjs', `${SOURCE}${program}\n`)
    const [command, args] = condition === 'refused' ? refusing(node) : [node, []]
    if (condition === 'no binary') fs.renameSync(binary, `${binary}.away`)
    const { stdout, stderr } = run(command, [...args, 'mistake.cjs'], { cwd: project, env })
    if (condition === 'no binary') fs.renameSync(`${binary}.away`, binary)
    const said = `${stdout}${stderr}`
    const unsaid = expected.filter((pattern) => !pattern.test(said))
    must(unsaid.length === 0, `where ${what}, the output lacks ${unsaid.join(', ')}; it is:\n${said}`)
  }
  taken.close()
  console.log(`${MISTAKES.length} mistakes: each message says what to do`)
}

// The command that runs another one without io_uring.
function refusing(node) {
  const { withoutIoUring } = require('../__test__/without-io-uring.js')
  return ['python3', ['-c', withoutIoUring, '1', node]]
}

function checkTypes(project) {
  console.log('\n== TypeScript')
  const tsc = require.resolve('typescript/bin/tsc')
  const typeRoots = path.join(ROOT, 'node_modules', '@types')
  const common = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node', '--typeRoots', typeRoots]
  const cases = [
    ['node16', ['--module', 'node16'], ['typed.cts', 'typed.mts']],
    ['nodenext', ['--module', 'nodenext'], ['typed.cts', 'typed.mts']],
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler'], ['typed.ts', 'typed.cts', 'typed.mts']]
  ]
  for (const file of ['typed.ts', 'typed.cts', 'typed.mts']) write(project, file, TYPED)
  for (const [what, args, files] of cases) {
    succeed(process.execPath, [tsc, ...common, ...args, ...files], { cwd: project })
    console.log(`${what}: ${files.join(', ')} compile`)
  }
}

function checkShape(tarball) {
  console.log('\n== publint, attw')
  const tool = (name) => path.join(ROOT, 'node_modules', '.bin', name)
  console.log(succeed(tool('publint'), ['run', '--strict', tarball]).stdout.trim())
  console.log(succeed(tool('attw'), ['--no-color', '--no-emoji', '--no-definitely-typed', tarball]).stdout.trim())
}

// If no binary fits, `ringcall build` makes one from the package's sources.
function checkBuild(project) {
  console.log('\n== ringcall build')
  const binary = path.join(project, 'node_modules', 'ringcall', BINARY)
  fs.rmSync(binary)
  // With cargo's builds from here, the dependencies need not be built again.
  const env = { ...process.env, CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target') }
  const ringcall = path.join(project, 'node_modules', '.bin', 'ringcall')
  succeed(ringcall, ['build'], { cwd: project, env, timeout: BUILD_MS_MAX })
  must(succeed(process.execPath, ['use.cjs'], { cwd: project }).stdout === '610\n', 'the built binary does not serve')
  console.log(`${BINARY}: built from the package, and serves`)
}

function write(project, file, text) {
  fs.writeFileSync(path.join(project, file), text)
}

function run(command, args, options) {
  const bounds = { timeout: RUN_MS_MAX, killSignal: 'SIGKILL' }
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...bounds, ...options })
  if (result.error !== undefined) throw new Failure(`${command} ${args.join(' ')}: ${result.error.message}`)
  return result
}

function succeed(command, args, options) {
  const result = run(command, args, options)
  const { status, stdout, stderr } = result
  must(status === 0, `${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  return result
}

function must(condition, sentence) {
  if (!condition) throw new Failure(sentence)
}

main()
