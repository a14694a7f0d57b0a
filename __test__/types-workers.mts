// Compiled, never run, like types.ts: servers of a module, which workers run.

import { subscribe } from 'node:diagnostics_channel'
import { SHARE_ENV } from 'node:worker_threads'
import {
  serverListen,
  type FailedCall, type ModuleOptions, type WorkerExitMessage, type WorkerStats, type WorkerThreadOptions
} from 'ringcall'

function same<A,>() {
  return <B,>(..._: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]) => {}
}

const url = new URL('./functions.js', import.meta.url)
serverListen(8000, url)
serverListen(8000, './functions.js')
serverListen({}, url)
serverListen({ port: 0, workers: 4 }, url)
serverListen({ workers: 'auto', bigint: true, ringThreads: 2 }, url)
serverListen({ workers: undefined, workerOptions: undefined, only: undefined }, url)
serverListen({ workers: 2, only: ['sum'] }, './sum.wasm')
serverListen({
  workers: 4,
  onError: (error, call) => same<typeof call>()<FailedCall | number | bigint | undefined>()
}, url)
serverListen({
  onError(error, call) {
    const what = typeof call === 'object' ? call.function : call
    same<typeof what>()<string | number | bigint | undefined>()
  }
}, url)

const workerOptions = {
  env: { ...process.env, A: 'a' },
  argv: ['a'],
  execArgv: ['--import', 'tsx'],
  resourceLimits: { maxOldGenerationSizeMb: 512, stackSizeMb: 4 },
  workerData: { a: 1 },
  loadTimeout: 5000
} satisfies WorkerThreadOptions
serverListen({ workerOptions }, url)
serverListen({ workerOptions: { env: SHARE_ENV } }, url)
const options: ModuleOptions = { port: 0, workers: Math.random() < 0.5 ? 'auto' : 4, workerOptions }
const server = serverListen(options, url)

same<Promise<void>>()<ReturnType<typeof server.reload>>()
const { workers } = server.stats()
same<WorkerStats[] | undefined>()<typeof workers>()
for (const { state, threadId, calls, restarts, heapUsed } of workers ?? []) {
  same<typeof state>()<'starting' | 'idle' | 'busy' | 'down'>()
  same<typeof threadId>()<number | null>()
  same<[typeof calls, typeof restarts, typeof heapUsed]>()<[number, number, number]>()
}

subscribe('ringcall:worker-exit', (message) => {
  const { server, threadId, error, exitCode, restartIn } = message as WorkerExitMessage
  console.error(server.url, threadId, error, exitCode?.toFixed(), restartIn?.toFixed())
})

// @ts-expect-error functions that are passed run in their own thread
serverListen({ workers: 4 }, (n: number) => n)
// @ts-expect-error
serverListen({ workers: 4 }, { sum: (a: number, b: number) => a + b })
// @ts-expect-error
serverListen({ workerOptions: {} }, { sum: (a: number, b: number) => a + b })
// @ts-expect-error
serverListen({ workers: 'all' }, url)
// @ts-expect-error
serverListen({ workers: '4' }, url)
// @ts-expect-error
serverListen({ worker: 4 }, url)
// @ts-expect-error
serverListen({ workerOptions: { name: 'a' } }, url)
// @ts-expect-error
serverListen({ workerOptions: { resourceLimits: { heap: 1 } } }, url)
// @ts-expect-error
serverListen({ workerOptions: { loadTimeout: '5s' } }, url)
// @ts-expect-error
serverListen({ port: 0 }, [url])
// @ts-expect-error
server.reload('./other.js')
// @ts-expect-error all functions that are passed are served
serverListen({ only: ['sum'] }, { sum: (a: number, b: number) => a + b })
