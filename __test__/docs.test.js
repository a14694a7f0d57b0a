'use strict'

// The documentation is true: its JavaScript runs, its commands answer what they say, its links lead somewhere.

const { execFile, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const { createRequire } = require('node:module')
const path = require('node:path')
const { formatWithOptions, promisify } = require('node:util')
const test = require('ava')
const { fibonacci, has, root, serverListen, start } = require('./helpers.js')

const requireHere = createRequire(path.join(root, 'index.js'))
const AsyncFunction = (async () => {}).constructor

// Values for the names that a fragment takes from the prose around it; functions.js is a module in that folder.
const MEANT = { handler: () => 1, http, n: 15, __dirname: path.join(__dirname, 'modules') }

// Commands that .ci/run or the tests of the examples run as they stand.
const RUN_ELSEWHERE = ['npm install && npm start', 'npm install && npm test']

// Blocks of these languages are clients, which `npm run test:clients` makes and runs.
const CLIENTS = ['ts', 'python']
const WITH_CLIENTS = 'docs/describing.md'

const SKIPPED = new Set(['node_modules', 'target', '.git'])
const files = find(root, '.md').map((file) => path.relative(root, file))

function find(folder, ending) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : find(file, ending)
    return entry.name.endsWith(ending) ? [file] : []
  })
}

function blocksOf(file) {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms)].map(({ index, 1: indent, 2: language, 3: code }, i) => ({
    language,
    name: `${file}, block ${i + 1}`,
    section: text.slice(0, index).match(/^## /gm)?.length ?? 0,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
  }))
}

// A block that begins with a file's name is that file, which other tests run.
function fileOf(code) {
  return /^\/\/ (\S+\.m?js)\n/.exec(code)?.[1]
}

