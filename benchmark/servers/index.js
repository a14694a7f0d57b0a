'use strict'

// The servers that can be measured: what runs each, and whether it is here. Every one of them runs a script of this
// folder (see announce.js) that answers `POST /N` with the same fibonacci.

const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const path = require('node:path')

const script = (name) => path.join(__dirname, name)
const node = (name) => () => [process.execPath, script(name)]

// `command` gives what to spawn, or throws when the server is not here. `module` names the package whose version it is,
// Node.js itself where there is none. `peer`: comes with benchmark/package.json.
const SERVERS = {
  ringcall: { title: 'ringcall', module: '../..', command: node('ringcall.js') },
  promise: { title: 'ringcall, async', module: '../..', command: node('ringcall-promise.js') },
  bigint: { title: 'ringcall, bigint', module: '../..', command: node('ringcall-bigint.js') },
  rings: { title: 'ringcall, 2 rings', module: '../..', command: node('ringcall-rings.js') },
  // The limit, and no peer: see native.rs.
  native: { title: 'native (limit)', module: '../..', command: nativeCommand },
  'node-http': { title: 'node:http', command: node('node-http.js') },
  fastify: { title: 'fastify', module: 'fastify', peer: true, command: needs('fastify', node('fastify.js')) },
  deno: {
    title: 'Deno.serve',
    module: 'deno',
    peer: true,
    command: () => {
      const deno = platformBinary(`@deno/linux-${process.arch}-glibc`, 'deno')
      return [deno, 'run', '--allow-all', script('deno.mjs')]
    }
  },
  bun: {
    title: 'Bun.serve',
    module: 'bun',
    peer: true,
    command: () => {
      const arch = process.arch === 'arm64' ? 'aarch64' : process.arch
      return [platformBinary(`@oven/bun-linux-${arch}`, 'bin/bun'), script('bun.js')]
    }
  },
  uws: {
    title: 'uWebSockets.js',
    module: 'uWebSockets.js',
    hint: 'not on npm; its README at github.com/uNetworking/uWebSockets.js says how to install it',
    command: needs('uWebSockets.js', node('uws.js'))
  }
}

// Built when it is first asked for.
let nativeBinary
function nativeCommand() {
  nativeBinary ??= buildExample('native')
  return [nativeBinary]
}

function buildExample(name) {
  const args = ['build', '--release', '--locked', '--example', name, '--message-format=json-render-diagnostics']
  const { stdout, status } = spawnSync('cargo', args, {
    cwd: path.join(__dirname, '..', '..'), encoding: 'utf8', maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit']
  })
  if (status !== 0) throw new Error(`cargo could not build the example ${name}`)
  const messages = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
  return messages.find(({ target, executable }) => target?.name === name && executable).executable
}

// The ringcall of another checkout, to compare two states of the code in one run.
function addCheckout(directory) {
  const root = path.resolve(directory)
  const name = path.basename(root)
  if (Object.hasOwn(SERVERS, name)) throw new Error(`--against: ${name} is a server already`)
  const command = [process.execPath, path.join(root, 'benchmark', 'servers', 'ringcall.js')]
  SERVERS[name] = { title: `ringcall in ${name}`, module: root, command: () => command }
  return name
}

function needs(module, command) {
  return () => {
    require.resolve(module)
    return command()
  }
}

// The runtimes come as one package for each platform, which the package of the bare name depends on.
function platformBinary(module, file) {
  return path.join(path.dirname(require.resolve(`${module}/package.json`)), file)
}

function available(name) {
  try {
    return existsSync(SERVERS[name].command()[0])
  } catch {
    return false
  }
}

function version(name) {
  const { module } = SERVERS[name]
  return module ? require(`${module}/package.json`).version : process.versions.node
}

module.exports = { SERVERS, addCheckout, available, version }
