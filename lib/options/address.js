'use strict'

// The options `host` and `path`. Values that cannot be valid are refused before any lookup or bind.

const { invalidValue } = require('../errors.js')

function checkHost(host) {
  if (host === undefined) return undefined
  const mistake = mistakeInHost(host)
  if (mistake !== undefined) throw invalidValue('options.host', 'a name or an IP address', host, mistake)
  return host
}

function mistakeInHost(host) {
  if (host.includes('\0')) return 'It has a NUL in it.'
  if (host.includes('*')) return 'To listen on every address, leave it out.'
  if (host.startsWith('/')) return 'The path of a Unix domain socket belongs in `path`.'
  if (host.includes('/')) return 'It must not be a URL: leave out the scheme, and everything after the name.'
  // An IPv6 address has more colons, or is in brackets.
  if (/^([^:]+|\[.*\]):\d*$/.test(host)) return 'The port belongs in `port`.'
}

// The system would end the path at a NUL. A NUL at the beginning means Linux's abstract namespace.
function checkPath(path) {
  if (path === undefined || (!path.includes('\0', 1) && path !== '\0')) return path
  throw invalidValue('options.path', 'a path without a NUL, or an abstract name with one NUL in front', path)
}

module.exports = { checkHost, checkPath }
