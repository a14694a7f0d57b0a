'use strict'

// Shared by the tests with others' programs: a folder for their files, and proxies in front of a server.

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { connect, start } = require('./helpers.js')

// A folder with these files, by name, for as long as the test runs.
function folder(t, files = {}) {
  const path = mkdtempSync(join(tmpdir(), 'ringcall-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

// Bodies and answers pass through it whole or, below /unbuffered/, as they arrive.
const nginx = (path, port) => ({
  file: 'nginx.conf',
  text: `
    daemon off; master_process off; pid ${path}/nginx.pid; error_log stderr error;
    events { worker_connections 512; }
    http {
      access_log off;
      client_body_temp_path ${path}/body; proxy_temp_path ${path}/proxy; fastcgi_temp_path ${path}/fastcgi;
      uwsgi_temp_path ${path}/uwsgi; scgi_temp_path ${path}/scgi;
      proxy_http_version 1.1; proxy_set_header Connection "";
      upstream ringcall { server 127.0.0.1:${port}; keepalive 16; }
      server {
        listen unix:${path}/socket;
        location / { proxy_pass http://ringcall; }
        location /unbuffered/ { proxy_pass http://ringcall/; proxy_request_buffering off; proxy_buffering off; }
      }
    }`,
  args: (file) => ['-e', 'stderr', '-p', path, '-c', file],
  prefixes: ['', '/unbuffered']
})

const haproxy = (path, port) => ({
  file: 'haproxy.cfg',
  text: `
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind unix@${path}/socket
  default_backend ringcall
backend ringcall
  server ringcall 127.0.0.1:${port}
`,
  args: (file) => ['-db', '-f', file],
  prefixes: ['']
})

const proxies = { nginx, haproxy }

// Starts the proxy in front of the port. Returns the socket that it listens on, and the path prefixes that it serves.
async function startProxy(t, program, port) {
  const path = folder(t)
  const { file, text, args, prefixes } = proxies[program](path, port)
  writeFileSync(join(path, file), text)
  const proxy = start(t, args(join(path, file)), { command: program })
  const socket = join(path, 'socket')
  let ended = false
  proxy.exited.then(() => (ended = true))
  while (!ended && !(await connect(t, { path: socket }).catch(() => {}))) await delay(5)
  if (ended) throw new Error(JSON.stringify(await proxy.exited))
  return { socket, prefixes }
}

module.exports = { folder, programs: Object.keys(proxies), startProxy }
