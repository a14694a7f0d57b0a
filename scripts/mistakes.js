'use strict'

// The mistakes of a user's first five minutes, and what each message has to say so that the user can go on without a
// search. A program has `serverListen`, and `taken`, a port that is in use; `ask(server)` sends `POST /15`, prints the
// answer and closes.

const SOURCE = `
const { serverListen } = require('ringcall')
const taken = Number(process.env.TAKEN)
async function ask(server, path = '/15', method = 'POST') {
  const response = await fetch(server.url + path, { method })
  console.log(response.status, await response.text())
  await server.close()
}
`

// The mistake, the program, what it has to print, and a condition: io_uring refused, or no binary.
const MISTAKES = [
  ['the port is in use', 'serverListen(taken, (n) => n)', [/EADDRINUSE/, /choose another port/, /reusePort/]],
  ['the server before it is not closed', `
    const { port } = serverListen({ port: 0, host: '127.0.0.1' }, (n) => n).unref()
    serverListen({ port, host: '127.0.0.1' }, (n) => n)`, [/EADDRINUSE/, /await its close\(\)/]],
  ['the port is 70000', 'serverListen(70000, (n) => n)', [/options\.port/, />= 0 and <= 65535/, /70000/]],
  ['the port is text', "serverListen('8000', (n) => n)", [/type number/, /"8000"/, /Number\(\)/]],
  ['the port in the options is text', "serverListen({ port: '8000' }, (n) => n)", [/options\.port/, /Number\(\)/]],
  ['an option has its name from elsewhere', "serverListen({ hostname: '127.0.0.1' }, (n) => n)",
    [/has no option 'hostname'/, /Did you mean 'host'\?/]],
  ['a callback is passed, as to listen()', 'serverListen(0, (n) => n, () => {})', [/there is no callback/]],
  ['a callback follows a module', "serverListen({ port: 0, workers: 2 }, './functions.js', () => {})",
    [/takes two arguments/, /there is no callback/]],
  ['the arguments are swapped', 'serverListen((n) => n, 8000)',
    [/type number or an object/, /handler is the second argument/]],
  ['the handler is forgotten', 'serverListen(0)', [/"handler"/, /a function, such as \(n\) => n \+ 1/, /undefined/]],
  ['the handler is called, not passed', `
    const next = (n) => n + 1
    serverListen(0, next(1))`, [/"handler"/, /number \(2\)/]],
  ['workers are to run functions, not a module', 'serverListen({ port: 0, workers: 4 }, { sum: (a, b) => a + b })',
    [/'workers' is for a module/, /new URL\('\.\/functions\.js', import\.meta\.url\)/]],
  ['there is no such module', "serverListen({ port: 0, workers: 2 }, './none.js')",
    [/There is no file .*none\.js/, /relative to the working directory/, /import\.meta/, /path\.join\(__dirname, /]],
  ['the module is a name', "serverListen(0, 'functions.js')", [/absolute, or begin with \.\//, /"\.\/functions\.js"/]],
  ['the handler returns text', 'ask(serverListen(0, (n) => String(n)))',
    [/^500/, /returned a string/, /Number\(\) or BigInt\(\)/]],
  ['the handler returns nothing', 'ask(serverListen(0, (n) => { n + 1 }))',
    [/^500/, /Is a `return` missing\?/]],
  ['the handler returns a fraction', 'ask(serverListen(0, (n) => n / 2))', [/^500/, /7\.5\. Round it/]],
  ['the handler loses precision', 'ask(serverListen(0, (n) => n ** 15))', [/^500/, /only a bigint is exact/]],
  ['the handler does not await', `
    const twice = async (n) => n * 2
    ask(serverListen(0, (n) => twice(n) + 1))`, [/^500/, /returned a string/]],
  ['the handler adds to a promise', `
    const twice = async (n) => n * 2
    ask(serverListen(0, (n) => twice(n) * 2))`, [/^500/, /NaN\. .*`await`/]],
  ['the handler throws', "ask(serverListen(0, () => { throw new Error('no such row') }))",
    [/^500/, /no such row/, /onError/]],
  ['the request is a GET', "ask(serverListen(0, (n) => n), '/15', 'GET')", [/^405/, /POST/]],
  ['the path is not an integer', "ask(serverListen(0, (n) => n), '/fifteen')", [/^400/, /such as \/15/]],
  ['the integer needs bigint', "ask(serverListen(0, (n) => n), '/9007199254740993')", [/^400/, /bigint: true/]],
  ['io_uring is refused, and wanted', "serverListen({ port: 0, engine: 'io_uring' }, (n) => n)",
    [/ERR_IO_URING_UNAVAILABLE/, /allow io_uring_setup, io_uring_enter and io_uring_register/], 'refused'],
  ['io_uring is refused', 'ask(serverListen(0, (n) => n))',
    [/^200 15/, /RINGCALL_FALLBACK/, /allow io_uring_setup/, /pass engine: 'node'/], 'refused'],
  ['there is no binary, and io_uring is wanted', "serverListen({ port: 0, engine: 'io_uring' }, (n) => n)",
    [/ERR_IO_URING_UNAVAILABLE/, /npx ringcall build/], 'no binary'],
  ['there is no binary', 'ask(serverListen(0, (n) => n))',
    [/^200 15/, /RINGCALL_FALLBACK/, /npx ringcall build/], 'no binary']
]

module.exports = { MISTAKES, SOURCE }
