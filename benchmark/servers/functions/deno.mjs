import announce from '../announce.js'
import web from './web.js'

const { byName, refuse, respondToBody, respondToPath } = web

function answer(request) {
  const { url, method } = request
  if (method !== 'POST') return refuse(405)
  const [, name, a, b, ...rest] = url.slice(url.indexOf('/', 8)).split('/')
  const check = byName.get(name)
  if (!check) return refuse(404)
  if (a === undefined) return respondToBody(request, check)
  return name === 'sum' && b !== undefined && rest.length === 0 ? respondToPath(a, b) : refuse(400)
}

Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: ({ port }) => announce(port) }, answer)
