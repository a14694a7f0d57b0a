// `ringcall/client`: calls a server's functions from any runtime with fetch. scripts/make-client.js makes client.mjs
// and client.js of this file: no Node.js APIs, no dependencies, at most 3 KB.
//
// `api.sum(3, 4)` is `POST /sum` with the body `[3,4]`. What neither the values nor the answer show is looked up in the
// server's description, once and only if it matters: how a Uint8Array or an undefined argument is sent, and whether a
// string of digits is a bigint.

const DESCRIPTION_MS_MAX = 30_000

// The functions that end pending calls, by signal. Node.js warns of a signal with many listeners, so each signal has
// one. AbortSignal.any would do the same, but leaks in Node.js.
const stopsBySignal = new WeakMap()

const { isArray } = Array
const tagOf = (value) => value?.[Symbol.toStringTag]
// Works for objects of any realm.
const isBytes = (value) => tagOf(value) === 'Uint8Array'
const isDigits = (value) => typeof value === 'string' && /^-?\d+$/.test(value)
// The arguments in a signature such as '(a: int, b?: string) => json', except header fields, each as [, name, type].
const argumentsOf = (signature) => [...signature.matchAll(/([\w$]+)\??: (?!header\b)([^,)]+)/g)]
const base64Of = (bytes) => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''))

// An answer that is not a function's value.
export class CallError extends Error {
  get name() {
    return 'CallError'
  }
}

