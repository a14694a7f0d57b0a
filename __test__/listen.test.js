'use strict'

const net = require('node:net')
const { once } = require('node:events')
const { networkInterfaces } = require('node:os')
const test = require('ava')
const { assertRefused, assertServes, fibonacci, post, serve, serverListen, sharingTest, startMain } = require('./helpers.js')

const hasIPv6 = Object.values(networkInterfaces()).flat().some(({ address }) => address === '::1')
const anyAddress = hasIPv6 ? { address: '::', family: 'IPv6' } : { address: '0.0.0.0', family: 'IPv4' }

// A link-local address of any interface, with the interface's name as its zone.
const [linkLocal] = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
  addresses.filter(({ address }) => address.startsWith('fe80:')).map(({ address }) => `${address}%${name}`))

// Runs a test only where there is IPv6, and says so where there is none.
function testIPv6(title, run) {
  test(title, (t) => (hasIPv6 ? run(t) : t.pass(t.log('not run: this machine has no IPv6'))))
}

test('a port alone listens on every address of the machine', async (t) => {
  const server = serverListen(0, fibonacci)
  t.teardown(() => server.close())
  t.true(server.listening)
  t.true(Number.isInteger(server.port) && server.port > 0)
  t.deepEqual(server.address(), { ...anyAddress, port: server.port })
  t.is(server.url, `http://localhost:${server.port}`)
  await assertServes(t, { host: '127.0.0.1', port: server.port })
  if (hasIPv6) await assertServes(t, { host: '::1', port: server.port })
})

test('port 0 is another free port each time', (t) => {
  t.not(serve(t).port, serve(t).port)
})

test('the default port is 8000', async (t) => {
  try {
    const server = serve(t, { port: undefined })
    t.is(server.port, 8000)
    await assertServes(t, server)
  } catch (error) {
    t.like(error, { code: 'EADDRINUSE', port: 8000 }, 'another process has the port')
  }
})

test('an IPv4 address listens on that address alone', async (t) => {
  const server = serve(t, { host: '127.0.0.1' })
  t.deepEqual(server.address(), { address: '127.0.0.1', family: 'IPv4', port: server.port })
  t.is(server.url, `http://127.0.0.1:${server.port}`)
  await assertServes(t, server)
  await assertRefused(t, { host: '127.0.0.2', port: server.port })
})

testIPv6('an IPv6 address listens on that address alone', async (t) => {
  const server = serve(t, { host: '::1' })
  t.deepEqual(server.address(), { address: '::1', family: 'IPv6', port: server.port })
  t.is(server.url, `http://[::1]:${server.port}`)
  await assertServes(t, { host: '::1', port: server.port })
  await assertRefused(t, { host: '127.0.0.1', port: server.port })
})

test('a link-local address keeps its zone', async (t) => {
  if (linkLocal === undefined) return t.pass(t.log('not run: this machine has no link-local IPv6 address'))
  const server = net.createServer().listen(0, linkLocal)
  await once(server, 'listening')
  const { address } = server.address()
  server.close()
  for (const host of [linkLocal, `[${linkLocal}]`]) {
    const server = serve(t, { host })
    t.deepEqual(server.address(), { address, family: 'IPv6', port: server.port })
    t.is(server.url, `http://[${address.replace('%', '%25')}]:${server.port}`)
    await assertServes(t, { host: linkLocal, port: server.port })
    const error = t.throws(() => serve(t, { host, port: server.port }), { code: 'EADDRINUSE' })
    t.is(error.address, linkLocal)
  }
})

test('a link-local address with an unknown zone throws the error that net.Server reports', async (t) => {
  const where = { port: 0, host: 'fe80::1%no-such-zone' }
  const error = t.throws(() => serve(t, where), { instanceOf: Error })
  const theirs = await netListenError(where)
  for (const field of ['code', 'errno', 'syscall', 'address']) t.is(error[field], theirs[field], field)
})

testIPv6('an IPv6 address may be in brackets, but no other host', async (t) => {
  await assertServes(t, { host: '::1', port: serve(t, { host: '[::1]' }).port })
  for (const host of ['[localhost]', '[127.0.0.1]']) {
    t.throws(() => serve(t, { host }), { code: 'ENOTFOUND' }, host)
  }
})

test('0.0.0.0 listens on every IPv4 address', async (t) => {
  const server = serve(t, { host: '0.0.0.0' })
  t.deepEqual(server.address(), { address: '0.0.0.0', family: 'IPv4', port: server.port })
  t.is(server.url, `http://localhost:${server.port}`)
  await assertServes(t, { host: '127.0.0.2', port: server.port })
  if (hasIPv6) await assertRefused(t, { host: '::1', port: server.port })
})

testIPv6(':: listens on every address, IPv4 ones as well', async (t) => {
  const server = serve(t, { host: '::' })
  t.is(server.url, `http://localhost:${server.port}`)
  await assertServes(t, { host: '::1', port: server.port })
  await assertServes(t, { host: '127.0.0.1', port: server.port })
})

testIPv6('ipv6Only leaves the IPv4 port to other servers', async (t) => {
  const server = serve(t, { host: '::', ipv6Only: true })
  await assertRefused(t, { host: '127.0.0.1', port: server.port })
  const other = serve(t, { host: '0.0.0.0', port: server.port }, () => 4)
  t.is((await post(t, { host: '::1', port: server.port }, '/15')).body, '610')
  t.is((await post(t, { host: '127.0.0.1', port: other.port }, '/15')).body, '4')
})

