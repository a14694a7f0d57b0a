// `ringcall/client`: calls a server's functions from wherever there is fetch. scripts/make-client.js makes client.mjs and
// client.js of this: nothing of Node.js, no dependency, 3 KB at most.
//
// `api.sum(3, 4)` is `POST /sum` with the body `[3,4]`. What neither values nor answers show is asked of the server's
// description, once, and only where it matters: what a Uint8Array or an undefined among the arguments is to become, and
// whether digits in a string are a bigint.

const DESCRIPTION_MS_MAX = 30_000

// What ends the calls that wait, by the signals that they have. Node.js warns of a signal with many listeners, so each
// has one. AbortSignal.any would do, but leaks there.
const stopsBySignal = new WeakMap()

const tagOf = (value) => value?.[Symbol.toStringTag]
// Of any realm.
const isBytes = (value) => tagOf(value) === 'Uint8Array'
const isDigits = (value) => typeof value === 'string' && /^-?\d+$/.test(value)
const base64Of = (bytes) => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''))

// An answer that is none of a function's values.
export class CallError extends Error {
  constructor({ status, statusText, headers }, { detail, code, errors = [], body }) {
    super(detail ?? `${status} ${statusText}`)
    Object.assign(this, { status, code, errors, headers, body })
  }

  get name() {
    return 'CallError'
  }
}

export function client(url, options) {
  const base = `${url}`.replace(/\/*$/, '/')
  // A promise of the description's paths. Calls share it, and one that could not be read is forgotten.
  let described

  const createClient = (own) => {
    const { headers, openapi, signal = new AbortController().signal, timeout } = own
    const stops = stopsOf(signal)
    // Of several options of a name the last one counts, but header fields add up.
    const derived = (more) => createClient({ ...own, ...more, headers: [...headers, more?.headers] })

    // A call ends as soon as the signal or the time says so, whatever it waits for then.
    const caller = (name) => (...values) => new Promise((resolve, reject) => {
      const controller = new AbortController()
      const stop = (reason) => {
        reject(reason)
        controller.abort(reason)
      }
      const expire = () => stop(new DOMException(`No answer in ${timeout} ms.`, 'TimeoutError'))
      const timer = timeout && setTimeout(expire, timeout)
      stops.add(stop)
      if (signal.aborted) stop(signal.reason)
      const post = (kind, body) => send(name, controller.signal, kind, body)
      ask(values, post, () => signatureOf(`/${name}`)).then(resolve, reject).finally(() => {
        clearTimeout(timer)
        stops.delete(stop)
      })
    })

    // The server may have learnt of a function since its description was read.
    const signatureOf = async (path) => {
      const before = described
      let paths = openapi?.paths ?? await readPaths()
      if (before && !paths[path]) {
        if (described === before) described = undefined
        paths = await readPaths()
      }
      return parse(paths[path])
    }

    const readPaths = () => (described ??= send('openapi.json', AbortSignal.timeout(DESCRIPTION_MS_MAX))
      .then(({ paths }) => Object.keys(paths) && paths)
      .catch((cause) => {
        described = undefined
        throw new Error(`This call needs ${base}openapi.json, or the option openapi.`, { cause })
      }))

    // The value that an answer has.
    const send = async (path, signal, kind, body) => {
      const all = new Headers(body && { 'content-type': `application/${kind}` })
      for (const each of headers) {
        new Headers(typeof each === 'function' ? await each() : each).forEach((value, name) => all.set(name, value))
      }
      const method = kind ? 'POST' : 'GET'
      const response = await (own.fetch ?? fetch)(base + path, { method, headers: [...all], body, signal })
      const type = response.headers.get('content-type')
      const isJson = /[/+]json\b/.test(type)
      const isText = isJson || /^text\//.test(type)
      const answer = isText ? await response.text() : new Uint8Array(await response.arrayBuffer())
      if (!response.ok) {
        throw new CallError(response, /problem\+json/.test(type) ? JSON.parse(answer) : { body: answer })
      }
      return [204, 205].includes(response.status) ? undefined : isJson ? parseJson(answer) : answer
    }

    return new Proxy(caller(''), {
      get(_, key) {
        if (key === 'with') return derived
        // `await` looks for `then`, JSON.stringify for `toJSON`, and others for symbols.
        return /^(?!(then|toJSON)$)[\w$]+$/.test(String(key)) ? caller(key) : undefined
      }
    })
  }

  return createClient({ headers: [] }).with(options)
}

function stopsOf(signal) {
  let stops = stopsBySignal.get(signal)
  if (!stops) {
    stopsBySignal.set(signal, stops = new Set())
    signal.addEventListener('abort', () => stops.forEach((stop) => stop(signal.reason)))
  }
  return stops
}

async function ask(values, post, signature) {
  values.length = values.findLastIndex((each) => each !== undefined) + 1
  const isUnclear = values.some((each) => each === undefined || isBytes(each))
  const [declared] = isUnclear ? await signature() : [[]]
  const isRaw = declared.length === 1 && declared[0][1] === 'bytes'
  const value = await (isRaw ? post('octet-stream', values[0]) : post('json', textOf(values, declared)))
  // Digits are a bigint, or a string that happens to be.
  const isArray = Array.isArray(value)
  if (!(isArray ? value[0] && value.every(isDigits) : isDigits(value))) return value
  const [, result] = await signature()
  if (!/^(int64|bigint)(\[])?$/.test(result)) return value
  return isArray ? value.map(BigInt) : BigInt(value)
}

// Nothing where there are no arguments, as a function of bytes would take `[]` for its bytes.
function textOf(values, declared) {
  const encoded = values.map((value, i) => (isBytes(value) && declared[i]?.[1] === 'bytes' ? base64Of(value) : value))
  // In an array no place can be left out, and in an object those whose names are declared.
  const isByName = values.includes(undefined) && values.length <= declared.length
  const all = isByName ? Object.fromEntries(declared.map(([name], i) => [name, encoded[i]])) : encoded
  return values.length > 0 ? JSON.stringify(all, checked) : undefined
}

// The arguments but for header fields, each with its name and type, and the type of the result, of a path of the
// description, where a signature is '(a: int, b?: string) => json'; nothing where the function is not declared.
function parse(path) {
  const parts = (path?.post['x-signature'] ?? '').slice(1).split(/, |\) => /)
  const result = parts.pop()
  return [parts.map((each) => each.split(/\??: /)).filter(([, type]) => type && type !== 'header'), result]
}

// A function that is not declared gives a bigint as bare digits, which are rounded where no number prints as they do.
function parseJson(text) {
  const value = JSON.parse(text)
  return typeof value === 'number' && isDigits(text) && `${value}` !== text ? BigInt(text) : value
}

// Refuses what JSON would make null or an empty object of.
function checked(key, value) {
  if (ArrayBuffer.isView(value)) return [...value]
  const type = typeof value
  if (type === 'bigint') return `${value}`
  const lost =
    type === 'number' ? !isFinite(value) && `${value}`
    : type === 'object' ? tagOf(value)
    : Array.isArray(this) && /^(f|sy|u)/.test(type) && type
  if (lost) throw new TypeError(`${key}: JSON has no ${lost}.`)
  return value
}

