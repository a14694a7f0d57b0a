'use strict'

// A command that is installed globally serves a module that has its own copy of the package.

const path = require('node:path')
const test = require('ava')
const { connect, root, serve } = require('./helpers.js')

// The package, loaded once more.
function anotherCopy() {
  const lib = path.join(root, 'lib') + path.sep
  const loaded = Object.entries(require.cache).filter(([file]) => file.startsWith(lib) || file === path.join(root, 'index.js'))
  for (const [file] of loaded) delete require.cache[file]
  const copy = require(root)
  for (const [file, module] of loaded) require.cache[file] = module
  return copy
}

test('functions that another copy of the package declares are served as declared', async (t) => {
  const { reply, typed } = anotherCopy()
  t.not(typed, require(root).typed)
  const server = serve(t, {}, {
    double: typed('(n: int) => int', (n) => 2 * n),
    made: () => reply({ id: 1 }, { status: 201, headers: { location: '/1' } })
  })
  const client = await connect(t, server)
  t.is((await client.send('/double/4')).body, '8')
  t.is((await client.send('/double/x')).status, 400)
  const made = await client.send('/made')
  t.is(made.status, 201)
  t.is(made.headers.location, '/1')
  t.is(made.body, '{"id":1}')
})
