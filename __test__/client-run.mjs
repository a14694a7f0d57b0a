// `node client-run.mjs URL`, or by another runtime: checks `ringcall/client` there.

import * as module from '../client.mjs'
import { check } from './client-checks.mjs'

console.log(await check(module, process.argv.at(-1)))
