'use strict'

// Several processes on one port, each with the functions in its main thread.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const readline = require('node:readline')
const announce = require('../announce')

const [file, count] = process.argv.slice(2)

// It ends with this process, because its standard input does.
async function start(port) {
  const command = [path.join(__dirname, 'ringcall.js'), file, '0', String(port)]
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.once('close', () => process.exit(1))
  const [line] = await once(readline.createInterface({ input: child.stdout }), 'line')
  return Number(line.split(' ')[1])
}

async function main() {
  const port = await start(0)
  for (let n = 1; n < Number(count); n++) await start(port)
  announce(port)
}

main()
