import type { Server } from './index.js'

/** The labels of a server's samples, by their names. */
type Labels = Record<string, string | number | null | undefined>

/** How the metrics are distinguished from others. */
export interface PrometheusOptions {
  /**
   * Labels of every sample: the same for all servers, or a function that returns those of each. A name consists of letters,
   * digits and underscores and is not one of `engine`, `function`, `le`, `limit`, `state`, `status`, `version` and `worker`; a
   * value may be any text. Labels that are empty, `undefined` or `null` are left out.
   *
   * @default none: a scrape adds `job` and `instance`
   */
  labels?: Labels | ((server: Server, index: number) => Labels) | undefined

  /**
   * The beginning of every metric's name: letters, digits, underscores and colons, not starting with a digit.
   *
   * @default 'ringcall_'
   */
  prefix?: string | undefined
}

/** The `Content-Type` of the result of `prometheus`: that of Prometheus' text exposition format 0.0.4. */
export const contentType: string

/**
 * The counts of one or many servers, in Prometheus' text exposition format 0.0.4, to be served at `/metrics`. Servers with
 * the same labels are added up. docs/metrics.md lists the metrics.
 *
 * @example
 * ```js
 * const { contentType, prometheus } = require('ringcall/metrics')
 * http.createServer((request, response) => {
 *   response.setHeader('Content-Type', contentType).end(prometheus(server))
 * }).listen(8001)
 * ```
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: an argument or option of the wrong type.
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: an option that does not exist.
 * @throws RangeError `ERR_OUT_OF_RANGE`: a prefix or a label's name that Prometheus does not allow, or that is already used.
 */
export function prometheus(servers: Server | readonly Server[], options?: PrometheusOptions): string
