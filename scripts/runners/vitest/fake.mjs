// Everything that can be fake: process.nextTick cannot, because Node's own streams wait for it.
export const FAKE = {
  toFake: [
    'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'queueMicrotask',
    'Date', 'performance', 'hrtime'
  ]
}
