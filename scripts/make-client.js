'use strict'

// `node scripts/make-client.js` makes client.mjs and client.js from lib/client.mjs, which is written to be read. They
// are kept in the repository, so that it can be used as it is; __test__/client-files.test.js checks that they match.

const { readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const { minify } = require('terser')

const ROOT = path.join(__dirname, '..')
const SOURCE = path.join(ROOT, 'lib', 'client.mjs')

const EXPORTS = /^export (?=(?:class|function) (\w+))/gm

// The minifier changes its options. Names of exports stay, because stack traces show them.
const minified = async (source, reserved, options) => {
  const { code } = await minify(source, {
    ecma: 2022,
    // Unsafe for objects with a `valueOf` in templates, and for getters with side effects: there are none.
    compress: { passes: 3, pure_getters: true, unsafe: true, unsafe_arrows: true },
    mangle: { reserved },
    // Node.js prints the line that has thrown.
    format: { max_line_len: 900 },
    ...options
  })
  return `${code}\n`
}

// The text of each file, by its name.
async function makeClient() {
  const source = readFileSync(SOURCE, 'utf8')
  const names = [...source.matchAll(EXPORTS)].map(([, name]) => name)
  const commonJS = `${source.replace(EXPORTS, '')}\nmodule.exports = { ${names.join(', ')} }\n`
  return {
    'client.mjs': await minified(source, names, { module: true }),
    'client.js': await minified(commonJS, names, { toplevel: true })
  }
}

async function main() {
  for (const [name, text] of Object.entries(await makeClient())) writeFileSync(path.join(ROOT, name), text)
}

if (require.main === module) main()

module.exports = { makeClient }
