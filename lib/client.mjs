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

const { isArray } = Array
const tagOf = (value) => value?.[Symbol.toStringTag]
// Of any realm.
const isBytes = (value) => tagOf(value) === 'Uint8Array'
const isDigits = (value) => typeof value === 'string' && /^-?\d+$/.test(value)
// Those in a signature such as '(a: int, b?: string) => json', but for header fields: each as [, name, type].
const argumentsOf = (signature) => [...signature.matchAll(/([\w$]+)\??: (?!header\b)([^,)]+)/g)]
const base64Of = (bytes) => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''))

// An answer that is none of a function's values.
export class CallError extends Error {
  get name() {
    return 'CallError'
  }
}

export function client(url, options) {
  const base = `${url}`.replace(/\/*$/, '/')
  // A promise of the description's paths. Calls share it, and one that could not be read is forgotten.
  let described

  const createClient = (own) => {
    // Without a signal there is one that never aborts.
    const { headers, signal = new EventTarget(), timeout = 0 } = own
    if (!(timeout >= 0)) throw TypeError(`timeout: ${timeout} is not 0 or more.`)
    let stops = stopsBySignal.get(signal)
    if (!stops) {
      stopsBySignal.set(signal, stops = new Set())
      signal.addEventListener('abort', () => stops.forEach((stop) => stop(signal.reason)))
    }

    // A call ends as soon as the signal or the time says so, whatever it waits for then.
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
      // In an array no place can be left out, and in an object those whose names are declared.
      const isByName = declared[values.length - 1] && values.includes(undefined)
      const all = isByName ? Object.fromEntries(declared.map(([, name], i) => [name, encoded[i]])) : encoded
      // Nothing where there are no arguments, as a function of bytes would take `[]` for its bytes.
      const body = isRaw ? values[0] : values.length ? JSON.stringify(all, checked) : undefined
      const value = await send(name, signal, isRaw ? 'octet-stream' : 'json', body)
      // Digits are a bigint, or a string that happens to be.
      const parts = [value].flat()
      const isBig = parts[0] && parts.every(isDigits) && /=> (int64|bigint)(\[|$)/.test(await signatureOf(name))
      if (!isBig) return value
      return isArray(value) ? value.map(BigInt) : BigInt(value)
    }

    // The server may have learnt of a function since its description was read.
    const signatureOf = async (name) => {
      const path = '/' + name
      const before = described
      let paths = own.openapi?.paths ?? await readPaths()
      if (before && !paths[path]) paths = await readPaths(before)
      return paths[path]?.post['x-signature'] ?? ''
    }

    // Reads them where there are none, or no others than the old ones.
    const readPaths = (old) => (described && described !== old ? described : described =
      send('openapi.json', AbortSignal.timeout(DESCRIPTION_MS_MAX))
        // Throws where it has none.
        .then(({ paths: { ...paths } }) => paths)
        .catch((cause) => {
          described = undefined
          throw Error(`This call needs ${base}openapi.json, or the option openapi.`, { cause })
        }))

    // The value that an answer has.
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
        // A bigint of a function that is not declared: bare digits, which no number may print as they are.
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
        // Of several options of a name the last one counts, but header fields add up.
        if (key === 'with') return (more) => createClient({ ...own, ...more, headers: [...headers, more?.headers] })
        // Looking at a client must not send. `await` calls `then`, JSON.stringify `toJSON`, and jest the others. What
        // every object has, such as `toString`, is that here, too. Libraries mark what is theirs with a _ or a symbol.
        const isName = /^(?!_|(then|toJSON|asymmetricMatch|hasAttribute)$)[\w$]+$/.test(String(key)) && !(key in {})
        return isName ? caller(key) : {}[key]
      }
    })
  }

  return createClient({ headers: [] }).with(options)
}

// Refuses what JSON would make null or an empty object of.
function checked(key, value) {
  const given = this[key]
  // A Buffer has a toJSON, which has run.
  if (isBytes(given)) value = given
  // A DataView has no elements.
  if (ArrayBuffer.isView(value) && value.at) return [...value]
  const type = typeof value
  if (type === 'bigint') return '' + value
  const lost =
    type === 'number' ? !isFinite(value) && '' + value
    // A symbol, a function or undefined, which is left out of an object.
    : type !== 'object' ? isArray(this) && /y|un/.test(type) && type
    // An invalid Date's toJSON gives null.
    : !value ? given && `${given}`
    : tagOf(value) ?? (!isArray(value) && !Object.keys(value)[0] && value.constructor?.name)
  if (lost && lost !== 'Object') throw TypeError(`${key}: JSON has no ${lost}.`)
  return value
}
