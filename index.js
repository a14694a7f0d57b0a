'use strict'

// The package's entry. The code behind it is in lib/, in layers.
//
// An arrow means "may use". A layer uses only layers below it, and only those that its arrow names. Files of one layer may
// use each other. __test__/layers.test.js compares this picture with every `require`.
//
//   bin        ─▶ cli
//   index      ─▶ server, wasm, functions, answers, probe
//   cli        ─▶ server, workers, options, openapi, functions, events, probe
//   server     ─▶ workers, engines, documents, options, openapi, functions, events
//   workers    ─▶ engines, wasm, functions, events
//   engines    ─▶ calls, functions, answers
//   calls      ─▶ answers
//   documents  ─▶ openapi
//   options    ─▶ wasm, functions
//   openapi    ─▶ functions, answers
//   wasm       ─▶ functions
//   functions  ─▶ answers
//   answers, events, metrics, probe, client ─▶ nothing but the last line
//
//   native, limits, globals, errors, unknown-options ◀─ any of them
//
// - bin, cli: the `ringcall` command.
// - server: `serverListen` and the `Server` that it returns.
// - workers: the threads that load a module and run its functions.
// - engines: HTTP, by the ring threads of the addon or by `node:http`; each engine has its transport to the workers.
// - calls: runs the calls that a thread was given: batches, async contexts, promises.
// - documents: what is served at GET: the description and the page to try functions on.
// - options: checks what `serverListen` was passed, and fills in the defaults.
// - openapi: the description of a table of functions, as an OpenAPI document.
// - wasm: `fromWasm`: the functions of a WebAssembly module, with their types.
// - functions: `typed`, signatures, and the table of functions that a server is started with.
// - answers: values, replies, errors and problems (RFC 9457), as the content of an answer.
// - events: diagnostics channels; metrics: `stats()` for Prometheus; probe: what this machine has for io_uring; client:
//   `ringcall/client`.

const { reply } = require('./lib/answers/reply.js')
const { typed } = require('./lib/functions.js')
const { probe } = require('./lib/probe.js')
const { serverListen } = require('./lib/server.js')
const { fromWasm } = require('./lib/wasm/index.js')

module.exports = { fromWasm, probe, reply, serverListen, typed }
