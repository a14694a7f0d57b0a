// `ringcall/client`: calls a server's functions from any runtime with fetch. scripts/make-client.js makes client.mjs
// and client.js of this file: no Node.js APIs, no dependencies, at most 3 KB.
//
// `api.sum(3, 4)` is `POST /sum` with the body `[3,4]`. What neither the values nor the answer show is looked up in the
// server's description, once and only if it matters: how a Uint8Array or an undefined argument is sent, and whether a
// string of digits is a bigint.

const DESCRIPTION_MS_MAX = 30_000

// The functions that end pending calls, by signal. Node.js warns of a signal with many listeners, so each signal has
// one, while it has calls: Node.js keeps a composite signal that has a listener. AbortSignal.any would do the same, but
// leaks in Node.js.
const stopsBySignal = new WeakMap()

// Short names for the minifier.
const isArray = Array.isArray
const O = Object
const CONTENT_TYPE = 'content-type'
const tagOf = (value) => value?.[Symbol.toStringTag]
// Works for objects of any realm.
const isBytes = (value) => tagOf(value) === 'Uint8Array'
// Only strings have `trim`.
const isDigits = (value) => /^-?\d+$/.test(value?.trim && value)
// The arguments in a signature such as '(a: int, b?: string) => json', except header fields, each as [, name, type].
const argumentsOf = (signature) => [...signature.matchAll(/([\w$]+)\??: (?!header\b)([^,)]+)/g)]
const refuse = (message) => { throw TypeError(message) }
const base64Of = (bytes) => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''))

// An answer that is not a function's value.
export class CallError extends Error {
  get name() {
    return 'CallError'
  }
}