test('a name is resolved', async (t) => {
  const server = serve(t, { host: 'localhost' })
  const { address } = server.address()
  t.regex(address, /^(127\.0\.0\.1|::1)$/)
  await assertServes(t, { host: address, port: server.port })
})

test('the url is what a client needs', async (t) => {
  for (const host of [undefined, '127.0.0.1', 'localhost']) {
    const { url } = serve(t, { host })
    t.is(await (await fetch(`${url}/15`, { method: 'POST' })).text(), '610', url)
  }
})

test('a port in use throws the error that net.Server reports', async (t) => {
  for (const host of ['127.0.0.1', '0.0.0.0', undefined]) {
    const { port } = serve(t, { host })
    const error = t.throws(() => serve(t, { port, host }), { instanceOf: Error, code: 'EADDRINUSE' })
    assertSameError(t, error, await netListenError({ port, host }))
    t.is(error.port, port)
    t.is(error.address, host ?? anyAddress.address)
  }
})

test('a port that is in use for IPv4 alone is in use for every address', async (t) => {
  const { port } = serve(t, { host: '127.0.0.1' })
  t.throws(() => serve(t, { port }), { code: 'EADDRINUSE' })
})

test('a port that a node:net server uses is in use', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address()
  t.throws(() => serve(t, { port, host: '127.0.0.1' }), { code: 'EADDRINUSE' })
})

test('an address that this machine does not have throws the error that net.Server reports', async (t) => {
  const where = { port: 8000, host: '203.0.113.1' }
  const error = t.throws(() => serve(t, where), { instanceOf: Error, code: 'EADDRNOTAVAIL' })
  assertSameError(t, error, await netListenError(where))
})

test('a name that does not resolve throws a lookup error', (t) => {
  const where = { port: 0, host: 'no such host' }
  const error = t.throws(() => serve(t, where), { instanceOf: Error, code: 'ENOTFOUND' })
  t.is(error.syscall, 'getaddrinfo')
  t.true(error.message.includes('no such host'), error.message)
})

test('a port that needs more rights throws the error that net.Server reports', async (t) => {
  const child = startMain(t, async ({ serverListen }) => {
    const { once } = require('node:events')
    const { readFileSync } = require('node:fs')
    const net = require('node:net')
    if (process.getuid() === 0) {
      process.setgroups([])
      process.setgid(65534)
      process.setuid(65534)
    }
    const port = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) - 1
    const refused = (where) => {
      try {
        return serverListen(where, (n) => n).close() && 'listened'
      } catch ({ message, code, errno, syscall, address, port }) {
        return { message, code, errno, syscall, address, port }
      }
    }
    const host = '127.0.0.1'
    const theirs = port > 0 && (await once(net.createServer().listen(port, host), 'error').then(([error]) => error))
    console.log(JSON.stringify({
      port,
      ours: port > 0 && refused({ port, host }),
      theirs: port > 0 && { message: theirs.message, ...theirs },
      path: refused({ path: '/ringcall.sock' })
    }))
  })
  const { port, ours, theirs, path } = JSON.parse(await child.line())
  if (port > 0) {
    t.is(ours.code, 'EACCES')
    assertSameError(t, ours, theirs)
  } else t.log('no port needs rights here: tried with a path only')
  t.like(path, { code: 'EACCES', syscall: 'listen', address: '/ringcall.sock' })
  t.is((await child.exited).code, 0, 'nothing is left that would keep the process alive')
})

test('a refused listen leaves nothing behind', async (t) => {
  const { port } = serve(t, { host: '127.0.0.1' })
  for (let i = 0; i < 100; i++) {
    t.throws(() => serve(t, { port, host: '127.0.0.1' }), { code: 'EADDRINUSE' })
  }
  await assertServes(t, port)
})

sharingTest(test)('with reusePort two servers share a port', async (t) => {
  const one = serve(t, { reusePort: true }, () => 1)
  const two = serve(t, { port: one.port, reusePort: true }, () => 2)
  t.is(two.port, one.port)
  const seen = new Set()
  for (let i = 0; i < 200 && seen.size < 2; i++) seen.add((await post(t, two, '/0')).body)
  t.deepEqual([...seen].sort(), ['1', '2'])
  t.throws(() => serve(t, { port: one.port }), { code: 'EADDRINUSE' }, 'a third one needs reusePort, too')
})

sharingTest(test)('with reusePort the other server goes on when one closes', async (t) => {
  const one = serve(t, { reusePort: true }, () => 1)
  const two = serve(t, { port: one.port, reusePort: true }, () => 2)
  await one.close()
  for (let i = 0; i < 20; i++) t.is((await post(t, two, '/0')).body, '2')
})

// Both errors are the same but for the end of our message, which says what to do.
function assertSameError(t, ours, theirs) {
  for (const field of ['code', 'errno', 'syscall', 'address', 'port']) t.is(ours[field], theirs[field], field)
  t.is(ours.message.slice(0, theirs.message.length + 2), `${theirs.message}. `)
}

async function netListenError(where) {
  const server = net.createServer().listen(where)
  return once(server, 'listening').then(() => server.close(), (error) => error)
}
