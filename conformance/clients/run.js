'use strict'

// npm run test:clients [-- --examples N]
//
// Serves functions of every type, and has other tools check their description: schemathesis draws requests that fit it
// and requests that do not, N examples for each function; and clients in TypeScript and Python are generated from it,
// compiled, and call each function. It needs Python 3.10 or newer with schemathesis and openapi-python-client:
// RINGCALL_TEST_PYTHON is an interpreter that has them.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const { existsSync, mkdirSync, rmSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const { parseArgs } = require('node:util')
const { makeDocumented, runDocumented } = require('./documented.js')

const ROOT = path.join(__dirname, '..', '..')
const MADE = path.join(__dirname, 'made')
const PYTHON = process.env.RINGCALL_TEST_PYTHON ?? 'python3'

const SERVERS = [
  ['--engine', 'io_uring'], ['--engine', 'io_uring', '--workers', '2'], ['--engine', 'node'],
  ['--engine', 'node', '--workers', '2']
]
const TYPESCRIPT = ['--strict', '--target', 'es2022', '--module', 'node16', '--outDir', path.join(MADE, 'out')]
const INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts']
const START_MS = 30_000

async function main() {
  const { values: { examples } } = parseArgs({ options: { examples: { type: 'string', default: '200' } } })
  if (!existsSync(path.join(__dirname, 'node_modules'))) run('npm', INSTALL)
  rmSync(MADE, { recursive: true, force: true })
  mkdirSync(MADE)
  const description = await withServer(SERVERS[0], describe)
  make(description)
  await withServer(SERVERS[0], callDocumented, makeDocumented(path.join(MADE, 'documented')))
  for (const options of SERVERS) {
    console.log(`\n== ringcall serve ${options.join(' ')}`)
    await withServer(options, (url) => {
      for (const name of ['openapi-fetch', 'hey-api']) {
        run(process.execPath, [path.join(MADE, 'out', `${name}.mjs`), url], name)
      }
      run(PYTHON, ['python_client.py', url, path.join(MADE, 'python')], 'openapi-python-client')
      judge(url, examples)
    })
  }
}

// Starts a server of a module with these options, and ends it when `act(url)` is done.
async function withServer(options, act, module = path.join(__dirname, 'functions.js')) {
  const command = path.join(ROOT, 'bin', 'ringcall.js')
  const args = [command, 'serve', module, '--port', '0', '--host', '127.0.0.1', ...options]
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(server, 'exit')
  const ended = exited.then(() => Promise.reject(new Error('the server has ended')))
  try {
    const told = once(readline.createInterface(server.stdout), 'line', { signal: AbortSignal.timeout(START_MS) })
    const [line] = await Promise.race([told, ended])
    return await Promise.race([act(/http:\S+/.exec(line)[0]), ended])
  } finally {
    ended.catch(() => {})
    server.kill()
    await exited
  }
}

async function describe(url) {
  const response = await fetch(`${url}/openapi.json`)
  const description = path.join(MADE, 'openapi.json')
  writeFileSync(description, await response.text())
  return description
}

// Generates the clients, and compiles those in TypeScript.
function make(description) {
  writeFileSync(path.join(MADE, 'package.json'), '{ "type": "module" }')
  run('npx', ['openapi-typescript', description, '--output', path.join(MADE, 'openapi-typescript.d.ts')])
  const config = path.join(MADE, 'hey-api.config.mjs')
  writeFileSync(config, `export default ${JSON.stringify({
    input: description,
    output: { path: path.join(MADE, 'hey-api'), importFileExtension: '.js' },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk']
  })}`)
  run('npx', ['openapi-ts', '--file', config])
  const python = ['-m', 'openapi_python_client', 'generate', '--meta', 'none', '--path', description]
  run(PYTHON, [...python, '--output-path', path.join(MADE, 'python', 'functions_client')])
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  run(process.execPath, [tsc, ...TYPESCRIPT, 'openapi-fetch.mts', 'hey-api.mts'])
}

// The calls of docs/describing.md.
function callDocumented(url) {
  const calls = runDocumented(url, path.join(MADE, 'documented'), { run: printedBy, python: PYTHON })
  console.log(`docs/describing.md: ${calls} clients print what it says`)
}

function judge(url, examples) {
  const phases = ['--phases', 'examples,coverage,fuzzing']
  const drawn = ['--max-examples', examples, '--no-color', '--suppress-health-check', 'all']
  const seed = process.env.RINGCALL_TEST_SEED
  const args = ['run', `${url}/openapi.json`, ...phases, ...drawn, ...(seed === undefined ? [] : ['--seed', seed])]
  run(PYTHON, ['-m', 'schemathesis.cli', ...args], 'schemathesis')
}

// Prints the program's conclusion after `name`.
function run(command, args, name) {
  const printed = printedBy(command, args)
  if (name !== undefined) console.log(`${name}: ${conclusionOf(printed)}`)
}

// Returns the program's output; throws if it fails, with all that it has printed.
function printedBy(command, args, cwd = __dirname) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} has failed:\n${stdout}\n${stderr}`)
  return stdout
}

// The last line and, for schemathesis, the number of cases.
function conclusionOf(output) {
  const lines = output.trim().split('\n').map((line) => line.replaceAll('=', '').trim())
  return lines.filter((line, i) => / generated, /.test(line) || i === lines.length - 1).join('; ')
}

main()
