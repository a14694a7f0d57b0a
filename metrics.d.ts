import type { Server } from './index.js'

/** How the metrics are told apart from others. */
export interface PrometheusOptions {
  /**
   * Labels of every sample: the same for all servers, or a function that gives each its own. A name is made of letters,
   * digits and underscores and is none of `engine`, `function`, `le`, `limit`, `state`, `status`, `version` and `worker`; a
   * value may be any text.
   *
   * @default none: a scrape adds `job` and `instance`
   */
  labels?: Record<string, string | number> | ((server: Server, index: number) => Record<string, string | number>) | undefined

  /**
   * What the name of every metric begins with: letters, digits, underscores and colons, no digit at the start.
   *
   * @default 'ringcall_'
   */
  prefix?: string | undefined
}

/** The `Content-Type` of what `prometheus` returns: that of Prometheus' text exposition format 0.0.4. */
export const contentType: string

/**
 * What one or many servers have counted, in Prometheus' text exposition format 0.0.4, for whatever serves `/metrics`.
 * Servers with the same labels are added up. docs/metrics.md lists the metrics.
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
 * @throws RangeError `ERR_OUT_OF_RANGE`: a prefix or a label's name that Prometheus does not allow, or that is taken.
 */
export function prometheus(servers: Server | readonly Server[], options?: PrometheusOptions): string
