// `import` in Node.js: the classes of `require`, so that `instanceof CallError` holds whichever one a program uses.

import shared from './client.js'

export const { CallError, client } = shared