// Runs JavaScript as it stands, but for fixed ports, and returns the servers that it started. It must print what the
// comments behind `console.log()` say.
async function run(t, code) {
  const started = []
  const printed = []
  const print = (...values) => printed.push(formatWithOptions({ breakLength: Infinity }, ...values))
  const listen = (where, handler) => {
    const options = typeof where === 'number' ? { port: where } : where
    const server = serverListen({ ...options, port: 0, host: '127.0.0.1' }, handler)
    t.teardown(() => server.close())
    started.push(server)
    return server
  }
  const require = (name) => (name === 'ringcall' ? { ...requireHere(name), serverListen: listen } : requireHere(name))
  const scope = { require, serverListen: listen, ...MEANT, console: { ...console, log: print } }
  if (!/\bconst server\b/.test(code)) scope.server = listen(0, fibonacci)
  for (const name of Object.keys(scope)) {
    if (new RegExp(`const \\{?[^=]*\\b${name}\\b[^=]*=`).test(code)) delete scope[name]
  }
  const listenHttp = http.Server.prototype.listen
  http.Server.prototype.listen = function () {
    t.teardown(() => this.close())
    return listenHttp.call(this, 0, '127.0.0.1')
  }
  try {
    const only = /^if \(.*throw /.test(code) ? `try { ${code} } catch (error) { if (!error.statusCode) throw error }` : code
    await new AsyncFunction(...Object.keys(scope), only)(...Object.values(scope))
  } finally {
    http.Server.prototype.listen = listenHttp
  }
  const told = [...code.matchAll(/^ *console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
  if (told.length > 0) t.deepEqual(printed, told)
  return started
}

// The server that the prose there is about: that of the last earlier block in the same section that starts one.
async function serverBefore(t, blocks, index) {
  const startsOne = ({ section, code }) => (
    section === blocks[index].section && /serverListen\((8000,|{[^}]*\bport: 8000\b)/.test(code)
  )
  const before = blocks.slice(0, index).findLast(startsOne)
  if (before !== undefined) return (await run(t, before.code)).at(-1)
  const server = serverListen({ port: 0, host: '127.0.0.1' }, fibonacci)
  t.teardown(() => server.close())
  return server
}

// Each `$ command` with the lines that it prints.
function commandsOf(code) {
  return code.split(/^\$ /m).slice(1).map((text) => {
    const [command, ...output] = text.trimEnd().split('\n')
    return { command, output: output.join('\n') }
  })
}

for (const file of files) {
  const blocks = blocksOf(file)
  for (const [i, { language, name, code }] of blocks.entries()) {
    if (language === 'js' && fileOf(code) !== undefined) {
      test(`${name} is the file that it names`, (t) => {
        t.is(code, fs.readFileSync(path.join(root, fileOf(code)), 'utf8'))
      })
    } else if (language === 'js') {
      test.serial(`${name} runs`, async (t) => {
        for (const server of await run(t, code)) {
          if (!server.listening) continue
          const response = await fetch(`${server.url}/15`, { method: 'POST' })
          if (code.includes('function fibonacci')) t.is(await response.text(), '610')
        }
        t.pass()
      })
    } else if (language === 'console') {
      test.serial(`${name} prints what it says`, async (t) => {
        const server = await serverBefore(t, blocks, i)
        for (const { command, output } of commandsOf(code)) {
          if (RUN_ELSEWHERE.includes(command)) continue
          t.regex(command, /^curl( [^;&|]*)? http:\/\/localhost:8000\/\S*$/, 'nothing runs that command')
          if (!has(t, 'curl')) continue
          const here = command.replace('http://localhost:8000', server.url).replace('curl', 'curl -s')
          t.is((await promisify(execFile)('sh', ['-c', here])).stdout.trimEnd(), output)
        }
        t.pass()
      })
    } else if (language === 'sh') {
      test(`${name} is valid shell, and names scripts that exist`, (t) => {
        t.is(spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' }).stderr, '')
        const { scripts } = requireHere('./package.json')
        for (const [, script] of code.matchAll(/npm run ([\w:-]+)/g)) t.true(script in scripts, script)
        for (const [, script] of code.matchAll(/^node ([\w/.-]+\.js)/gm)) t.true(fs.existsSync(path.join(root, script)), script)
        t.pass()
      })
    } else if (language === 'dockerfile') {
      test(`${name} has an image that ours has, and this package's tarball and command`, (t) => {
        const { version, bin } = requireHere('./package.json')
        t.true(fs.readFileSync(path.join(root, 'Dockerfile'), 'utf8').includes(/^FROM \S+/.exec(code)[0]))
        t.true(code.includes(`ringcall-${version}.tgz`) && code.includes(`node_modules/ringcall/${bin.ringcall}"`))
      })
    } else if (CLIENTS.includes(language)) {
      test(`${name} is in the page whose clients are run`, (t) => t.is(file, WITH_CLIENTS))
    } else if (language !== '') {
      test(`${name}: no test runs ${language}`, (t) => t.fail())
    }
  }

  test(`${file}: its links lead somewhere`, (t) => {
    const text = fs.readFileSync(path.join(root, file), 'utf8')
    for (const [, link] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [where, anchor] = link.split('#')
      const target = path.join(root, path.dirname(file), where === '' ? path.basename(file) : where)
      t.true(fs.existsSync(target), link)
      if (anchor !== undefined) t.true(anchorsOf(target).includes(anchor), link)
    }
    t.pass()
  })
}

// In a process of its own, because one that computes without end answers no one.
test('the first example of the README refuses an N that would keep it busy', async (t) => {
  const { code } = blocksOf('README.md').find(({ language }) => language === 'js')
  const here = `{ serverListen: (port, handler) =>
    console.log(require(${JSON.stringify(root)}).serverListen({ port: 0, host: '127.0.0.1' }, handler).port) }`
  const child = start(t, ['-e', code.replace("require('ringcall')", here)])
  const url = `http://127.0.0.1:${await child.line()}`
  for (const [n, status] of [[15, 200], [Number.MAX_SAFE_INTEGER, 400]]) {
    const response = await fetch(`${url}/${n}`, { method: 'POST', signal: AbortSignal.timeout(20_000) })
    t.is(response.status, status)
  }
})

test('the files that promise exactness say how a client keeps it', (t) => {
  for (const file of ['README.md', 'docs/api.md', 'index.d.ts']) {
    const text = fs.readFileSync(path.join(root, file), 'utf8')
    t.true(text.includes('`BigInt(await response.text())`'), file)
  }
})

// cargo and ava say that all is well where they have found nothing to run.
test('the tests that CONTRIBUTING.md names exist, and so do the scripts', (t) => {
  const { code } = blocksOf('CONTRIBUTING.md').find(({ language }) => language === 'sh')
  const rust = find(`${root}/tests`, '.rs').map((file) => fs.readFileSync(file, 'utf8')).join('\n')
  for (const [, name] of code.matchAll(/^cargo test (\w+)/gm)) t.regex(rust, new RegExp(`^ *fn \\w*${name}\\w*\\(\\) `, 'm'))
  for (const [, name] of code.matchAll(/cargo test --test (\w+)/g)) t.true(fs.existsSync(`${root}/tests/${name}`), name)
  for (const [, file, part] of code.matchAll(/npx ava (\S+) --match='\*(\w+)\*'/g)) {
    t.regex(fs.readFileSync(path.join(root, file), 'utf8'), new RegExp(`^test\\(.*${part}`, 'm'))
  }
  const { scripts } = requireHere('./package.json')
  for (const [, name] of code.matchAll(/^npm run (\S+)/gm)) t.true(name in scripts, name)
})

function anchorsOf(file) {
  const headings = fs.readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)
  return [...headings].map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}
