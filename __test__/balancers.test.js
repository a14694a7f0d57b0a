'use strict'

// HAProxy and nginx, as deploy/ configures them, in front of three processes that are restarted one after another under
// load: every request is answered, and correctly. A program that is not installed is named in the log, and fails its
// test where CI is set.

const { execFile } = require('node:child_process')
const { randomInt } = require('node:crypto')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const http = require('node:http')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { promisify } = require('node:util')
const test = require('ava').serial // The loads would starve each other.
const { connect, fibonacci, has, root, start } = require('./helpers.js')

const PROCESSES = 3
const PROXY_PORT = 8080

const exec = promisify(execFile)

const balancers = {
  haproxy: {
    file: 'haproxy.cfg',
    check: (file) => ['-c', '-f', file],
    run: (file) => ['-db', '-f', file]
  },
  nginx: {
    file: 'nginx.conf',
    // Its files go into the test's folder, where it may write.
    adapt: (text, path) => text.replace('http {', ['http {', ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${path}/${kind};`)].join('\n')),
    env: { DRAIN_DELAY: '0' },
    check: (file) => ['-t', ...nginx(file)],
    run: nginx
  }
}

function nginx(file) {
  return ['-e', 'stderr', '-c', file, '-g', `daemon off; pid ${file}.pid; error_log stderr;`]
}

// A loopback address of the test's own, so that the ports can be those of the configuration and stay free between the end
// of a process and its next start.
function ownAddress() {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`
}

// Writes deploy's configuration with that address.
function configure(t, { file, adapt = (text) => text }, address) {
  const path = mkdtempSync(join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  const text = readFileSync(join(root, 'deploy', file), 'utf8')
    .replaceAll('127.0.0.1', address)
    .replace(/\b(bind \*:|listen )8080/, (_, word) => `${word.replace('*:', '')}${address}:${PROXY_PORT}`)
  writeFileSync(join(path, file), adapt(text, path))
  return join(path, file)
}

async function startProcess(t, index, address, env) {
  const [PORT, ADMIN_PORT] = [8011 + index, 9011 + index].map(String)
  const child = start(t, ['examples/production.js'], { env: { HOST: address, PORT, ADMIN_PORT, ...env } })
  t.regex(await child.line(), /^listening on /)
  return {
    child,
    // Resolves when the proxy sends requests to it.
    async used() {
      const metrics = async () => (await fetch(`http://${address}:${ADMIN_PORT}/metrics`)).text()
      while (!/^ringcall_requests_total [1-9]/m.test(await metrics())) await delay(50)
    }
  }
}

function post(host, agent, n) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port: PROXY_PORT, agent, method: 'POST', path: `/${n}` }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve([response.statusCode, body])).on('error', reject)
    })
    request.on('error', reject).end()
  })
}

// Clients on connections that are kept, and on fresh ones, until told to stop. No request may fail.
function load(t, host) {
  const agents = [true, false].map((keepAlive) => new http.Agent({ keepAlive, maxSockets: 4 }))
  t.teardown(() => agents.forEach((agent) => agent.destroy()))
  const lost = []
  let answered = 0
  let running = true
  const clients = agents.flatMap((agent) => Array.from({ length: 4 }, async (_, client) => {
    for (let i = client; running; i++) {
      const n = i % 78
      const answer = await post(host, agent, n).catch((error) => [error.code ?? error.message])
      answered++
      if (answer.join() !== `200,${fibonacci(n)}`) lost.push({ n, answer, kept: agent.keepAlive, answered })
    }
  }))
  return async () => {
    running = false
    await Promise.all(clients)
    return { answered, lost }
  }
}

// hey, too, where it is installed: it counts the answers.
function loadByHey(t, host) {
  if (!has(t, 'hey')) return async () => ({})
  const url = `http://${host}:${PROXY_PORT}/15`
  const hey = start(t, ['-z', '10m', '-c', '4', '-q', '100', '-m', 'POST', url], { command: 'hey' })
  return async () => {
    hey.kill('SIGINT')
    const lines = []
    for (;;) {
      const line = await hey.line().catch(() => {})
      if (line === undefined) break
      lines.push(line)
    }
    const report = lines.join('\n')
    const statuses = [...report.matchAll(/\[(\d{3})\]\s+(\d+) responses/g)].map(([, status, count]) => [status, Number(count)])
    return { statuses: Object.fromEntries(statuses), errors: /Error distribution:[^]*/.exec(report)?.[0] }
  }
}

for (const [program, balancer] of Object.entries(balancers)) {
  test(`${program}: a rolling restart of all processes under load loses no request`, async (t) => {
    t.timeout(240_000)
    if (!has(t, program)) return
    const address = ownAddress()
    const file = configure(t, balancer, address)
    const { stdout, stderr } = await exec(program, balancer.check(file))
    t.notRegex(stdout + stderr, /warn|alert|emerg/i)

    const processes = []
    for (let i = 0; i < PROCESSES; i++) processes.push(await startProcess(t, i, address, balancer.env))
    const proxy = start(t, balancer.run(file), { command: program })
    // A master that is killed would leave its workers running.
    t.teardown(() => proxy.kill('SIGTERM') && proxy.exited)
    let ended = false
    proxy.exited.then(() => (ended = true))
    while (!ended && !(await connect(t, { host: address, port: PROXY_PORT }).catch(() => {}))) await delay(5)
    if (ended) return t.fail(JSON.stringify(await proxy.exited))

    const stops = [load(t, address), loadByHey(t, address)]
    await Promise.all(processes.map(({ used }) => used()))
    for (let i = 0; i < PROCESSES; i++) {
      processes[i].child.kill('SIGTERM')
      t.like(await processes[i].child.exited, { code: 0, signal: null, stderr: '' })
      processes[i] = await startProcess(t, i, address, balancer.env)
      await processes[i].used()
    }
    const [{ answered, lost }, { statuses, errors }] = await Promise.all(stops.map((stop) => stop()))
    t.log(`${answered} requests of node:http, ${JSON.stringify(statuses)} of hey`)
    t.deepEqual(lost, [])
    if (statuses) t.deepEqual([Object.keys(statuses), errors], [['200'], undefined])

    for (const { child } of processes) child.kill('SIGTERM')
    for (const { child } of processes) t.like(await child.exited, { code: 0, signal: null })
  })
}
