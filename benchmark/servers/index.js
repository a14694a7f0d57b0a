'use strict'

// The servers that can be measured: the command of each, and whether it is here. There are two services: `number`
// answers `POST /N` with the same fibonacci, `functions` has those of ../functions.js by name. A server has a script in
// this folder for each of its services (see announce.js).

const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const path = require('node:path')
const { example } = require('../examples')

const ROOT = path.join(__dirname, '..', '..')

const script = (name) => path.join(__dirname, name)
const node = (name) => () => [process.execPath, script(name)]
const bun = (name) => () => {
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch
  return [platformBinary(`@oven/bun-linux-${arch}`, 'bin/bun'), script(name)]
}
const deno = (name) => () => {
  return [platformBinary(`@deno/linux-${process.arch}-glibc`, 'deno'), 'run', '--allow-all', script(name)]
}

// `number` and `functions` return the command to spawn, or throw if the server is not here. `module` is the package
// that has the server's version; without one, it is Node.js itself. `peer`: it comes with benchmark/package.json.
// `absence` is why another one is not here.
const SERVERS = {
  ringcall: { title: 'ringcall', module: '../..', number: node('ringcall.js'), functions: ringcallFunctions(ROOT) },
  // Its ring on the JavaScript thread.
  here: {
    title: 'ringcall, ringThreads: 0',
    module: '../..',
    number: whereTaken({ ringThreads: 0 }, 'ringcall-here.js'),
    functions: whereTaken({ ringThreads: 0 }, 'functions/ringcall-here.js'),
    absence: 'is refused by this checkout, which has no such option'
  },
  promise: { title: 'ringcall, async', module: '../..', number: node('ringcall-promise.js') },
  bigint: { title: 'ringcall, bigint', module: '../..', number: node('ringcall-bigint.js') },
  rings: { title: 'ringcall, 2 rings', module: '../..', number: node('ringcall-rings.js') },
  // Not a peer, but the ring thread without JavaScript: see native.rs.
  native: {
    title: 'native', module: '../..', number: () => [example('native')], absence: 'could not be built by cargo'
  },
  'node-http': { title: 'node:http', number: node('node-http.js'), functions: node('functions/node-http.js') },
  fastify: peer('fastify', 'fastify', { number: node('fastify.js'), functions: node('functions/fastify.js') }),
  deno: peer('Deno.serve', 'deno', { number: deno('deno.mjs'), functions: deno('functions/deno.mjs') }),
  bun: peer('Bun.serve', 'bun', { number: bun('bun.js'), functions: bun('functions/bun.js') }),
  elysia: peer('Elysia', 'elysia', { number: bun('elysia.js'), functions: bun('functions/elysia.js') }),
  uws: peer('uWebSockets.js', 'uWebSockets.js', { number: node('uws.js'), functions: node('functions/uws.js') })
}

const SERVICES = { number: 'function of one number', functions: 'functions by name' }

function peer(title, module, services) {
  const needing = Object.entries(services).map(([service, command]) => [service, () => {
    require.resolve(`${module}/package.json`)
    return command()
  }])
  return { title, module, peer: true, ...Object.fromEntries(needing) }
}

// A checkout that does not know the options has no such server to measure.
function whereTaken(options, name) {
  return () => {
    if (!takes(options)) throw new Error('these options are refused')
    return [process.execPath, script(name)]
  }
}

const taken = new Map()

function takes(options) {
  const key = JSON.stringify({ engine: 'io_uring', port: 0, host: '127.0.0.1', ...options })
  if (!taken.has(key)) {
    const program = `require('.').serverListen(${key}, (n) => n).close()`
    const { status } = spawnSync(process.execPath, ['-e', program], { cwd: ROOT, stdio: 'ignore' })
    taken.set(key, status === 0)
  }
  return taken.get(key)
}

// A checkout from before functions had names has no such server to measure.
function ringcallFunctions(root) {
  return () => {
    if (!existsSync(path.join(root, 'lib', 'functions.js'))) throw new Error('no functions by name')
    return [process.execPath, path.join(root, 'benchmark', 'servers', 'functions', 'ringcall.js')]
  }
}

// The ringcall of another checkout, to compare two versions of the code in one run.
function addCheckout(directory) {
  const root = path.resolve(directory)
  const name = path.basename(root)
  if (Object.hasOwn(SERVERS, name)) throw new Error(`--against: ${name} is a server already`)
  const number = () => [process.execPath, path.join(root, 'benchmark', 'servers', 'ringcall.js')]
  SERVERS[name] = { title: `ringcall in ${name}`, module: root, number, functions: ringcallFunctions(root) }
  return name
}

// Each runtime has a package for each platform, on which the package of the bare name depends.
function platformBinary(module, file) {
  return path.join(path.dirname(require.resolve(`${module}/package.json`)), file)
}

function available(name, service) {
  try {
    return existsSync(SERVERS[name][service]()[0])
  } catch {
    return false
  }
}

function version(name) {
  const { module } = SERVERS[name]
  return module ? require(`${module}/package.json`).version : process.versions.node
}

module.exports = { SERVERS, SERVICES, addCheckout, available, version }
