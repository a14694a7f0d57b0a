'use strict'

// The clients of docs/describing.md: its first server, its commands and its calls, unchanged but for the address and
// the folder. A call must print the text of the comment behind it.

const { mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const PAGE = path.join(__dirname, '..', '..', 'docs', 'describing.md')
const TSC = path.join(__dirname, '..', '..', 'node_modules', 'typescript', 'bin', 'tsc')
const ADDRESS = 'http://localhost:8000'
const TYPESCRIPT = ['--strict', '--target', 'es2022', '--module', 'node16']

// { language, code } of each block from that section on, or of the whole page.
function blocksOf(section = '') {
  const text = readFileSync(PAGE, 'utf8')
  const from = text.slice(text.indexOf(section))
  return [...from.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({ language, code }))
}

// The module that is served: its exports are what the page's first block passes to serverListen.
function makeDocumented(folder) {
  const [{ code }] = blocksOf()
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'orders.cjs')
  const served = code
    .replace("require('ringcall')", `require(${JSON.stringify(path.join(__dirname, '..', '..'))})`)
    .replace(/^serverListen\(8000, /m, 'module.exports = (')
  writeFileSync(file, served)
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  return file
}

// Makes the clients and calls with them; returns how many calls there are. `run(command, args, folder)` throws if a
// program fails, and returns its output.
function runDocumented(url, folder, { run, python }) {
  let calls = 0
  for (const { language, code } of blocksOf('## Clients in other languages')) {
    const here = code.replaceAll(ADDRESS, url)
    if (language === 'sh') {
      for (const command of here.trim().split('\n')) make(command, folder, { run, python })
      continue
    }
    const printed = callOf(language, here, `call-${++calls}`, folder, { run, python }).trim()
    const told = [...code.matchAll(/^(?:console\.log|print)\(.*\) +(?:\/\/|#) (.*)$/gm)].map(([, text]) => text).join('\n')
    if (printed !== told) throw new Error(`docs/describing.md: this prints\n${printed}\ninstead of\n${told}\n\n${code}`)
  }
  return calls
}

function make(command, folder, { run, python }) {
  // Everything that they install is here already.
  if (/^(npm|pip) install /.test(command)) return
  const [program, ...args] = command.replace(/^openapi-python-client/, `${python} -m openapi_python_client`).split(' ')
  run(program, args, folder)
}

// The program's output.
function callOf(language, code, name, folder, { run, python }) {
  writeFileSync(path.join(folder, `${name}.${language === 'ts' ? 'ts' : 'py'}`), code)
  if (language === 'python') return run(python, [`${name}.py`], folder)
  run(process.execPath, [TSC, ...TYPESCRIPT, `${name}.ts`], folder)
  return run(process.execPath, [`${name}.js`], folder)
}

module.exports = { makeDocumented, runDocumented }