export function client(url, options) {
  const base = `${url}`.replace(/\/*$/, '/')
  // The promise of the description's paths. Calls share it. It is discarded if the description cannot be read.
  let described

  const createClient = (own) => {
    // The default signal never aborts.
    const { headers, signal = new EventTarget(), timeout = 0 } = own
    if (!(timeout >= 0)) throw TypeError(`timeout: ${timeout} is not 0 or more.`)
    let stops = stopsBySignal.get(signal)
    if (!stops) {
      stopsBySignal.set(signal, stops = new Set())
      signal.addEventListener('abort', () => stops.forEach((stop) => stop(signal.reason)))
    }

    // A call ends as soon as its signal or its timeout says so, whatever it is waiting for.
    const caller = (name) => (...values) => new Promise((resolve, reject) => {
      const controller = new AbortController()
      const stop = (reason) => {
        reject(reason)
        controller.abort(reason)
      }
      const expire = () => stop(new DOMException(`No answer in ${timeout} ms.`, 'TimeoutError'))
      const timer = timeout && timeout < 2 ** 31 && setTimeout(expire, timeout)
      stops.add(stop)
      if (signal.aborted) stop(signal.reason)
      call(name, values, controller.signal).then(resolve, reject).finally(() => {
        clearTimeout(timer)
        stops.delete(stop)
      })
    })

    const call = async (name, values, signal) => {
      values.length = values.findLastIndex((each) => each !== undefined) + 1
      const isUnclear = values.some((each) => each === undefined || isBytes(each))
      const declared = isUnclear ? argumentsOf(await signatureOf(name)) : []
      const isRaw = !declared[1] && declared[0]?.[2] === 'bytes'
      const encoded = values.map((each, i) => (isBytes(each) && declared[i]?.[2] === 'bytes' ? base64Of(each) : each))
      // An array cannot leave out an argument; an object with declared names can.
      const isByName = declared[values.length - 1] && values.includes(undefined)
      const all = isByName ? Object.fromEntries(declared.map(([, name], i) => [name, encoded[i]])) : encoded
      // No body if there are no arguments: a function of bytes would take `[]` for its bytes.
      const body = isRaw ? values[0] : values.length ? JSON.stringify(all, checked) : undefined
      const value = await send(name, signal, isRaw ? 'octet-stream' : 'json', body)
      // Digits may be a bigint, or a string that happens to be digits.
      const parts = [value].flat()
      const isBig = parts[0] && parts.every(isDigits) && /=> (int64|bigint)(\[|$)/.test(await signatureOf(name))
      if (!isBig) return value
      return isArray(value) ? value.map(BigInt) : BigInt(value)
    }

    // The server may have got new functions since its description was read.
    const signatureOf = async (name) => {
      const path = '/' + name
      const before = described
      let paths = own.openapi?.paths ?? await readPaths()
      if (before && !paths[path]) paths = await readPaths(before)
      return paths[path]?.post['x-signature'] ?? ''
    }

    // Reads the paths if there are none, or none but the old ones.
    const readPaths = (old) => (described && described !== old ? described : described =
      send('openapi.json', AbortSignal.timeout(DESCRIPTION_MS_MAX))
        // Throws if there are no paths.
        .then(({ paths: { ...paths } }) => paths)
        .catch((cause) => {
          described = undefined
          throw Error(`This call needs ${base}openapi.json, or the option openapi.`, { cause })
        }))

    // The value in the answer.
    const send = async (path, signal, kind, body) => {
      const all = new Headers(body && { 'content-type': 'application/' + kind })
      for (const each of headers) {
        const fields = (typeof each === 'function' ? await each() : each) ?? []
        for (const [field, value] of fields[Symbol.iterator] ? fields : Object.entries(fields)) {
          if (value != null) all.set(field, value)
        }
      }
      const response = await (own.fetch ?? fetch)(base + path, {
        method: kind ? 'POST' : 'GET', headers: [...all], body, signal
      })
      const { status } = response
      const type = response.headers.get('content-type')
      const isJson = /[/+]json *(;|$)/i.test(type)
      let answer, value, cause
      try {
        answer = isJson || /^text/i.test(type) ? await response.text() : new Uint8Array(await response.arrayBuffer())
        if (/20[45]/.test(status)) return
        value = isJson ? JSON.parse(answer) : answer
        // A bigint of an undeclared function: bare digits that do not print the same as a number.
        if (isDigits(answer) && '' + value !== answer) value = BigInt(answer)
        if (response.ok) return value
      } catch (error) {
        cause = error
      }
      const { detail, code, errors } = /problem/i.test(type) && value || {}
      const message = detail ?? (response.ok ? `${cause}` : `${status} ${response.statusText}`)
      throw Object.assign(new CallError(message, cause && { cause }), {
        status, code, errors: isArray(errors) ? errors : [], headers: response.headers, body: answer
      })
    }

    return new Proxy(caller(''), {
      get(_, key) {
        // For each option the last value counts, but header fields add up.
        if (key === 'with') return (more) => createClient({ ...own, ...more, headers: [...headers, more?.headers] })
        // Inspecting a client must not send requests. `await` reads `then`, JSON.stringify reads `toJSON`, and jest
        // reads the others. What every object has, such as `toString`, works here too. Libraries mark their own
        // properties with a _ or a symbol.
        const isName = /^(?!_|(then|toJSON|asymmetricMatch|hasAttribute)$)[\w$]+$/.test(String(key)) && !(key in {})
        return isName ? caller(key) : {}[key]
      }
    })
  }

  return createClient({ headers: [] }).with(options)
}

// Refuses values that JSON would write as null or as an empty object.
function checked(key, value) {
  const given = this[key]
  // The toJSON of a Buffer has already run.
  if (isBytes(given)) value = given
  // A DataView has no elements.
  if (ArrayBuffer.isView(value) && value.at) return [...value]
  const type = typeof value
  if (type === 'bigint') return '' + value
  const lost =
    type === 'number' ? !isFinite(value) && '' + value
    // A symbol, a function or undefined. In an object these are left out.
    : type !== 'object' ? isArray(this) && /y|un/.test(type) && type
    // The toJSON of an invalid Date returns null.
    : !value ? given && `${given}`
    : tagOf(value) ?? (!isArray(value) && !Object.keys(value)[0] && value.constructor?.name)
  if (lost && lost !== 'Object') throw TypeError(`${key}: JSON has no ${lost}.`)
  return value
}