export function client(url, options) {
  // It may be relative in a page. `localhost:8000` would have the scheme `localhost`.
  if (/^(undefined|[^/]+:[^/])/.test(url)) refuse(`${url} is no http URL.`)
  const base = `${url}`.replace(/\/*$/, '/')
  // The promise of the description's paths. Calls share it. It is discarded if the description cannot be read.
  let described

  const createClient = (own) => {
    // The default signal never aborts.
    const { headers = [], signal = new EventTarget(), timeout = 0, fetch: ownFetch, openapi, ...others } = own
    for (const name in others) refuse(`${name} is no option.`)
    if (!(timeout >= 0)) refuse(`timeout: ${timeout} is not 0 or more.`)
    const stops = stopsBySignal.get(signal) ?? new Set()
    stopsBySignal.set(signal, stops)
    // So that it can be the listener.
    stops.handleEvent = () => stops.forEach((stop) => stop())

    // A call ends as soon as its signal or its timeout says so, whatever it is waiting for.
    const caller = (name) => (...values) => new Promise((resolve, reject) => {
      const controller = new AbortController()
      const stop = (reason = signal.reason) => {
        reject(reason)
        controller.abort(reason)
      }
      const expire = () => stop(new DOMException(`No answer in ${timeout} ms.`, 'TimeoutError'))
      const timer = timeout && timeout < 2 ** 31 && setTimeout(expire, timeout)
      stops.add(stop)
      signal.addEventListener('abort', stops)
      if (signal.aborted) stop()
      call(name, values, controller.signal).then(resolve, reject).finally(() => {
        clearTimeout(timer)
        stops.delete(stop)
        if (!stops.size) signal.removeEventListener('abort', stops)
      })
    })

    const call = async (name, values, signal) => {
      // `includes()` is true if one of the values is undefined.
      values.length = values.findLastIndex((each) => each !== undefined) + 1
      const isUnclear = values.includes() || values.some(isBytes)
      const declared = isUnclear ? argumentsOf(await signatureOf(name)) : []
      const isDeclaredBytes = (i) => declared[i]?.[2] === 'bytes'
      const isRaw = !declared[1] && isDeclaredBytes(0)
      const encoded = values.map((each, i) => (isBytes(each) && isDeclaredBytes(i) ? base64Of(each) : each))
      // An array cannot leave out an argument; an object with declared names can.
      const isByName = declared[values.length - 1] && values.includes()
      const all = isByName ? O.fromEntries(declared.map(([, name], i) => [name, encoded[i]])) : encoded
      // No body, which is undefined, if there are no arguments: a function of bytes would take `[]` for its bytes.
      const body = isRaw || !values.length ? values[0] : JSON.stringify(all, checkedFor(name))
      const value = await send(name, signal, isRaw ? 'octet-stream' : 'json', body)
      // Digits may be a bigint, or a string that happens to be digits.
      const parts = [value].flat()
      const isBig = parts[0] && parts.every(isDigits) && /=> (int64|bigint)(\[|$)/.test(await signatureOf(name))
      if (!isBig) return value
      return isArray(value) ? value.map(BigInt) : BigInt(value)
    }

    // The server may have got new functions since its description was read.
    const signatureOf = async (name, path = '/' + name, before = described) => {
      let paths = openapi?.paths ?? await readPaths()
      if (before && !paths[path]) paths = await readPaths(before)
      return paths[path]?.post['x-signature'] ?? ''
    }

    // Reads the paths if there are none, or none but the old ones.
    const readPaths = (old) => described = described !== old && described ||
      send('openapi.json', AbortSignal.timeout(DESCRIPTION_MS_MAX))
        // Throws if there are no paths.
        .then(({ paths: { ...paths } }) => paths)
        .catch((cause) => {
          described = 0
          throw Error(`Needs ${base}openapi.json or options.openapi.`, { cause })
        })

    // The value in the answer.
    const send = async (
      path, signal, kind, body, all = new Headers(body && { [CONTENT_TYPE]: 'application/' + kind })
    ) => {
      for (const each of headers) {
        const fields = (typeof each === 'function' ? await each() : each) ?? []
        for (const [field, value] of fields[Symbol.iterator] ? fields : O.entries(fields)) {
          if (value != null) all.set(field, value)
        }
      }
      const response = await (ownFetch ?? fetch)(base + path, {
        // GET by default.
        method: kind && 'POST', headers: [...all], body, signal
      })
      const { status, ok, headers: fields } = response
      const type = fields.get(CONTENT_TYPE)
      const isJson = /[/+]json *(;|$)/i.test(type)
      let answer, value, cause
      try {
        answer = isJson || /^text/i.test(type) ? await response.text() : new Uint8Array(await response.arrayBuffer())
        if (/20[45]/.test(status)) return
        value = isJson ? JSON.parse(answer) : answer
        // A bigint of an undeclared function: bare digits that do not print the same as a number.
        if (isDigits(answer) && '' + value !== answer) value = BigInt(answer)
        if (ok) return value
      } catch (error) {
        cause = error
      }
      const { detail, code, errors } = /problem/i.test(type) && value || {}
      const message = detail ?? (ok ? `${cause}` : `${status} ${response.statusText}`)
      throw O.assign(new CallError(message, cause && { cause }), {
        status, code, errors: isArray(errors) ? errors : [], headers: fields, body: answer
      })
    }

    return new Proxy(caller(''), {
      get(_, key) {
        // For each option the last value counts, but header fields add up.
        if (key === 'with') return (more) => createClient({ ...own, ...more, headers: [...headers, more?.headers] })
        // Inspecting a client must not send requests. `await` reads `then`, JSON.stringify reads `toJSON`, and jest
        // reads the others. What every object has, such as `toString`, works here too. Libraries mark their own
        // properties with a _ or a symbol.
        const isName = key.at && /^(?!_|(then|toJSON|asymmetricMatch|hasAttribute)$)[\w$]+$/.test(key) && !(key in {})
        return isName ? caller(key) : {}[key]
      }
    })
  }

  return createClient({}).with(options)
}

// For JSON.stringify, in a call of the function `name`: refuses values that it would write as null or as an empty object.
const checkedFor = (name) => function (key, value) {
  const given = this[key]
  // The toJSON of a Buffer has already run.
  if (isBytes(given)) value = given
  // A typed array.
  if (/Array$/.test(tagOf(value))) return [...value]
  const type = typeof value
  const lost =
    // The difference is NaN if it is not finite.
    type === 'number' ? value - value !== 0 && '' + value
    // A symbol, a function or undefined. In an object these are left out.
    : type !== 'object' ? isArray(this) && /y|un/.test(type) && type
    // The toJSON of an invalid Date returns null.
    : !value ? given && `${given}`
    : tagOf(value) ?? (!isArray(value) && !O.keys(value)[0] && value.constructor?.name)
  if (lost && lost !== 'Object') refuse(`${name}: ${key}: JSON has no ${lost}.`)
  return type === 'bigint' ? '' + value : value
}
